//! Rings as SVG path data.

use super::Outline;

impl Outline {
    /// Path data for an even-odd fill, every coordinate times `scale` ([x, y]); empty without rings. Each ring is a chain of
    /// quadratic curves from middle to middle of its segments with the vertices as control points: smooth at every zoom.
    pub fn path(&self, scale: [f32; 2]) -> String {
        let mut path = String::new();
        let mut vertices = self.vertices.as_chunks::<2>().0;
        for &count in &self.rings {
            let (ring, rest) = vertices.split_at(count as usize);
            let scaled: Vec<_> = ring.iter().map(|&[x, y]| [x * scale[0], y * scale[1]]).collect();
            push_ring(&mut path, &scaled);
            vertices = rest;
        }
        path
    }
}

fn push_ring(path: &mut String, ring: &[[f32; 2]]) {
    let middle = |i: usize| {
        let (from, to) = (ring[i], ring[(i + 1) % ring.len()]);
        [(from[0] + to[0]) / 2.0, (from[1] + to[1]) / 2.0]
    };
    path.push('M');
    push_place(path, middle(ring.len() - 1));
    for (i, &vertex) in ring.iter().enumerate() {
        // One letter does for a chain of curves.
        path.push(if i == 0 { 'Q' } else { ' ' });
        push_place(path, vertex);
        path.push(' ');
        push_place(path, middle(i));
    }
    path.push('Z');
}

fn push_place(path: &mut String, [x, y]: [f32; 2]) {
    push_number(path, x);
    path.push(' ');
    push_number(path, y);
}

/// A number of at most two decimals in its shortest form. Photo coordinates are not negative.
fn push_number(path: &mut String, value: f32) {
    let hundredths = (value * 100.0).round() as u64;
    let (whole, part) = (hundredths / 100, hundredths % 100);
    if whole > 0 || part == 0 {
        path.push_str(&whole.to_string());
    }
    if part > 0 {
        path.push_str(format!(".{part:02}").trim_end_matches('0'));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(value: f32) -> String {
        let mut path = String::new();
        push_number(&mut path, value);
        path
    }

    #[test]
    fn numbers_are_as_short_as_they_can_be() {
        for (value, text) in [
            (0.0, "0"),
            (0.004, "0"),
            (0.5, ".5"),
            (0.05, ".05"),
            (12.0, "12"),
            (12.34, "12.34"),
            (12.304, "12.3"),
            (4099.999, "4100"),
        ] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn no_object_is_no_path() {
        assert_eq!(Outline::default().path([1.0, 1.0]), "");
    }

    #[test]
    fn a_ring_goes_from_middle_to_middle_around_its_vertices() {
        let outline = Outline::of(&[0, 0, 0, 0, 1, 0, 0, 0, 0], 3, 3);
        assert_eq!(
            outline.path([1.0, 2.0]),
            "M1.25 2.5Q1.5 2 1.75 2.5 2 3 1.75 3.5 1.5 4 1.25 3.5 1 3 1.25 2.5Z"
        );
    }

    #[test]
    fn holes_are_rings_of_their_own() {
        let mut mask = [1; 49];
        mask[24] = 0;
        let path = Outline::of(&mask, 7, 7).path([1.0, 1.0]);
        assert_eq!((path.matches('M').count(), path.matches('Z').count()), (2, 2));
    }

    /// Points of the curves of a path with one ring.
    fn sampled(path: &str) -> Vec<[f32; 2]> {
        let numbers: Vec<f32> = path
            .split(['M', 'Q', 'Z', ' '])
            .filter(|text| !text.is_empty())
            .map(|n| n.parse().unwrap())
            .collect();
        let places = numbers.as_chunks::<2>().0;
        let curves = places.windows(3).step_by(2);
        curves
            .flat_map(|curve| {
                [0.0, 0.25, 0.5, 0.75].map(|t: f32| {
                    let weights = [(1.0 - t).powi(2), 2.0 * t * (1.0 - t), t.powi(2)];
                    [0, 1].map(|axis| (0..3).map(|i| weights[i] * curve[i][axis]).sum())
                })
            })
            .collect()
    }

    #[test]
    fn curves_lie_near_the_true_edge() {
        type Norm = fn(f32, f32) -> f32;
        // A disc, and a square that stands on its corner: its edges are as long and straight as edges can be.
        let disc: Norm = f32::hypot;
        let square: Norm = |x, y| (x.abs() + y.abs()) / 2f32.sqrt();
        for (norm, radius) in [(disc, 90.0), (square, 75.0)] {
            let place = |i: usize| ((i % 256) as f32 - 127.5, (i / 256) as f32 - 127.5);
            let inside = |i: usize| u8::from(norm(place(i).0, place(i).1) < radius);
            let mask: Vec<u8> = (0..256 * 256).map(inside).collect();
            let path = Outline::of(&mask, 256, 256).path([1.0, 1.0]);
            for [x, y] in sampled(&path) {
                let away = norm(x - 128.0, y - 128.0) - radius;
                assert!(away.abs() < 1.0, "{x}, {y} lies {away} off the edge");
            }
        }
    }
}
