//! A mask's edge as closed rings: what the page draws, sharp at every size, in place of the mask's pixels.
//!
//! Rings go through the middles of the pixel edges between object and background, which is the level set of the mask at
//! one half up to a quarter pixel, and then each vertex moves to the mean of itself and its neighbours. Where only the
//! corners of two object pixels touch, the rings keep them apart. As a path, a ring is drawn in curves.

mod path;

/// Vertices whose removal moves the ring by less than this, in photo pixels, are dropped.
const TOLERANCE_PX: f32 = 0.1;

/// Closed rings around the object and its holes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outline {
    /// x, y of every vertex, in photo pixels: the photo's corner is 0, 0.
    pub vertices: Vec<f32>,
    /// Number of vertices of each ring, in order.
    pub rings: Vec<u32>,
}

/// Direction of travel along a pixel edge; the object lies to the right.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Heading {
    East,
    South,
    West,
    North,
}

use Heading::{East, North, South, West};

impl Outline {
    /// The rings of `mask`, u8 `[height, width]`, where anything but 0 is the object. Beyond the photo is background.
    ///
    /// # Panics
    /// When `mask` is shorter than `width · height`.
    pub fn of(mask: &[u8], width: usize, height: usize) -> Self {
        let grid = Grid { mask, width, height };
        // Every ring has an edge heading east: an object pixel below a background pixel.
        let mut is_done = vec![false; width * height];
        let mut outline = Self::default();
        for y in 0..height {
            for x in 0..width {
                if !is_done[y * width + x] && grid.is_top_edge(x, y) {
                    let ring = grid.follow(x, y, &mut is_done);
                    outline.push(&simplified(&smoothed(&ring)));
                }
            }
        }
        outline
    }

    fn push(&mut self, ring: &[[f32; 2]]) {
        self.vertices.extend(ring.iter().flatten());
        self.rings.push(ring.len() as u32);
    }
}

struct Grid<'a> {
    mask: &'a [u8],
    width: usize,
    height: usize,
}

impl Grid<'_> {
    fn is_object(&self, x: isize, y: isize) -> bool {
        let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else {
            return false;
        };
        x < self.width && y < self.height && self.mask[y * self.width + x] != 0
    }

    fn is_top_edge(&self, x: usize, y: usize) -> bool {
        let (x, y) = (x as isize, y as isize);
        self.is_object(x, y) && !self.is_object(x, y - 1)
    }

    /// The middles of the edges of the ring that passes above pixel x, y, object on the right; marks its edges that
    /// head east as done.
    fn follow(&self, x: usize, y: usize, is_done: &mut [bool]) -> Vec<[f32; 2]> {
        let start = (x as isize, y as isize, East);
        let (mut corner_x, mut corner_y, mut heading) = start;
        let mut middles = Vec::new();
        loop {
            if heading == East {
                is_done[corner_y as usize * self.width + corner_x as usize] = true;
            }
            let (dx, dy) = step(heading);
            middles.push([corner_x as f32 + dx as f32 / 2.0, corner_y as f32 + dy as f32 / 2.0]);
            (corner_x, corner_y) = (corner_x + dx, corner_y + dy);
            heading = self.turn(corner_x, corner_y, heading);
            if (corner_x, corner_y, heading) == start {
                return middles;
            }
        }
    }

    /// Where the ring goes on at a corner: right where the object ends (corners that touch are kept apart), else straight
    /// on, else left.
    fn turn(&self, x: isize, y: isize, heading: Heading) -> Heading {
        // The pixels ahead of the corner, right and left of the direction of travel.
        let (right, left) = match heading {
            East => (self.is_object(x, y), self.is_object(x, y - 1)),
            South => (self.is_object(x - 1, y), self.is_object(x, y)),
            West => (self.is_object(x - 1, y - 1), self.is_object(x - 1, y)),
            North => (self.is_object(x, y - 1), self.is_object(x - 1, y - 1)),
        };
        match (right, left) {
            (false, _) => right_of(heading),
            (true, false) => heading,
            (true, true) => left_of(heading),
        }
    }
}

fn step(heading: Heading) -> (isize, isize) {
    match heading {
        East => (1, 0),
        South => (0, 1),
        West => (-1, 0),
        North => (0, -1),
    }
}

fn right_of(heading: Heading) -> Heading {
    match heading {
        East => South,
        South => West,
        West => North,
        North => East,
    }
}

fn left_of(heading: Heading) -> Heading {
    right_of(right_of(right_of(heading)))
}

/// Each vertex as the weighted mean of itself and its neighbours (1, 2, 1), twice: staircases become lines.
fn smoothed(ring: &[[f32; 2]]) -> Vec<[f32; 2]> {
    let once = |ring: &[[f32; 2]]| -> Vec<[f32; 2]> {
        let count = ring.len();
        let mean = |i: usize, axis: usize| {
            let (before, after) = (ring[(i + count - 1) % count][axis], ring[(i + 1) % count][axis]);
            before / 4.0 + ring[i][axis] / 2.0 + after / 4.0
        };
        (0..count).map(|i| [mean(i, 0), mean(i, 1)]).collect()
    };
    // A ring of four around one pixel would shrink to nothing that can be seen.
    if ring.len() < 8 { ring.to_vec() } else { once(&once(ring)) }
}

/// The ring without the vertices that lie on the line between the last one kept and the next one.
fn simplified(ring: &[[f32; 2]]) -> Vec<[f32; 2]> {
    let mut kept = vec![ring[0]];
    let mut skipped: Vec<[f32; 2]> = Vec::new();
    for pair in ring[1..].windows(2) {
        let [vertex, next] = [pair[0], pair[1]];
        let last = kept[kept.len() - 1];
        skipped.push(vertex);
        // Runs are bounded: a long straight edge costs no square of its length, and a curve between the middles of two long
        // segments would leave the vertex between them.
        let fits = skipped.len() < 16 && skipped.iter().all(|&at| distance(at, last, next) < TOLERANCE_PX);
        if !fits {
            kept.push(vertex);
            skipped.clear();
        }
    }
    kept.extend(ring.last().filter(|_| ring.len() > 1));
    kept
}

/// Distance of a point from the line through two others.
fn distance(at: [f32; 2], from: [f32; 2], to: [f32; 2]) -> f32 {
    let (dx, dy) = (to[0] - from[0], to[1] - from[1]);
    let length = dx.hypot(dy).max(f32::MIN_POSITIVE);
    (dx * (at[1] - from[1]) - dy * (at[0] - from[0])).abs() / length
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Signed area of all rings: holes run the other way round and count against.
    fn area(outline: &Outline) -> f32 {
        let mut vertices = outline.vertices.as_chunks::<2>().0;
        let mut doubled = 0.0;
        for &count in &outline.rings {
            let (ring, rest) = vertices.split_at(count as usize);
            doubled += (0..ring.len())
                .map(|i| (ring[i], ring[(i + 1) % ring.len()]))
                .map(|([ax, ay], [bx, by])| ax * by - bx * ay)
                .sum::<f32>();
            vertices = rest;
        }
        doubled / 2.0
    }

    fn disc(size: usize, radius: f32, hole: f32) -> Vec<u8> {
        let middle = size as f32 / 2.0;
        let inside = |i: usize| {
            let away = (i as f32 % size as f32 + 0.5 - middle).hypot((i / size) as f32 + 0.5 - middle);
            u8::from(away < radius && away >= hole)
        };
        (0..size * size).map(inside).collect()
    }

    #[test]
    fn no_object_has_no_ring() {
        assert_eq!(Outline::of(&[0; 6], 3, 2), Outline::default());
    }

    #[test]
    fn one_pixel_is_a_diamond_around_its_middle() {
        let outline = Outline::of(&[0, 0, 0, 0, 7, 0, 0, 0, 0], 3, 3);
        assert_eq!(outline.rings, [4]);
        assert_eq!(outline.vertices, [1.5, 1.0, 2.0, 1.5, 1.5, 2.0, 1.0, 1.5]);
    }

    #[test]
    fn rings_enclose_the_area_of_the_mask() {
        for (radius, hole) in [(20.0, 0.0), (27.3, 9.1), (5.0, 2.0)] {
            let mask = disc(64, radius, hole);
            let pixels = mask.iter().filter(|&&value| value != 0).count() as f32;
            let outline = Outline::of(&mask, 64, 64);
            assert_eq!(outline.rings.len(), if hole > 0.0 { 2 } else { 1 });
            assert!((area(&outline) - pixels).abs() < 0.04 * pixels, "{} for {pixels}", area(&outline));
        }
    }

    #[test]
    fn vertices_lie_near_the_true_edge() {
        let outline = Outline::of(&disc(128, 50.0, 0.0), 128, 128);
        for &[x, y] in outline.vertices.as_chunks::<2>().0 {
            let away = (x - 64.0).hypot(y - 64.0);
            assert!((away - 50.0).abs() < 0.75, "{x}, {y} lies {away} from the middle");
        }
    }

    #[test]
    fn a_full_photo_is_one_ring_along_its_border_with_few_vertices() {
        let outline = Outline::of(&[1; 100 * 50], 100, 50);
        assert_eq!(outline.rings.len(), 1);
        // Each corner is rounded by about a pixel.
        assert!((area(&outline) - 5000.0).abs() < 10.0, "{}", area(&outline));
        assert!(outline.rings[0] < 40, "{}", outline.rings[0]);
    }

    #[test]
    fn pixels_that_touch_by_a_corner_are_two_rings() {
        assert_eq!(Outline::of(&[1, 0, 0, 1], 2, 2).rings, [4, 4]);
        assert_eq!(Outline::of(&[0, 1, 1, 0], 2, 2).rings, [4, 4]);
    }

    #[test]
    fn every_edge_is_followed_exactly_once() {
        let mask: Vec<u8> =
            (0..17 * 13u32).map(|i| u8::from(i.wrapping_mul(2_654_435_761) >> 30 != 0)).collect();
        let grid = Grid { mask: &mask, width: 17, height: 13 };
        let (mut is_done, mut edges) = (vec![false; mask.len()], 0);
        for y in 0..13 {
            for x in 0..17 {
                if !is_done[y * 17 + x] && grid.is_top_edge(x, y) {
                    edges += grid.follow(x, y, &mut is_done).len();
                }
            }
        }
        let object = |x: isize, y: isize| grid.is_object(x, y);
        let across = |x: isize, y: isize| {
            usize::from(object(x, y) != object(x - 1, y)) + usize::from(object(x, y) != object(x, y - 1))
        };
        let wanted: usize =
            (0..=13).flat_map(|y| (0..=17).map(move |x| (x, y))).map(|(x, y)| across(x, y)).sum();
        assert_eq!(edges, wanted);
    }
}
