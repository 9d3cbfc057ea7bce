//! The border of a mask on a larger photo: cut anew on that photo's own pixels, in a band about the border.
//!
//! Away from its border a mask is right at any size. Within the band the gains of the small cut, between its pixels,
//! and the larger photo's contrast decide.

use super::contrast::Contrast;
use super::cut::cut_unknown;
use super::settings::MaskovSettings;
use crate::refine::{border_band, position};
use crate::rgb_image::RgbImage;

/// Small pixels on each side of the border that are cut anew.
const RADIUS: usize = 2;
/// Gains are within this but for the pixels that clicks decide.
const LARGEST_GAIN: f32 = 6.0;

/// A photo that masks of a smaller one are brought to.
pub(crate) struct EdgeBand {
    contrast: Contrast,
    width: u32,
    height: u32,
    /// Width and height of the smaller photo.
    small: (u32, u32),
    smoothness: f32,
}

impl EdgeBand {
    pub fn new(photo: &RgbImage<'_>, small: (u32, u32), settings: &MaskovSettings) -> Self {
        let (width, height) = (photo.width(), photo.height());
        let contrast = Contrast::new(photo, settings.contrast_floor);
        let smoothness = settings.smoothness * width.max(height) as f32 / 320.0;
        Self { contrast, width, height, small, smoothness }
    }

    /// The mask of no points.
    pub fn empty_mask(&self) -> Vec<u8> {
        vec![0; self.contrast.len()]
    }

    /// The mask u8 `[height, width]` of the photo from that of the smaller one and the gains it was cut from.
    pub fn mask(&self, mask: &[u8], gains: &[f32]) -> Vec<u8> {
        let (small_width, small_height) = self.small;
        let band = border_band(mask, small_width as usize, RADIUS);
        let columns: Vec<f32> = (0..self.width).map(|x| position(x, self.width, small_width)).collect();
        let rows: Vec<f32> = (0..self.height).map(|y| position(y, self.height, small_height)).collect();
        let stride = small_width as usize;
        let mut labels = Vec::with_capacity(self.contrast.len());
        for row in &rows {
            let first = row.round() as usize * stride;
            labels.extend(columns.iter().map(|column| {
                let nearest = first + column.round() as usize;
                (!band[nearest]).then(|| mask[nearest])
            }));
        }
        let gain = |pixel: usize| {
            let (column, row) = (columns[pixel % self.width as usize], rows[pixel / self.width as usize]);
            between(gains, self.small, column, row)
        };
        cut_unknown(&self.contrast, self.smoothness, &labels, gain)
    }
}

/// Bilinear, of values clamped to what gains are.
fn between(gains: &[f32], (width, height): (u32, u32), column: f32, row: f32) -> f32 {
    let (x, y) = (column as usize, row as usize);
    let (tx, ty) = (column - x as f32, row - y as f32);
    let (right, below) = ((x + 1).min(width as usize - 1), (y + 1).min(height as usize - 1));
    let at = |x: usize, y: usize| gains[y * width as usize + x].clamp(-LARGEST_GAIN, LARGEST_GAIN);
    let upper = at(x, y) * (1.0 - tx) + at(right, y) * tx;
    let lower = at(x, below) * (1.0 - tx) + at(right, below) * tx;
    upper * (1.0 - ty) + lower * ty
}
