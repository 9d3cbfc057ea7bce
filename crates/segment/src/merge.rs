//! Masks, and the pixels that decide for themselves.

use maskov_kernels::truncated_nearest::{MaskLayer, truncated_nearest_cpu};

use crate::points::PromptPoint;
use maskov_parallel::for_each_run;

/// A mask: u8 `[height, width]` of 0 (background) and 1 (foreground), row-major.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mask {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// One value a pixel, 0 or 1.
    pub pixels: Vec<u8>,
}

impl Mask {
    /// The share of the pixels that is foreground, from 0 to 1.
    pub fn area(&self) -> f32 {
        self.pixels.iter().filter(|&&pixel| pixel != 0).count() as f32 / self.pixels.len() as f32
    }
}

/// Gives clicked pixels their own label; of two points on one pixel the later one decides.
///
/// # Panics
/// When a point lies outside the mask.
pub fn own_clicked_pixels(mask: &mut Mask, points: &[PromptPoint]) {
    for point in points {
        mask.pixels[point.y as usize * mask.width as usize + point.x as usize] = point.foreground.into();
    }
}

/// Truncated nearest neighbour over all layers, u8 `[pixels]`.
pub(crate) fn merge(layers: &[MaskLayer<'_>], pixels: usize) -> Vec<u8> {
    let mut mask = vec![0; pixels];
    for_each_run(&mut mask, 1 << 14, |first, run| truncated_nearest_cpu(layers, first, run));
    mask
}

#[cfg(test)]
mod tests {
    use super::{Mask, own_clicked_pixels};
    use crate::points::PromptPoint;

    #[test]
    fn the_later_of_two_points_on_a_pixel_decides() {
        let mut mask = Mask { width: 2, height: 2, pixels: vec![1, 0, 1, 0] };
        let point = PromptPoint::new;
        own_clicked_pixels(&mut mask, &[point(0, 0, false), point(1, 1, false), point(1, 1, true)]);
        assert_eq!(mask.pixels, [0, 0, 1, 1]);
    }
}
