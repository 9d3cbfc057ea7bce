//! What each image pixel takes from the low-resolution map: at most 8×8 weights that depend on the photo alone.
//!
//! Bilinear upsampling followed by joint bilateral filtering is linear in the map: pixel p gets
//! `Σ_q g(p − q)·r(I(p), I(q))·B(q) / Σ_q g·r`, where q runs over the disc of 3 cells around p inside the image, a cell
//! is `fx = W/R` by `fy = H/R` pixels, `g = exp(−½((dx/fx)² + (dy/fy)²))`, `r = exp(−½·|I(p) − I(q)|²/σ²)` with colours
//! in [0, 1], and B is the bilinear map (half-pixel centres). Folding B in leaves weights on the cells from
//! `floor(src(p − 3 cells))` to 7 cells further, on each axis.
//!
//! Output: u16 `[height, width, 8, 8]`, row-major, in steps of 1/65535 of the pixel's largest weight. Whoever applies
//! them divides by their sum, which takes the scale out again. The window of pixel (x, y) starts at cell (`x.origin[x]`,
//! `y.origin[y]`). Fixed point, because f16 has only 11 bits where they count: on the reference photo its rounding moves
//! the upsampled map by up to 0.047 iterations (0.05 are allowed in all), this one by 0.008, in the same 128 bytes.
//!
//! Restriction: the spatial σ is one cell (the method's value); a larger one would not fit 8 cells.

use std::ops::Range;

use bytemuck::{Pod, Zeroable};
use maskov_gpu::{Bind, Buffer, Kernel, Pass, Result, groups_1d};

use crate::require;
use crate::upsample_guide::GuideBuffers;
pub use crate::upsample_guide::{UpsampleAxis, UpsampleGuide, WINDOW, WINDOW_LEN, range_weights};

/// How a pixel's largest weight is stored.
pub const LARGEST_WEIGHT: u16 = u16::MAX;

/// One invocation per pixel.
pub static KERNEL: Kernel = Kernel {
    name: "upsample_weights",
    wgsl: wgsl!("common/index", "common/upsample_axis", "upsample_weights"),
    binds: &[Bind::Uniform, Bind::Read, Bind::Read, Bind::Read, Bind::Read, Bind::ReadWrite],
    workgroup: [64, 1, 1],
};

/// Must match `struct Params` in shaders/upsample_weights.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Params {
    width: u32,
    height: u32,
    first_row: u32,
    first_pixel: u32,
    pixels: u32,
    tile_pixels: u32,
    radius_y: u32,
    stride_x: u32,
    stride_y: u32,
    factor_x: f32,
    factor_y: f32,
    range_exponent: f32,
}

/// Records the weights of the image rows `rows`, part of the tile of rows `tile` that `weights` holds.
///
/// On the device a tile is `[32, tile.len()·width]` words: word k of a pixel holds its weights 2k and 2k + 1, and lies
/// beside word k of the next pixel, so that neighbouring invocations read neighbouring words. A tile is filled in parts
/// because a whole image in one dispatch may take longer than some drivers wait. Errors:
/// [`GpuError::Shape`](maskov_gpu::GpuError::Shape) where `weights` is too short or `rows` leaves the tile.
pub fn upsample_weights(
    pass: &mut Pass<'_>,
    guide: &GuideBuffers,
    tile: Range<usize>,
    rows: Range<usize>,
    weights: &Buffer,
) -> Result<()> {
    let tile_pixels = tile.len() * guide.width;
    let fits = tile.start <= rows.start
        && rows.end <= tile.end
        && tile.end <= guide.height
        && weights.len() >= tile_pixels * WINDOW_LEN / 2;
    require(&KERNEL, fits, || {
        format!("weights of {} words for rows {rows:?} of {tile:?} of {}", weights.len(), guide.height)
    })?;
    let pixels = rows.len() * guide.width;
    let params = Params {
        width: guide.width as u32,
        height: guide.height as u32,
        first_row: rows.start as u32,
        first_pixel: ((rows.start - tile.start) * guide.width) as u32,
        pixels: pixels as u32,
        tile_pixels: tile_pixels as u32,
        radius_y: guide.radius_y as u32,
        stride_x: guide.strides[0] as u32,
        stride_y: guide.strides[1] as u32,
        factor_x: guide.factors[0],
        factor_y: guide.factors[1],
        range_exponent: guide.range_exponent,
    };
    let inputs = [&guide.photo, &guide.axis_x, &guide.axis_y, &guide.reach].map(Into::into);
    let buffers = [inputs.as_slice(), &[weights.into()]].concat();
    pass.dispatch(&KERNEL, &[], &params, &buffers, groups_1d(pixels, KERNEL.workgroup[0]))
}

/// Weights of whole image rows: u16 `[rows.len(), width, 8, 8]`.
///
/// # Panics
/// When `weights` has another length or `rows` leaves the image.
pub fn upsample_weights_cpu(guide: &UpsampleGuide, rows: Range<usize>, weights: &mut [u16]) {
    let width = guide.x.lower.len();
    assert_eq!(weights.len(), rows.len() * width * WINDOW_LEN, "weights must be [rows, width, 8, 8]");
    for (y, row) in rows.zip(weights.chunks_exact_mut(width * WINDOW_LEN)) {
        for (x, pixel) in row.chunks_exact_mut(WINDOW_LEN).enumerate() {
            let weights = guide.pixel_weights(x, y);
            let largest = weights.iter().copied().fold(0.0, f32::max);
            for (stored, weight) in pixel.iter_mut().zip(weights) {
                *stored = (weight / largest * f32::from(LARGEST_WEIGHT) + 0.5) as u16;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use maskov_gpu::testing::{Guarded, Seeded, Tolerance, assert_close, gpu};

    use super::{LARGEST_WEIGHT, UpsampleGuide, WINDOW_LEN, upsample_weights, upsample_weights_cpu};
    use crate::upsample_guide::GuideBuffers;

    #[test]
    fn weights_are_stored_in_steps_of_the_largest() {
        let rgb: Vec<u8> = (0..20 * 11 * 3).map(|i| ((i * 89) % 256) as u8).collect();
        let guide = UpsampleGuide::new(&rgb, 20, 11, 9, 0.1, None);
        let mut weights = vec![0; 20 * 11 * WINDOW_LEN];
        upsample_weights_cpu(&guide, 0..11, &mut weights);
        for (i, pixel) in weights.chunks_exact(WINDOW_LEN).enumerate() {
            assert_eq!(pixel.iter().max(), Some(&LARGEST_WEIGHT));
            let sum: f32 = pixel.iter().map(|&weight| f32::from(weight)).sum();
            for (stored, weight) in pixel.iter().zip(guide.pixel_weights(i % 20, i / 20)) {
                // Half a step for this weight, and the sum of the others' roundings.
                assert!((f32::from(*stored) / sum - weight).abs() < 2.0 / f32::from(LARGEST_WEIGHT));
            }
        }
    }

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn upsample_weights_matches_cpu() {
        let gpu = gpu().await;
        let shapes =
            [(1, 1, 4, None), (63, 1, 9, None), (64, 2, 8, None), (5, 13, 3, None), (97, 60, 11, Some(2))];
        for (width, height, resolution, samples) in shapes {
            let mut seeded = Seeded::new(13);
            let rgb: Vec<u8> =
                (0..width * height * 3).map(|i| (seeded.below(30) + 7 * (i as u32 % 20)) as u8).collect();
            let guide = UpsampleGuide::new(&rgb, width, height, resolution, 0.1, samples);
            let buffers = GuideBuffers::upload(&gpu, &guide).expect("fits");
            let out = Guarded::new(&gpu, width * height * WINDOW_LEN / 2);
            let mut pass = gpu.pass();
            // In two parts, as a large tile is filled.
            for rows in [0..height / 2, height / 2..height] {
                upsample_weights(&mut pass, &buffers, 0..height, rows, &out.buffer).expect("fits");
            }
            pass.submit().expect("the device works");
            let words = out.read_words(&gpu).await;
            let half = |word: u32, high: bool| f32::from((word >> if high { 16 } else { 0 }) as u16);
            let got: Vec<f32> = (0..width * height * WINDOW_LEN)
                .map(|i| (i / WINDOW_LEN, i % WINDOW_LEN))
                .map(|(pixel, k)| half(words[k / 2 * width * height + pixel], k % 2 == 1))
                .collect();
            let mut expected = vec![0; got.len()];
            upsample_weights_cpu(&guide, 0..height, &mut expected);
            let expected: Vec<f32> = expected.into_iter().map(f32::from).collect();
            // A weight may be rounded the other way, and the device's exp and division add a few units in 2⁻²⁴ of it.
            let tolerance = Tolerance { abs: 1.01, rel: 1e-4 };
            assert_close(&format!("{width}×{height} R {resolution}"), &got, &expected, tolerance);
            assert!(got.contains(&f32::from(LARGEST_WEIGHT)));
        }
    }

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn rows_outside_the_tile_are_refused() {
        let gpu = gpu().await;
        let guide = UpsampleGuide::new(&[0; 12], 2, 2, 1, 0.1, None);
        let buffers = GuideBuffers::upload(&gpu, &guide).expect("fits");
        let weights = gpu.create("w", 64).expect("fits");
        let error =
            upsample_weights(&mut gpu.pass(), &buffers, 0..1, 0..2, &weights).expect_err("row 1 is outside");
        assert!(error.to_string().contains("upsample_weights"), "{error}");
    }
}
