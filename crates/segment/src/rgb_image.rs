//! The photo: 8-bit RGB, and its smaller copy to solve at.

use std::borrow::Cow;
use std::ops::Range;

use crate::error::{Result, SegmentError};
use maskov_parallel::for_each_run;

/// A photo: u8 RGB `[height, width, 3]`, row-major, at least one pixel.
#[derive(Clone, Debug)]
pub struct RgbImage<'a> {
    width: u32,
    height: u32,
    rgb: Cow<'a, [u8]>,
}

impl<'a> RgbImage<'a> {
    /// A photo over borrowed or owned bytes.
    ///
    /// # Errors
    /// [`SegmentError::PhotoSize`] when a side is 0 or the bytes are not `width·height·3`.
    pub fn new(width: u32, height: u32, rgb: impl Into<Cow<'a, [u8]>>) -> Result<Self> {
        let rgb = rgb.into();
        let wanted = u64::from(width) * u64::from(height) * 3;
        if wanted == 0 || rgb.len() as u64 != wanted {
            return Err(SegmentError::PhotoSize { width, height, len: rgb.len() });
        }
        Ok(Self { width, height, rgb })
    }

    /// Width in pixels.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height in pixels.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// The bytes, `[height, width, 3]`.
    pub fn rgb(&self) -> &[u8] {
        &self.rgb
    }

    /// Number of pixels.
    pub fn len(&self) -> usize {
        self.rgb.len() / 3
    }

    /// Never: a photo has at least one pixel.
    pub fn is_empty(&self) -> bool {
        self.rgb.is_empty()
    }

    /// The photo at a smaller size: each pixel is the mean of the area it covers.
    ///
    /// # Panics
    /// When the new size is 0 or larger than the photo.
    pub fn shrunk(&self, width: u32, height: u32) -> RgbImage<'static> {
        assert!((1..=self.width).contains(&width) && (1..=self.height).contains(&height), "shrinking only");
        let columns = spans(self.width as usize, width as usize);
        let rows = spans(self.height as usize, height as usize);
        let stride = width as usize * 3;
        let mut rgb = vec![0u8; stride * height as usize];
        for_each_run(&mut rgb, stride * 16, |first, run| {
            for (row, out) in run.chunks_exact_mut(stride).enumerate() {
                self.mean_row(&rows[first / stride + row], &columns, out);
            }
        });
        RgbImage { width, height, rgb: rgb.into() }
    }

    fn mean_row(&self, row: &Span, columns: &[Span], out: &mut [u8]) {
        let stride = self.width as usize * 3;
        let mut sums = vec![0.0f32; stride];
        for (y, weight) in row.weights() {
            for (sum, value) in sums.iter_mut().zip(&self.rgb[y * stride..(y + 1) * stride]) {
                *sum += weight * f32::from(*value);
            }
        }
        for (column, out) in columns.iter().zip(out.chunks_exact_mut(3)) {
            for (channel, out) in out.iter_mut().enumerate() {
                let mean: f32 = column.weights().map(|(x, weight)| weight * sums[x * 3 + channel]).sum();
                *out = mean.round() as u8;
            }
        }
    }
}

/// The source pixels under one target pixel.
struct Span {
    pixels: Range<usize>,
    /// Shares of the first and last pixel that are covered; those between are covered whole.
    first: f64,
    last: f64,
    total: f64,
}

impl Span {
    fn weights(&self) -> impl Iterator<Item = (usize, f32)> {
        self.pixels.clone().map(|pixel| {
            let share = if pixel == self.pixels.start {
                self.first
            } else if pixel + 1 == self.pixels.end {
                self.last
            } else {
                1.0
            };
            (pixel, (share / self.total) as f32)
        })
    }
}

/// The spans of `target` pixels over `source` pixels, `target ≤ source`.
fn spans(source: usize, target: usize) -> Vec<Span> {
    let scale = source as f64 / target as f64;
    let span = |pixel: usize| {
        let (start, end) = (pixel as f64 * scale, ((pixel + 1) as f64 * scale).min(source as f64));
        let (first, last) = (start as usize, (end.ceil() as usize).clamp(start as usize + 1, source));
        let first_share = (end.min(first as f64 + 1.0)) - start;
        Span { pixels: first..last, first: first_share, last: end - (last as f64 - 1.0), total: end - start }
    };
    (0..target).map(span).collect()
}

#[cfg(test)]
mod tests {
    use super::{RgbImage, spans};
    use crate::error::SegmentError;

    #[test]
    fn sizes_are_checked() {
        assert!(RgbImage::new(2, 1, vec![0; 6]).is_ok());
        assert!(matches!(RgbImage::new(2, 1, vec![0; 5]), Err(SegmentError::PhotoSize { len: 5, .. })));
        assert!(matches!(RgbImage::new(0, 4, vec![]), Err(SegmentError::PhotoSize { .. })));
    }

    #[test]
    fn the_shares_of_a_span_are_those_of_its_area() {
        for (source, target) in [(5, 2), (7, 7), (10, 3), (4000, 577), (3, 1)] {
            let mut covered = vec![0.0f64; source];
            for span in spans(source, target) {
                let sum: f32 = span.weights().map(|(_, weight)| weight).sum();
                assert!((sum - 1.0).abs() < 1e-5);
                span.weights().for_each(|(pixel, weight)| covered[pixel] += f64::from(weight));
            }
            let each = target as f64 / source as f64;
            assert!(covered.iter().all(|share| (share - each).abs() < 1e-5), "{source} to {target}");
        }
    }

    #[test]
    fn shrinking_averages_areas() {
        let rgb: Vec<u8> = [0u8, 10, 20, 30, 40, 50].iter().flat_map(|&v| [v, v + 1, 255]).collect();
        let photo = RgbImage::new(3, 2, rgb.as_slice()).unwrap();
        assert_eq!(photo.shrunk(1, 1).rgb(), [25, 26, 255]);
        assert_eq!(photo.shrunk(3, 1).rgb(), [15, 16, 255, 25, 26, 255, 35, 36, 255]);
        // 1.5 source pixels to a target pixel: (0 + 10/2)/1.5 = 3.33, (10/2 + 20)/1.5 = 16.67.
        assert_eq!(photo.shrunk(2, 2).rgb()[..6], [3, 4, 255, 17, 18, 255]);
        assert_eq!(photo.shrunk(3, 2).rgb(), photo.rgb());
    }
}
