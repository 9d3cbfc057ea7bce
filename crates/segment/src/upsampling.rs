//! The upsampling weights of a photo on the CPU.

use maskov_kernels::upsample_map::{PaddedMap, upsample_direct_cpu, upsample_map_cpu};
use maskov_kernels::upsample_weights::{UpsampleAxis, UpsampleGuide, WINDOW_LEN};

use maskov_progress::Observer;

use crate::error::Result;
use crate::rgb_image::RgbImage;
use crate::settings::MethodSettings;
use crate::solver::step;
use crate::weight_rows::WeightRows;
use maskov_parallel::for_each_run;

/// Image rows of one piece of work.
const ROWS_PER_RUN: usize = 8;

/// A photo's weights: u16 `[height, width, 8, 8]`, 128 bytes a pixel.
#[derive(Clone, Debug)]
pub struct Upsampling {
    resolution: usize,
    x: UpsampleAxis,
    y: UpsampleAxis,
    weights: Vec<u16>,
}

impl Upsampling {
    /// Computes the weights for maps of `resolution`² tokens.
    ///
    /// With `samples_per_cell` the disc is thinned out: see [`MethodSettings`].
    ///
    /// # Errors
    /// [`SegmentError::Cancelled`](crate::SegmentError::Cancelled), asked between pieces of the image.
    pub async fn new(
        photo: &RgbImage<'_>,
        resolution: usize,
        settings: &MethodSettings,
        observer: &mut dyn Observer,
    ) -> Result<Self> {
        let (width, height) = (photo.width() as usize, photo.height() as usize);
        let guide = UpsampleGuide::new(
            photo.rgb(),
            width,
            height,
            resolution,
            settings.range_sigma,
            settings.samples_per_cell,
        );
        let fast = WeightRows::new(&guide);
        let row_len = width * WINDOW_LEN;
        let mut weights = vec![0u16; row_len * height];
        let piece_rows = 64;
        for (piece, weights) in weights.chunks_mut(row_len * piece_rows).enumerate() {
            step(observer, "upsampling weights", piece, height.div_ceil(piece_rows)).await?;
            for_each_run(weights, row_len * ROWS_PER_RUN, |first, weights| {
                let first_row = piece * piece_rows + first / row_len;
                fast.weights(first_row..first_row + weights.len() / row_len, weights);
            });
        }
        Ok(Self { resolution, x: guide.x, y: guide.y, weights })
    }

    /// A map f32 `[R, R]` at the photo's size, f32 `[height, width]`.
    ///
    /// # Panics
    /// When the map is not `[R, R]`.
    pub fn upsample(&self, map: &[f32]) -> Vec<f32> {
        let width = self.x.origin.len();
        let padded = PaddedMap::new(map, self.resolution);
        let mut out = vec![0.0; width * self.y.origin.len()];
        for_each_run(&mut out, width * ROWS_PER_RUN, |first, out| {
            let weights = &self.weights[first * WINDOW_LEN..(first + out.len()) * WINDOW_LEN];
            let rows = first / width..(first + out.len()) / width;
            upsample_map_cpu(&padded, &self.x, &self.y, weights, rows, out);
        });
        out
    }
}

/// A map at the photo's size by the formula itself in f32, every sample taken: slow, for verification.
///
/// # Panics
/// When the map is not `[resolution, resolution]`.
pub fn upsample_direct(photo: &RgbImage<'_>, map: &[f32], resolution: usize, range_sigma: f32) -> Vec<f32> {
    let (width, height) = (photo.width() as usize, photo.height() as usize);
    upsample_direct_cpu(map, resolution, photo.rgb(), width, height, range_sigma)
}
