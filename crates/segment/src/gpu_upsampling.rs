//! The upsampling weights of a photo on the device.

use std::ops::Range;

use maskov_gpu::{Buffer, Gpu, Mark, Unit};
use maskov_kernels::upsample_guide::{GuideBuffers, UpsampleGuide, WINDOW_LEN};
use maskov_kernels::upsample_map::{PaddedMap, upsample_map};
use maskov_kernels::upsample_weights::upsample_weights;

use maskov_progress::Observer;

use crate::error::Result;
use crate::rgb_image::RgbImage;
use crate::settings::MethodSettings;
use crate::solver::step;

/// Bytes of one pixel's weights.
const PIXEL_BYTES: usize = 2 * WINDOW_LEN;

/// A photo's weights on the device: u16, 128 bytes a pixel, in tiles of image rows of at most one binding each.
pub struct GpuUpsampling {
    resolution: usize,
    guide: GuideBuffers,
    /// Of the filter, for a row of pixels.
    samples_of_row: u64,
    rows_per_tile: usize,
    weights: Weights,
}

enum Weights {
    Kept(Vec<(Range<usize>, Buffer)>),
    /// Memory is short: computed anew for every map.
    Recomputed,
}

impl GpuUpsampling {
    /// Computes the weights for maps of `resolution`² tokens, or prepares to where they are not to be kept.
    ///
    /// # Errors
    /// [`SegmentError::Cancelled`], asked between pieces of the image; those of the device.
    pub(crate) async fn new(
        gpu: &Gpu,
        photo: &RgbImage<'_>,
        resolution: usize,
        settings: &MethodSettings,
        observer: &mut dyn Observer,
    ) -> Result<Self> {
        let (width, height) = (photo.width() as usize, photo.height() as usize);
        let samples = settings.samples_per_cell;
        let guide = UpsampleGuide::new(photo.rgb(), width, height, resolution, settings.range_sigma, samples);
        let disc = (2 * guide.x.radius / guide.x.stride + 1) * (2 * guide.y.radius / guide.y.stride + 1);
        let guide = GuideBuffers::upload(gpu, &guide)?;
        let budget = settings.kept_weight_bytes;
        let mut upsampling = Self {
            resolution,
            samples_of_row: (disc * width) as u64,
            rows_per_tile: guide.rows_per_tile(gpu).min(budget / (width * PIXEL_BYTES)).max(1),
            guide,
            weights: Weights::Recomputed,
        };
        if width * height * PIXEL_BYTES <= budget {
            let mut tiles = Vec::new();
            for tile in upsampling.tiles() {
                let weights = upsampling.create_tile(gpu, tile.len())?;
                upsampling.compute(gpu, tile.clone(), &weights, observer).await?;
                tiles.push((tile, weights));
            }
            upsampling.weights = Weights::Kept(tiles);
        }
        Ok(upsampling)
    }

    fn tiles(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        runs(0..self.guide.height, self.rows_per_tile)
    }

    fn create_tile(&self, gpu: &Gpu, rows: usize) -> Result<Buffer> {
        Ok(gpu.create("upsampling weights", rows * self.guide.width * WINDOW_LEN / 2)?)
    }

    async fn compute(
        &self,
        gpu: &Gpu,
        tile: Range<usize>,
        weights: &Buffer,
        observer: &mut dyn Observer,
    ) -> Result<()> {
        let mut pace = gpu.pace(Unit::Samples);
        let mut in_flight: Option<(Mark<'_>, u64)> = None;
        let mut next = tile.start;
        while next < tile.end {
            step(observer, "upsampling weights", next, self.guide.height).await?;
            let count = (pace.amount() / self.samples_of_row).max(1) as usize;
            let rows = next..tile.end.min(next + count);
            next = rows.end;
            let samples = self.samples_of_row * rows.len() as u64;
            let mut pass = gpu.pass();
            pass.label("upsampling weights");
            upsample_weights(&mut pass, &self.guide, tile.clone(), rows, weights)?;
            pass.submit()?;
            if let Some((mark, samples)) = in_flight.replace((gpu.mark(), samples)) {
                mark.reached().await?;
                pace.done(samples);
            }
        }
        Ok(())
    }

    /// A map f32 `[R, R]` at the photo's size, f32 `[height, width]`.
    ///
    /// # Errors
    /// Those of the device.
    pub(crate) async fn upsample(&self, gpu: &Gpu, map: &[f32]) -> Result<Vec<f32>> {
        let map = PaddedMap::new(map, self.resolution).upload(gpu)?;
        let out = gpu.create("upsampled map", self.guide.width * self.guide.height)?;
        let gather = |rows: &Range<usize>, weights: &Buffer| -> Result<()> {
            let mut pass = gpu.pass();
            pass.label("upsampling");
            upsample_map(&mut pass, &map, &self.guide, rows.clone(), weights, &out)?;
            Ok(pass.submit()?)
        };
        match &self.weights {
            Weights::Kept(tiles) => tiles.iter().try_for_each(|(rows, weights)| gather(rows, weights))?,
            Weights::Recomputed => {
                let weights = self.create_tile(gpu, self.rows_per_tile.min(self.guide.height))?;
                for rows in self.tiles() {
                    self.compute(gpu, rows.clone(), &weights, &mut ()).await?;
                    gather(&rows, &weights)?;
                }
            }
        }
        Ok(gpu.read(&out).await?)
    }
}

/// A range in runs of at most `len`.
fn runs(range: Range<usize>, len: usize) -> impl Iterator<Item = Range<usize>> {
    let end = range.end;
    range.step_by(len).map(move |start| start..(start + len).min(end))
}
