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
