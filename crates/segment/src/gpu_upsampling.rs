//! The upsampling weights of a photo on the device.

use std::ops::Range;

use maskov_gpu::{Buffer, Gpu};
use maskov_kernels::upsample_guide::{GuideBuffers, UpsampleGuide, WINDOW_LEN};
use maskov_kernels::upsample_map::{PaddedMap, upsample_map};
use maskov_kernels::upsample_weights::upsample_weights;

use crate::error::{Result, SegmentError};
use crate::photo::Photo;
use crate::settings::MethodSettings;
use crate::solver::Cancelled;

/// Samples of the filter's disc in one dispatch: some 50 ms on a weak GPU, well below what drivers wait for.
const SAMPLES_PER_SUBMIT: usize = 1 << 28;

/// A photo's weights on the device: u16, 128 bytes a pixel, in tiles of image rows of at most one binding each.
pub struct GpuUpsampling {
    resolution: usize,
    guide: GuideBuffers,
    tiles: Vec<(Range<usize>, Buffer)>,
}

impl GpuUpsampling {
    /// Computes the weights for maps of `resolution`² tokens.
    ///
    /// # Errors
    /// [`SegmentError::Cancelled`], asked between pieces of the image; those of the device.
    pub(crate) fn new(
        gpu: &Gpu,
        photo: &Photo<'_>,
        resolution: usize,
        settings: &MethodSettings,
        cancelled: Cancelled<'_>,
    ) -> Result<Self> {
        let (width, height) = (photo.width() as usize, photo.height() as usize);
        let samples = settings.samples_per_cell;
        let guide = UpsampleGuide::new(photo.rgb(), width, height, resolution, settings.range_sigma, samples);
        let disc = (2 * guide.x.radius / guide.x.stride + 1) * (2 * guide.y.radius / guide.y.stride + 1);
        let rows_per_submit = (SAMPLES_PER_SUBMIT / (disc * width)).max(1);
        let guide = GuideBuffers::upload(gpu, &guide)?;
        let mut tiles = Vec::new();
        for tile in runs(0..height, guide.rows_per_tile(gpu)) {
            let weights = gpu.create("upsampling weights", tile.len() * width * WINDOW_LEN / 2)?;
            for rows in runs(tile.clone(), rows_per_submit) {
                if cancelled() {
                    return Err(SegmentError::Cancelled);
                }
                let mut pass = gpu.pass();
                pass.label("upsampling weights");
                upsample_weights(&mut pass, &guide, tile.clone(), rows, &weights)?;
                pass.submit()?;
            }
            tiles.push((tile, weights));
        }
        Ok(Self { resolution, guide, tiles })
    }

    /// A map f32 `[R, R]` at the photo's size, f32 `[height, width]`.
    ///
    /// # Errors
    /// Those of the device.
    pub(crate) async fn upsample(&self, gpu: &Gpu, map: &[f32]) -> Result<Vec<f32>> {
        let map = PaddedMap::new(map, self.resolution).upload(gpu)?;
        let out = gpu.create("upsampled map", self.guide.width * self.guide.height)?;
        let mut pass = gpu.pass();
        pass.label("upsampling");
        for (rows, weights) in &self.tiles {
            upsample_map(&mut pass, &map, &self.guide, rows.clone(), weights, &out)?;
        }
        pass.submit()?;
        Ok(gpu.read(&out).await?)
    }
}

/// A range in runs of at most `len`.
fn runs(range: Range<usize>, len: usize) -> impl Iterator<Item = Range<usize>> {
    let end = range.end;
    range.step_by(len).map(move |start| start..(start + len).min(end))
}
