//! Sobel magnitude of a distance map, as integers.
//!
//! 3×3 Sobel kernels, reflect padding (the edge pixel is not repeated); magnitude `√(gx² + gy²)`; then each magnitude
//! divided by the image's largest and truncated to an integer in `0..=1024`, so that sums along a border are exact.
//! Distances f32 `[height, width]`, row-major.

use bytemuck::{Pod, Zeroable};
use maskov_gpu::{Bind, Buffer, Kernel, Pass, Result, groups_1d};
use std::ops::Range;

use crate::require;

/// One invocation per pixel; `sobel_levels` makes the integers.
pub static KERNEL: Kernel = Kernel {
    name: "sobel",
    wgsl: wgsl!("common/index", "common/reduce", "sobel"),
    binds: &[Bind::Uniform, Bind::Read, Bind::ReadWrite, Bind::ReadWrite],
    workgroup: [256, 1, 1],
};

/// Must match `struct Params` in shaders/sobel.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Params {
    width: u32,
    height: u32,
}

/// Records the magnitudes of a whole image and the maximum of `largest[0]` (the bits of an f32 ≥ 0; 0 before) with the
/// largest. Errors: [`GpuError::Shape`](maskov_gpu::GpuError::Shape) where buffers are too short.
pub fn sobel(
    pass: &mut Pass<'_>,
    distances: &Buffer,
    [height, width]: [usize; 2],
    magnitudes: &Buffer,
    largest: &Buffer,
) -> Result<()> {
    let pixels = height * width;
    require(&KERNEL, pixels > 0 && distances.len() >= pixels && magnitudes.len() >= pixels, || {
        format!(
            "distances of {}, magnitudes of {} words for {width}×{height}",
            distances.len(),
            magnitudes.len()
        )
    })?;
    let params = Params { width: width as u32, height: height as u32 };
    let buffers = [distances.into(), magnitudes.into(), largest.into()];
    pass.dispatch(&KERNEL, &[], &params, &buffers, groups_1d(pixels, KERNEL.workgroup[0]))
}

/// The level of the image's largest magnitude.
pub const SOBEL_LEVELS: f32 = 1024.0;

/// Magnitudes of whole image rows, f32 `[rows.len(), width]`; returns the largest.
///
/// # Panics
/// When lengths do not fit.
pub fn sobel_cpu(distances: &[f32], width: usize, rows: Range<usize>, magnitudes: &mut [f32]) -> f32 {
    assert!(width > 0 && distances.len().is_multiple_of(width), "distances must be [height, width]");
    assert_eq!(magnitudes.len(), rows.len() * width, "magnitudes must be [rows, width]");
    let height = distances.len() / width;
    let row = |y: usize| &distances[y * width..(y + 1) * width];
    let mut largest = 0.0f32;
    for (y, out) in rows.zip(magnitudes.chunks_exact_mut(width)) {
        let (before, after) = reflected(y, height);
        let (above, centre, below) = (row(before), row(y), row(after));
        let magnitude = |left: usize, x: usize, right: usize| {
            let gx = (above[right] - above[left])
                + 2.0 * (centre[right] - centre[left])
                + (below[right] - below[left]);
            let gy =
                (below[left] - above[left]) + 2.0 * (below[x] - above[x]) + (below[right] - above[right]);
            (gx * gx + gy * gy).sqrt()
        };
        for (x, out) in out.iter_mut().enumerate().take(width - 1).skip(1) {
            *out = magnitude(x - 1, x, x + 1);
        }
        for x in [0, width - 1] {
            let (left, right) = reflected(x, width);
            out[x] = magnitude(left, x, right);
        }
        largest = out.iter().copied().fold(largest, f32::max);
    }
    largest
}

/// The neighbours of `i` before and after it, mirrored at the ends; a single pixel is its own neighbour.
fn reflected(i: usize, extent: usize) -> (usize, usize) {
    let before = if i == 0 { 1.min(extent - 1) } else { i - 1 };
    let after = if i + 1 == extent { extent.saturating_sub(2) } else { i + 1 };
    (before, after)
}

/// Magnitudes as integers `0..=1024`; all 0 where the image is flat.
///
/// # Panics
/// When the lengths differ.
pub fn sobel_levels_cpu(magnitudes: &[f32], largest: f32, levels: &mut [u16]) {
    assert_eq!(magnitudes.len(), levels.len(), "one level for each magnitude");
    for (level, magnitude) in levels.iter_mut().zip(magnitudes) {
        *level = if largest > 0.0 { (magnitude / largest * SOBEL_LEVELS) as u16 } else { 0 };
    }
}

#[cfg(test)]
mod tests {
    use maskov_gpu::testing::{Guarded, Seeded, Tolerance, assert_close, gpu};

    use super::sobel;
    use super::{reflected, sobel_cpu, sobel_levels_cpu};

    fn magnitudes(distances: &[f32], width: usize) -> (Vec<f32>, f32) {
        let mut out = vec![f32::NAN; distances.len()];
        let largest = sobel_cpu(distances, width, 0..distances.len() / width, &mut out);
        (out, largest)
    }

    #[test]
    fn a_ramp_has_a_constant_gradient_inside_and_none_across_a_mirrored_edge() {
        let ramp: Vec<f32> = (0..5 * 4).map(|i| (i % 5) as f32).collect();
        let (out, largest) = magnitudes(&ramp, 5);
        assert_eq!(out[5..10], [0.0, 8.0, 8.0, 8.0, 0.0]);
        assert_eq!(largest, 8.0);
    }

    #[test]
    fn a_point_gives_the_kernels_themselves() {
        let mut point = vec![0.0f32; 49];
        point[24] = 1.0;
        let (out, _) = magnitudes(&point, 7);
        let corner = 2.0f32.sqrt();
        assert_eq!(out[16..19], [corner, 2.0, corner]);
        assert_eq!(out[23..26], [2.0, 0.0, 2.0]);
    }

    #[test]
    fn thin_images_mirror_into_themselves() {
        assert_eq!(reflected(0, 1), (0, 0));
        assert_eq!(reflected(1, 2), (0, 0));
        assert_eq!(magnitudes(&[3.0], 1), (vec![0.0], 0.0));
        assert_eq!(magnitudes(&[0.0, 1.0, 2.0], 1).1, 8.0);
    }

    #[test]
    fn levels_are_truncated_and_flat_images_have_none() {
        let mut levels = [9u16; 3];
        sobel_levels_cpu(&[0.0, 1.0, 3.0], 3.0, &mut levels);
        assert_eq!(levels, [0, 341, 1024]);
        sobel_levels_cpu(&[0.0; 3], 0.0, &mut levels);
        assert_eq!(levels, [0; 3]);
    }

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn sobel_matches_cpu() {
        let gpu = gpu().await;
        for [height, width] in [[1, 1], [1, 2], [5, 1], [15, 17], [16, 16], [1, 257], [77, 131]] {
            let distances = Seeded::new(9).values(height * width);
            let distances_buffer = gpu.upload("distances", &distances).expect("fits");
            let out = Guarded::new(&gpu, distances.len());
            let largest = gpu.upload("largest", &[0u32]).expect("fits");
            let mut pass = gpu.pass();
            sobel(&mut pass, &distances_buffer, [height, width], &out.buffer, &largest).expect("fits");
            pass.submit().expect("the device works");
            let (expected, most) = magnitudes(&distances, width);
            assert_close(
                &format!("{width}×{height}"),
                &out.read(&gpu).await,
                &expected,
                Tolerance::POINTWISE,
            );
            let largest: Vec<f32> = gpu.read(&largest).await.expect("reads");
            assert_close("largest", &largest, &[most], Tolerance::POINTWISE);
        }
    }

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn short_magnitudes_are_refused() {
        let gpu = gpu().await;
        let (full, short) = (gpu.create("d", 6).expect("fits"), gpu.create("m", 5).expect("fits"));
        let error = sobel(&mut gpu.pass(), &full, [2, 3], &short, &full).expect_err("5 of 6 pixels");
        assert!(error.to_string().contains("sobel"), "{error}");
    }
}
