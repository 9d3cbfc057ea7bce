//! The border of a field along the photo's own edges: a minimum cut on the grid of pixels.
//!
//! Over masks y: `argmin −Σ gain(p)·y(p) + smoothness·Σ w(a, b)·|y(a) − y(b)|` (edges of [`Contrast`]).

use super::contrast::Contrast;
use super::max_flow::{MaxFlow, SLOTS};

/// Capacities are whole numbers: steps to 1.
const STEPS: f32 = 256.0;

/// What a pixel gains that a point decides: more than all its edges.
pub(crate) const DECIDED: f32 = 1000.0;

/// The graph of a photo, and the flow of what was solved on it before.
pub(crate) struct PixelCut {
    flow: MaxFlow,
    pixels: usize,
}

impl PixelCut {
    /// The graph at one smoothness.
    pub fn new(contrast: &Contrast, smoothness: f32) -> Self {
        let pixels = contrast.len();
        let mut flow = MaxFlow::new(pixels);
        for pixel in 0..pixels {
            for (place, other, weight) in contrast.edges(pixel) {
                flow.join(pixel, SLOTS / 2 + place, other, steps(smoothness * weight));
            }
        }
        Self { flow, pixels }
    }

    /// The mask of these gains, one a pixel, u8 0 or 1.
    pub fn mask(&mut self, gains: impl Iterator<Item = f32>) -> Vec<u8> {
        for (pixel, gain) in gains.enumerate() {
            self.flow.set_terminal(pixel, steps(gain));
        }
        self.flow.solve();
        (0..self.pixels).map(|pixel| self.flow.is_source_side(pixel).into()).collect()
    }
}

/// A mask cut anew along its border only: `labels` has the pixels that are known, `None` where the cut is to decide, and
/// `gain` what a pixel gains by its index.
pub(crate) fn cut_unknown(
    contrast: &Contrast,
    smoothness: f32,
    labels: &[Option<u8>],
    gain: impl Fn(usize) -> f32,
) -> Vec<u8> {
    let mut nodes = vec![u32::MAX; labels.len()];
    let unknown: Vec<usize> = (0..labels.len()).filter(|&pixel| labels[pixel].is_none()).collect();
    unknown.iter().enumerate().for_each(|(node, &pixel)| nodes[pixel] = node as u32);
    let mut flow = MaxFlow::new(unknown.len());
    let mut gains: Vec<i32> = unknown.iter().map(|&pixel| steps(gain(pixel))).collect();
    let mut towards = |pixel: usize, label: u8, capacity: i32| {
        gains[nodes[pixel] as usize] += if label != 0 { capacity } else { -capacity };
    };
    for pixel in 0..labels.len() {
        // An edge is seen from its first end, which may be known when the second is not.
        if labels[pixel].is_some() && !has_unknown_behind(contrast, labels, pixel) {
            continue;
        }
        for (place, other, weight) in contrast.edges(pixel) {
            let capacity = steps(smoothness * weight);
            match (labels[pixel], labels[other]) {
                (None, None) => {
                    flow.join(nodes[pixel] as usize, SLOTS / 2 + place, nodes[other] as usize, capacity);
                }
                (None, Some(label)) => towards(pixel, label, capacity),
                (Some(label), None) => towards(other, label, capacity),
                (Some(_), Some(_)) => {}
            }
        }
    }
    gains.iter().enumerate().for_each(|(node, &gain)| flow.set_terminal(node, gain));
    flow.solve();
    let label =
        |pixel: usize| labels[pixel].unwrap_or_else(|| flow.is_source_side(nodes[pixel] as usize).into());
    (0..labels.len()).map(label).collect()
}

fn has_unknown_behind(contrast: &Contrast, labels: &[Option<u8>], pixel: usize) -> bool {
    contrast.behind(pixel).any(|other| labels[other].is_none())
}

fn steps(value: f32) -> i32 {
    (value * STEPS).round() as i32
}

#[cfg(test)]
mod tests {
    use super::{PixelCut, cut_unknown};
    use crate::maskov::contrast::Contrast;
    use crate::rgb_image::RgbImage;

    const WIDTH: usize = 24;
    const HEIGHT: usize = 18;

    fn is_object(pixel: usize) -> bool {
        let (x, y) = (pixel % WIDTH, pixel / WIDTH);
        (6..17).contains(&x) && (4..13).contains(&y)
    }

    /// A block on a ground, both noisy.
    fn contrast() -> Contrast {
        let colour = |pixel: usize| {
            let noise = (pixel * 7919 % 11) as u8;
            if is_object(pixel) { [170 + noise, 90, 60] } else { [60, 90 + noise, 140] }
        };
        let rgb: Vec<u8> = (0..WIDTH * HEIGHT).flat_map(colour).collect();
        Contrast::new(&RgbImage::new(WIDTH as u32, HEIGHT as u32, rgb).unwrap(), 0.02)
    }

    /// Above 0 on a disc that does not fit the block.
    fn gain(pixel: usize) -> f32 {
        let (dx, dy) = ((pixel % WIDTH) as f32 - 11.0, (pixel / WIDTH) as f32 - 8.0);
        (1.0 - dx.hypot(dy) / 6.0).clamp(-1.0, 1.0)
    }

    #[test]
    fn a_rough_field_is_cut_at_the_photos_edge() {
        let mask = PixelCut::new(&contrast(), 4.0).mask((0..WIDTH * HEIGHT).map(gain));
        for (pixel, &inside) in mask.iter().enumerate() {
            assert_eq!(inside != 0, is_object(pixel), "pixel {pixel}");
        }
    }

    #[test]
    fn a_graph_of_the_unknown_alone_gives_the_same_cut() {
        let contrast = contrast();
        let whole = PixelCut::new(&contrast, 4.0).mask((0..WIDTH * HEIGHT).map(gain));
        let nothing_known = vec![None; WIDTH * HEIGHT];
        assert_eq!(cut_unknown(&contrast, 4.0, &nothing_known, gain), whole);
        // What is known as it came out leaves the rest as it was.
        for stride in [2, 3, 7] {
            let known = |pixel: usize| (!pixel.is_multiple_of(stride)).then(|| whole[pixel]);
            let labels: Vec<_> = (0..WIDTH * HEIGHT).map(known).collect();
            assert_eq!(cut_unknown(&contrast, 4.0, &labels, gain), whole, "every pixel but each {stride}th");
        }
        let all: Vec<_> = whole.iter().map(|&label| Some(1 - label)).collect();
        let turned: Vec<u8> = whole.iter().map(|&label| 1 - label).collect();
        assert_eq!(cut_unknown(&contrast, 4.0, &all, gain), turned, "what is known is not touched");
    }
}
