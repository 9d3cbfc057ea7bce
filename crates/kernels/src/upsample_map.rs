//! A low-resolution map at the photo's size, guided by the photo's edges.
//!
//! `out[p] = Σ_k w[p,k]·map[cell(p,k)] / Σ_k w[p,k]` with the 8×8 weights of `upsample_weights`; map f32 `[R, R]`, out f32
//! `[height, width]`. Dividing by the sum of the stored weights keeps constant maps exact whatever the rounding.
//! [`upsample_direct_cpu`] is the same thing without the folding, for verification.

use std::ops::Range;

use bytemuck::{Pod, Zeroable};
use maskov_gpu::{Bind, Buffer, Gpu, Kernel, Pass, Result, groups_1d};

use crate::require;
use crate::upsample_guide::{GuideBuffers, UpsampleAxis, WINDOW, WINDOW_LEN};

/// One invocation per pixel: 64 multiply-adds.
pub static KERNEL: Kernel = Kernel {
    name: "upsample_map",
    wgsl: wgsl!("common/index", "common/upsample_axis", "upsample_map"),
    binds: &[Bind::Uniform, Bind::Read, Bind::Read, Bind::Read, Bind::Read, Bind::ReadWrite],
    workgroup: [64, 1, 1],
};

/// Must match `struct Params` in shaders/upsample_map.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Params {
    side: u32,
    width: u32,
    first_row: u32,
    pixels: u32,
}

/// A [`PaddedMap`] on the device.
pub struct MapBuffer {
    side: usize,
    cells: Buffer,
}

impl PaddedMap {
    /// Uploads the map.
    pub fn upload(&self, gpu: &Gpu) -> Result<MapBuffer> {
        Ok(MapBuffer { side: self.side, cells: gpu.upload("Markov map", &self.cells)? })
    }
}

/// Records the rows `rows` of the upsampled map, a whole tile of weights as `upsample_weights` left them; `out` is the
/// whole image `[height, width]`. Errors: [`GpuError::Shape`](maskov_gpu::GpuError::Shape) where buffers are too short.
pub fn upsample_map(
    pass: &mut Pass<'_>,
    map: &MapBuffer,
    guide: &GuideBuffers,
    rows: Range<usize>,
    weights: &Buffer,
    out: &Buffer,
) -> Result<()> {
    let pixels = rows.len() * guide.width;
    let fits = rows.end <= guide.height
        && weights.len() >= pixels * WINDOW_LEN / 2
        && out.len() >= guide.height * guide.width;
    require(&KERNEL, fits, || {
        format!("weights of {} and out of {} words for rows {rows:?}", weights.len(), out.len())
    })?;
    let params = Params {
        side: map.side as u32,
        width: guide.width as u32,
        first_row: rows.start as u32,
        pixels: pixels as u32,
    };
    let buffers =
        [(&map.cells).into(), (&guide.axis_x).into(), (&guide.axis_y).into(), weights.into(), out.into()];
    pass.dispatch(&KERNEL, &[], &params, &buffers, groups_1d(pixels, KERNEL.workgroup[0]))
}

/// The map with at least 8 cells on each side (edge cells repeated), so that every window lies inside.
#[derive(Clone, Debug)]
pub struct PaddedMap {
    side: usize,
    cells: Vec<f32>,
}

impl PaddedMap {
    /// Pads a map `[resolution, resolution]`.
    ///
    /// # Panics
    /// When `map` is empty or not square of that side.
    pub fn new(map: &[f32], resolution: usize) -> Self {
        assert!(
            resolution > 0 && map.len() == resolution * resolution,
            "the map must be [resolution, resolution]"
        );
        let side = resolution.max(WINDOW);
        let inside = |i: usize| i.min(resolution - 1);
        let cells = (0..side * side).map(|i| map[inside(i / side) * resolution + inside(i % side)]).collect();
        Self { side, cells }
    }
}

/// Whole image rows of the upsampled map: f32 `[rows.len(), width]`.
///
/// `weights` are those of the same rows.
///
/// # Panics
/// When lengths do not fit.
pub fn upsample_map_cpu(
    map: &PaddedMap,
    x: &UpsampleAxis,
    y: &UpsampleAxis,
    weights: &[u16],
    rows: Range<usize>,
    out: &mut [f32],
) {
    let width = x.origin.len();
    assert_eq!(out.len(), rows.len() * width, "out must be [rows, width]");
    assert_eq!(weights.len(), out.len() * WINDOW_LEN, "weights must be [rows, width, 8, 8]");
    let (pixels, _) = weights.as_chunks::<WINDOW_LEN>();
    for ((row, out), weights) in rows.zip(out.chunks_exact_mut(width)).zip(pixels.chunks_exact(width)) {
        let first_row = y.origin[row] as usize * map.side;
        for ((out, weights), origin) in out.iter_mut().zip(weights).zip(&x.origin) {
            *out = window_mean(&map.cells[first_row + *origin as usize..], map.side, weights);
        }
    }
}

/// The weighted mean of the 8×8 window that `cells` starts with.
fn window_mean(cells: &[f32], side: usize, weights: &[u16; WINDOW_LEN]) -> f32 {
    let mut sums = [0.0f32; WINDOW];
    let mut totals = [0.0f32; WINDOW];
    for (row, weights) in weights.as_chunks::<WINDOW>().0.iter().enumerate() {
        let cells = &cells[row * side..row * side + WINDOW];
        for column in 0..WINDOW {
            let weight = f32::from(weights[column]);
            sums[column] += weight * cells[column];
            totals[column] += weight;
        }
    }
    sums.iter().sum::<f32>() / totals.iter().sum::<f32>()
}

/// The formula itself in f32: bilinear upsampling of the whole map, then the joint bilateral filter with every sample.
///
/// Shares no code with the folded form, so that comparing the two proves something. `rgb` is u8 `[height, width, 3]`;
/// the result is f32 `[height, width]`.
///
/// # Panics
/// When lengths do not fit.
pub fn upsample_direct_cpu(
    map: &[f32],
    resolution: usize,
    rgb: &[u8],
    width: usize,
    height: usize,
    range_sigma: f32,
) -> Vec<f32> {
    assert_eq!(map.len(), resolution * resolution, "the map must be [resolution, resolution]");
    assert_eq!(rgb.len(), width * height * 3, "rgb must be [height, width, 3]");
    let bilinear = bilinear_direct(map, resolution, width, height);
    let (fx, fy) = (width as f64 / resolution as f64, height as f64 / resolution as f64);
    let mut disc = Vec::new();
    for dy in -(3.0 * fy) as i64..=(3.0 * fy) as i64 {
        for dx in -(3.0 * fx) as i64..=(3.0 * fx) as i64 {
            let squared = (dx as f64 / fx).powi(2) + (dy as f64 / fy).powi(2);
            if squared <= 9.0 {
                disc.push((dx, dy, (-0.5 * squared) as f32));
            }
        }
    }
    let inverse_variance = 0.5 / (range_sigma * range_sigma);
    let colour_distance = |p: usize, q: usize| -> f32 {
        (0..3).map(|c| (f32::from(rgb[p * 3 + c]) - f32::from(rgb[q * 3 + c])) / 255.0).map(|d| d * d).sum()
    };
    let filtered = |p: usize| {
        let (x, y) = ((p % width) as i64, (p / width) as i64);
        let (mut sum, mut total) = (0.0f64, 0.0f64);
        for &(dx, dy, exponent) in &disc {
            let (qx, qy) = (x + dx, y + dy);
            if qx < 0 || qy < 0 || qx >= width as i64 || qy >= height as i64 {
                continue;
            }
            let q = qy as usize * width + qx as usize;
            let weight = f64::from((exponent - colour_distance(p, q) * inverse_variance).exp());
            sum += weight * f64::from(bilinear[q]);
            total += weight;
        }
        (sum / total) as f32
    };
    (0..width * height).map(filtered).collect()
}

/// Bilinear upsampling with half-pixel centres, edges repeated.
fn bilinear_direct(map: &[f32], resolution: usize, width: usize, height: usize) -> Vec<f32> {
    let source = |pixel: usize, extent: usize| {
        let position = ((pixel as f32 + 0.5) * (resolution as f32 / extent as f32) - 0.5).max(0.0);
        let lower = position as usize;
        (lower, (lower + 1).min(resolution - 1), position - lower as f32)
    };
    let value = |p: usize| {
        let (x0, x1, tx) = source(p % width, width);
        let (y0, y1, ty) = source(p / width, height);
        let row = |y: usize| map[y * resolution + x0] * (1.0 - tx) + map[y * resolution + x1] * tx;
        row(y0) * (1.0 - ty) + row(y1) * ty
    };
    (0..width * height).map(value).collect()
}

#[cfg(test)]
mod tests {
    use maskov_gpu::testing::{Guarded, Seeded, Tolerance, assert_close, gpu};

    use super::upsample_map;
    use crate::upsample_guide::GuideBuffers;
    use crate::upsample_weights::upsample_weights;

    use super::{PaddedMap, upsample_direct_cpu, upsample_map_cpu};
    use crate::upsample_weights::{UpsampleGuide, WINDOW_LEN, upsample_weights_cpu};

    fn folded(map: &[f32], resolution: usize, rgb: &[u8], width: usize, height: usize) -> Vec<f32> {
        let guide = UpsampleGuide::new(rgb, width, height, resolution, 0.1, None);
        let mut weights = vec![0; width * height * WINDOW_LEN];
        upsample_weights_cpu(&guide, 0..height, &mut weights);
        let mut out = vec![f32::NAN; width * height];
        upsample_map_cpu(&PaddedMap::new(map, resolution), &guide.x, &guide.y, &weights, 0..height, &mut out);
        out
    }

    /// A photo with soft shading, one hard edge and noise, so that all three factors of the weights matter.
    fn photo(width: usize, height: usize) -> Vec<u8> {
        let value = |i: usize| {
            let (x, y, channel) = (i / 3 % width, i / 3 / width, i % 3);
            let edge = if 3 * x > width + y { 120 } else { 0 };
            (edge + 2 * y + 10 * channel + (x * 31 + y * 17) % 23) % 256
        };
        (0..width * height * 3).map(|i| value(i) as u8).collect()
    }

    #[test]
    fn the_folded_weights_give_the_direct_formula() {
        for (width, height, resolution) in [
            (1, 1, 4),
            (1, 9, 3),
            (40, 1, 8),
            (33, 21, 8),
            (30, 40, 11),
            (64, 50, 5),
            (7, 9, 16),
            (20, 20, 1),
        ] {
            let rgb = photo(width, height);
            let map: Vec<f32> = (0..resolution * resolution).map(|i| ((i * 61) % 100) as f32).collect();
            let direct = upsample_direct_cpu(&map, resolution, &rgb, width, height, 0.1);
            let folded = folded(&map, resolution, &rgb, width, height);
            // Some 64 roundings of at most 2⁻¹⁷ of the largest weight, on values up to 100.
            for (pixel, (a, b)) in direct.iter().zip(&folded).enumerate() {
                assert!((a - b).abs() < 3e-3, "{width}×{height} R {resolution}, pixel {pixel}: {a} and {b}");
            }
        }
    }

    #[test]
    fn a_constant_map_stays_constant() {
        let rgb = photo(25, 14);
        assert!(folded(&[1000.0; 81], 9, &rgb, 25, 14).iter().all(|v| (v - 1000.0).abs() < 1e-3));
    }

    /// Both kernels together against both twins together, in two tiles of rows.
    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn upsample_map_matches_cpu() {
        let gpu = gpu().await;
        for (width, height, resolution) in
            [(1, 1, 4), (63, 1, 9), (64, 1, 8), (5, 13, 3), (33, 21, 8), (120, 90, 24)]
        {
            let rgb = photo(width, height);
            let map: Vec<f32> =
                Seeded::new(12).values(resolution * resolution).iter().map(|v| 50.0 + 50.0 * v).collect();
            let guide = UpsampleGuide::new(&rgb, width, height, resolution, 0.1, None);
            let buffers = GuideBuffers::upload(&gpu, &guide).expect("fits");
            let map_buffer = PaddedMap::new(&map, resolution).upload(&gpu).expect("fits");
            let out = Guarded::new(&gpu, width * height);
            let mut pass = gpu.pass();
            let middle = height.div_ceil(2);
            for rows in [0..middle, middle..height] {
                let weights = gpu.create("weights", rows.len() * width * WINDOW_LEN / 2).expect("fits");
                upsample_weights(&mut pass, &buffers, rows.clone(), rows.clone(), &weights).expect("fits");
                upsample_map(&mut pass, &map_buffer, &buffers, rows, &weights, &out.buffer).expect("fits");
            }
            pass.submit().expect("the device works");
            let expected = folded(&map, resolution, &rgb, width, height);
            // A mean of values up to 100 whose weights may each be rounded the other way: 2⁻¹⁶ of the largest.
            let tolerance = Tolerance { abs: 3e-3, rel: 0.0 };
            assert_close(
                &format!("{width}×{height} R {resolution}"),
                &out.read(&gpu).await,
                &expected,
                tolerance,
            );
        }
    }

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn short_weights_are_refused() {
        let gpu = gpu().await;
        let guide = UpsampleGuide::new(&[0; 12], 2, 2, 1, 0.1, None);
        let buffers = GuideBuffers::upload(&gpu, &guide).expect("fits");
        let map = PaddedMap::new(&[0.0], 1).upload(&gpu).expect("fits");
        let (weights, out) = (gpu.create("w", 127).expect("fits"), gpu.create("out", 4).expect("fits"));
        let error = upsample_map(&mut gpu.pass(), &map, &buffers, 0..2, &weights, &out)
            .expect_err("127 of 128 words");
        assert!(error.to_string().contains("upsample_map"), "{error}");
    }
}
