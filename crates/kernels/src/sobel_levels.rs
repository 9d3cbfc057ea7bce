//! Sobel magnitudes as integers: each divided by the image's largest and truncated to `0..=1024`.
//!
//! Magnitudes f32 `[pixels]` and the largest as `sobel` leaves them; levels u32 `[pixels]`. The CPU twin is
//! [`sobel_levels_cpu`](crate::sobel::sobel_levels_cpu).

use bytemuck::{Pod, Zeroable};
use maskov_gpu::{Bind, Buffer, Kernel, Pass, Result, groups_1d};

use crate::require;

/// One invocation per pixel.
pub static KERNEL: Kernel = Kernel {
    name: "sobel_levels",
    wgsl: wgsl!("common/index", "sobel_levels"),
    binds: &[Bind::Uniform, Bind::Read, Bind::Read, Bind::ReadWrite],
    workgroup: [256, 1, 1],
};

/// Must match `struct Params` in shaders/sobel_levels.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Params {
    pixels: u32,
}

/// Records the levels of the magnitudes; all 0 where the image is flat. Errors:
/// [`GpuError::Shape`](maskov_gpu::GpuError::Shape) where buffers are too short.
pub fn sobel_levels(
    pass: &mut Pass<'_>,
    magnitudes: &Buffer,
    largest: &Buffer,
    pixels: usize,
    levels: &Buffer,
) -> Result<()> {
    let lens = [magnitudes, levels].map(Buffer::len);
    require(&KERNEL, lens.iter().all(|&len| len >= pixels), || {
        format!("{lens:?} words for {pixels} pixels")
    })?;
    let buffers = [magnitudes.into(), largest.into(), levels.into()];
    let params = Params { pixels: pixels as u32 };
    pass.dispatch(&KERNEL, &[], &params, &buffers, groups_1d(pixels, KERNEL.workgroup[0]))
}

#[cfg(test)]
mod tests {
    use maskov_gpu::testing::{Guarded, Seeded, gpu};

    use super::sobel_levels;
    use crate::sobel::sobel_levels_cpu;

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn sobel_levels_matches_cpu() {
        let gpu = gpu().await;
        for (pixels, scale) in [(1usize, 1.0f32), (255, 1.0), (256, 8.0), (257, 0.0), (10_000, 1e-3)] {
            let magnitudes: Vec<f32> =
                Seeded::new(14).values(pixels).iter().map(|value| scale * value.abs()).collect();
            let largest = magnitudes.iter().copied().fold(0.0, f32::max);
            let magnitudes_buffer = gpu.upload("magnitudes", &magnitudes).expect("fits");
            let largest_buffer = gpu.upload("largest", &[largest]).expect("fits");
            let levels = Guarded::new(&gpu, pixels);
            let mut pass = gpu.pass();
            sobel_levels(&mut pass, &magnitudes_buffer, &largest_buffer, pixels, &levels.buffer)
                .expect("fits");
            pass.submit().expect("the device works");
            let mut expected = vec![u16::MAX; pixels];
            sobel_levels_cpu(&magnitudes, largest, &mut expected);
            for (got, expected) in levels.read(&gpu).await.iter().zip(expected) {
                // Shader division is not rounded correctly: a quotient may fall on the other side of an integer.
                assert!(got.to_bits().abs_diff(expected.into()) <= 1, "{} is not {expected}", got.to_bits());
            }
        }
    }

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn short_levels_are_refused() {
        let gpu = gpu().await;
        let (full, short) = (gpu.create("m", 4).expect("fits"), gpu.create("levels", 3).expect("fits"));
        let error = sobel_levels(&mut gpu.pass(), &full, &full, 4, &short).expect_err("3 of 4 pixels");
        assert!(error.to_string().contains("sobel_levels"), "{error}");
    }
}
