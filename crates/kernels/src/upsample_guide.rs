//! Where each pixel of a photo lies on a low-resolution map, and the photo itself: what `upsample_weights` and
//! `upsample_map` are computed from, in memory ([`UpsampleGuide`]) and on the device ([`GuideBuffers`]).

use maskov_gpu::{Buffer, Gpu, Result};

/// Cells along one side of a pixel's window.
pub const WINDOW: usize = 8;

/// Weights of one pixel.
pub const WINDOW_LEN: usize = WINDOW * WINDOW;

/// Where the pixels of one image axis lie on the axis of the low-resolution map.
#[derive(Clone, Debug)]
pub struct UpsampleAxis {
    /// Image pixels in a low-resolution cell.
    pub factor: f64,
    /// Pixels from the centre of the disc to its end.
    pub radius: usize,
    /// Distance of the disc's samples in pixels; 1 is the formula itself.
    pub stride: usize,
    /// The lower of the two cells that bilinear upsampling reads at each pixel.
    pub lower: Vec<u32>,
    /// The share of the upper cell at each pixel.
    pub fraction: Vec<f32>,
    /// The first cell of each pixel's window.
    pub origin: Vec<u32>,
    /// `exp(−½(d/factor)²)` for d = 0..=radius.
    pub spatial: Vec<f32>,
}

impl UpsampleAxis {
    /// An axis of `extent` pixels over `resolution` cells.
    ///
    /// `samples_per_cell` thins the disc out: at most that many samples to a cell on this axis; `None` takes all.
    pub fn new(extent: usize, resolution: usize, samples_per_cell: Option<usize>) -> Self {
        let factor = extent as f64 / resolution as f64;
        let radius = (3.0 * factor).floor() as usize;
        let stride =
            samples_per_cell.map_or(1, |samples| (factor / samples.max(1) as f64).round().max(1.0) as usize);
        let scale = resolution as f32 / extent as f32;
        let source = |pixel: usize| ((pixel as f32 + 0.5) * scale - 0.5).max(0.0);
        let cell = |pixel: usize| (source(pixel) as usize).min(resolution - 1);
        let lower: Vec<u32> = (0..extent).map(|pixel| cell(pixel) as u32).collect();
        let fraction = (0..extent).map(|pixel| source(pixel) - cell(pixel) as f32).collect();
        let last_origin = resolution.saturating_sub(WINDOW) as u32;
        let origin = (0..extent).map(|pixel| lower[pixel.saturating_sub(radius)].min(last_origin)).collect();
        let spatial = (0..=radius).map(|d| (-0.5 * (d as f64 / factor).powi(2)).exp() as f32).collect();
        Self { factor, radius, stride, lower, fraction, origin, spatial }
    }

    /// Offsets of the samples of the disc along this axis, up to `reach` pixels away, for a pixel of this axis.
    fn samples(&self, pixel: usize, reach: usize) -> impl Iterator<Item = usize> {
        let before = reach.min(pixel) / self.stride * self.stride;
        let end = (pixel + reach + 1).min(self.lower.len());
        (pixel - before..end).step_by(self.stride)
    }
}

/// A photo and the geometry of its low-resolution map: what the weights are computed from.
#[derive(Clone, Debug)]
pub struct UpsampleGuide<'a> {
    /// The horizontal axis.
    pub x: UpsampleAxis,
    /// The vertical axis.
    pub y: UpsampleAxis,
    /// The photo, u8 `[height, width, 3]`.
    pub rgb: &'a [u8],
    /// Horizontal reach of the disc for each vertical distance.
    pub reach: Vec<usize>,
    /// `r = exp(range_exponent · squared colour distance)`, the distance in 8-bit steps.
    pub range_exponent: f32,
    /// `r` by the squared colour distance in 8-bit steps.
    range: Vec<f32>,
}

impl<'a> UpsampleGuide<'a> {
    /// The guide of `rgb` (u8 `[height, width, 3]`) for a map of `resolution`² cells and a range σ in [0, 1] colours.
    ///
    /// # Panics
    /// When `rgb` is not `[height, width, 3]` or a size is 0.
    pub fn new(
        rgb: &'a [u8],
        width: usize,
        height: usize,
        resolution: usize,
        range_sigma: f32,
        samples_per_cell: Option<usize>,
    ) -> Self {
        assert!(width > 0 && height > 0 && resolution > 0, "sizes must not be 0");
        assert_eq!(rgb.len(), width * height * 3, "rgb must be [height, width, 3]");
        let x = UpsampleAxis::new(width, resolution, samples_per_cell);
        let y = UpsampleAxis::new(height, resolution, samples_per_cell);
        let reach = (0..=y.radius).map(|dy| disc_reach(x.factor, dy as f64 / y.factor)).collect();
        let range_exponent = range_exponent(range_sigma) as f32;
        Self { x, y, rgb, reach, range_exponent, range: range_weights(range_sigma) }
    }

    /// The weights of one pixel in f32 `[8, 8]`, summing to 1.
    pub fn pixel_weights(&self, px: usize, py: usize) -> [f32; WINDOW_LEN] {
        let width = self.x.lower.len();
        let mut weights = [0.0f32; WINDOW_LEN];
        let centre = self.colour(py * width + px);
        for qy in self.y.samples(py, self.y.radius) {
            let dy = qy.abs_diff(py);
            let row = self.row_weights(px, centre, qy, self.reach[dy]);
            let upper = self.y.fraction[qy] * self.y.spatial[dy];
            let lower = self.y.spatial[dy] - upper;
            let first = window_cell(self.y.lower[qy], self.y.origin[py]);
            let second = (first + 1).min(WINDOW - 1);
            for (cell, weight) in row.into_iter().enumerate() {
                weights[first * WINDOW + cell] += lower * weight;
                weights[second * WINDOW + cell] += upper * weight;
            }
        }
        let sum: f32 = weights.iter().sum();
        weights.map(|weight| weight / sum)
    }

    /// `Σ g(dx)·r` of the disc's samples in image row `qy`, dealt out over the cells of the window's columns.
    fn row_weights(&self, px: usize, centre: [i32; 3], qy: usize, reach: usize) -> [f32; WINDOW] {
        let width = self.x.lower.len();
        let mut row = [0.0f32; WINDOW];
        let (mut cell, mut sum, mut upper_sum) = (0, 0.0f32, 0.0f32);
        for qx in self.x.samples(px, reach) {
            let current = window_cell(self.x.lower[qx], self.x.origin[px]);
            // Samples of one cell are summed in registers: the row is touched once a cell, not once a sample.
            if current != cell {
                row[cell] += sum - upper_sum;
                row[(cell + 1).min(WINDOW - 1)] += upper_sum;
                (cell, sum, upper_sum) = (current, 0.0, 0.0);
            }
            let colour = self.colour(qy * width + qx);
            let squared: i32 = (0..3).map(|channel| (colour[channel] - centre[channel]).pow(2)).sum();
            let weight = self.range[squared as usize] * self.x.spatial[qx.abs_diff(px)];
            sum += weight;
            upper_sum += weight * self.x.fraction[qx];
        }
        row[cell] += sum - upper_sum;
        row[(cell + 1).min(WINDOW - 1)] += upper_sum;
        row
    }

    fn colour(&self, pixel: usize) -> [i32; 3] {
        let rgb = &self.rgb[pixel * 3..pixel * 3 + 3];
        [rgb[0].into(), rgb[1].into(), rgb[2].into()]
    }
}

/// `exp(−½·d²/σ²)` by the squared distance of two 8-bit RGB colours; σ for colours in [0, 1].
pub fn range_weights(sigma: f32) -> Vec<f32> {
    let exponent = range_exponent(sigma);
    (0..=3 * 255 * 255).map(|squared| (f64::from(squared) * exponent).exp() as f32).collect()
}

/// What the squared distance of two 8-bit colours is multiplied by.
fn range_exponent(sigma: f32) -> f64 {
    -0.5 / (f64::from(sigma) * 255.0).powi(2)
}

/// The largest dx with `(dx/factor)² + dy² ≤ 9`, `dy` in cells.
fn disc_reach(factor: f64, dy: f64) -> usize {
    let mut dx = (3.0 * factor).floor();
    while dx > 0.0 && (dx / factor).powi(2) + dy * dy > 9.0 {
        dx -= 1.0;
    }
    dx as usize
}

/// A cell's place in a window. Rounding may put a cell that weighs nothing just outside: it is held inside.
fn window_cell(cell: u32, origin: u32) -> usize {
    (cell.saturating_sub(origin) as usize).min(WINDOW - 1)
}

/// An [`UpsampleGuide`] on the device.
pub struct GuideBuffers {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    pub(crate) photo: Buffer,
    pub(crate) axis_x: Buffer,
    pub(crate) axis_y: Buffer,
    pub(crate) reach: Buffer,
    pub(crate) radius_y: usize,
    pub(crate) strides: [usize; 2],
    pub(crate) factors: [f32; 2],
    pub(crate) range_exponent: f32,
}

impl GuideBuffers {
    /// Uploads a guide: one word per pixel, and three per row and column.
    pub fn upload(gpu: &Gpu, guide: &UpsampleGuide<'_>) -> Result<Self> {
        let photo: Vec<[u8; 4]> =
            guide.rgb.as_chunks::<3>().0.iter().map(|&[red, green, blue]| [red, green, blue, 0]).collect();
        let reach: Vec<u32> = guide.reach.iter().map(|&reach| reach as u32).collect();
        Ok(Self {
            width: guide.x.lower.len(),
            height: guide.y.lower.len(),
            photo: gpu.upload("photo", &photo)?,
            axis_x: gpu.upload("columns of the photo", &axis_words(&guide.x))?,
            axis_y: gpu.upload("rows of the photo", &axis_words(&guide.y))?,
            reach: gpu.upload("filter disc", &reach)?,
            radius_y: guide.y.radius,
            strides: [guide.x.stride, guide.y.stride],
            factors: [guide.x.factor as f32, guide.y.factor as f32],
            range_exponent: guide.range_exponent,
        })
    }

    /// How many image rows of weights fit one binding.
    pub fn rows_per_tile(&self, gpu: &Gpu) -> usize {
        let words = gpu.caps().max_binding_bytes as usize / 4;
        (words / (self.width * WINDOW_LEN / 2)).clamp(1, self.height)
    }
}

/// Must match `struct AxisPixel` in shaders/common/upsample_axis.wgsl.
fn axis_words(axis: &UpsampleAxis) -> Vec<[u32; 3]> {
    let cells = axis.lower.iter().zip(&axis.origin);
    cells
        .zip(&axis.fraction)
        .map(|((&lower, &origin), fraction)| [lower, origin, fraction.to_bits()])
        .collect()
}

#[cfg(test)]
mod tests {
    use maskov_gpu::testing::gpu;

    use super::{GuideBuffers, UpsampleAxis, UpsampleGuide, disc_reach};

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn a_megapixel_of_weights_fits_one_binding_and_more_is_tiled() {
        let gpu = gpu().await;
        for (width, height, rows_per_tile) in [(1024, 1024, 1024), (1024, 1025, 1024), (8, 1, 1)] {
            let rgb = vec![0; width * height * 3];
            let guide = UpsampleGuide::new(&rgb, width, height, 64, 0.1, None);
            let guide = GuideBuffers::upload(&gpu, &guide).expect("fits");
            assert_eq!(guide.rows_per_tile(&gpu), rows_per_tile, "{width}×{height}");
        }
    }

    #[test]
    fn axes_follow_half_pixel_centres() {
        let axis = UpsampleAxis::new(8, 4, None);
        assert_eq!(axis.lower, [0, 0, 0, 1, 1, 2, 2, 3]);
        assert_eq!(axis.fraction, [0.0, 0.25, 0.75, 0.25, 0.75, 0.25, 0.75, 0.25]);
        assert_eq!(axis.radius, 6);
    }

    #[test]
    fn every_sample_of_the_disc_falls_into_the_window() {
        for (extent, resolution) in [(1, 32), (5, 32), (97, 16), (120, 24), (131, 16), (500, 32), (64, 3)] {
            let axis = UpsampleAxis::new(extent, resolution, None);
            for pixel in 0..extent {
                for sample in axis.samples(pixel, axis.radius) {
                    let cell = axis.lower[sample] as i64 - i64::from(axis.origin[pixel]);
                    let upper_weight = axis.fraction[sample];
                    let fits = (0..7).contains(&cell)
                        || (cell == 7
                            && (upper_weight < 1e-4 || axis.lower[sample] as usize == resolution - 1));
                    assert!(fits, "extent {extent}, resolution {resolution}, pixel {pixel}, cell {cell}");
                }
            }
        }
    }

    #[test]
    fn the_disc_includes_its_rim() {
        assert_eq!(disc_reach(5.0, 0.0), 15);
        assert_eq!(disc_reach(5.0, 3.0), 0);
        assert_eq!(disc_reach(0.2, 0.0), 0);
    }

    #[test]
    fn a_stride_keeps_the_pixel_itself() {
        let axis = UpsampleAxis::new(160, 10, Some(4));
        assert_eq!(axis.stride, 4);
        let samples: Vec<usize> = axis.samples(50, 9).collect();
        assert_eq!(samples, [42, 46, 50, 54, 58]);
        assert!(axis.samples(1, 9).any(|sample| sample == 1));
    }
}
