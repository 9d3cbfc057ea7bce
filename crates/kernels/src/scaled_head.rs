//! The first channels of every row, times a factor: the mean of the VAE's posterior.
//!
//! | tensor | shape | layout |
//! |---|---|---|
//! | x | `[rows, inputs]` | f32, row-major |
//! | y | `[rows, channels]`, `channels ≤ inputs` | f32, row-major |

use bytemuck::{Pod, Zeroable};
use maskov_gpu::{Bind, Buffer, Kernel, Pass, Result, groups_1d};

use crate::require;

/// One invocation per value of `y`.
pub static KERNEL: Kernel = Kernel {
    name: "scaled_head",
    wgsl: wgsl!("common/index", "scaled_head"),
    binds: &[Bind::Uniform, Bind::Read, Bind::ReadWrite],
    workgroup: [256, 1, 1],
};

/// Must match `struct Params` in shaders/scaled_head.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Params {
    len: u32,
    inputs: u32,
    channels: u32,
    scale: f32,
}

/// Records `y = scale · x` for the first `channels` of each row's `inputs`. Errors:
/// [`GpuError::Shape`](maskov_gpu::GpuError::Shape) where buffers are too short or `y` is wider than `x`.
pub fn scaled_head(
    pass: &mut Pass<'_>,
    x: &Buffer,
    rows: usize,
    inputs: usize,
    channels: usize,
    scale: f32,
    y: &Buffer,
) -> Result<()> {
    let len = rows * channels;
    let fits = channels <= inputs && x.len() >= rows * inputs && y.len() >= len;
    require(&KERNEL, fits, || {
        format!("x of {} and y of {} words for {rows} × {inputs} → {channels}", x.len(), y.len())
    })?;
    let params = Params { len: len as u32, inputs: inputs as u32, channels: channels as u32, scale };
    pass.dispatch(&KERNEL, &[], &params, &[x.into(), y.into()], groups_1d(len, KERNEL.workgroup[0]))
}

/// What the kernel means.
pub fn scaled_head_cpu(x: &[f32], inputs: usize, channels: usize, scale: f32, y: &mut [f32]) {
    for (x, y) in x.chunks_exact(inputs).zip(y.chunks_exact_mut(channels)) {
        for (x, y) in x.iter().zip(y) {
            *y = x * scale;
        }
    }
}

#[cfg(test)]
mod tests {
    use maskov_gpu::testing::{Guarded, Seeded, Tolerance, assert_close, gpu};

    use super::*;

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn scaled_head_matches_cpu() {
        let gpu = gpu().await;
        for [rows, inputs, channels] in [[1, 1, 1], [51, 6, 5], [64, 8, 4], [257, 3, 1], [1024, 8, 4]] {
            let x = Seeded::new(17).values(rows * inputs);
            let x_buffer = gpu.upload("x", &x).expect("fits");
            let y = Guarded::new(&gpu, rows * channels);
            let mut pass = gpu.pass();
            scaled_head(&mut pass, &x_buffer, rows, inputs, channels, 0.18215, &y.buffer)
                .expect("shapes fit");
            pass.submit().expect("the device works");
            let mut expected = vec![0.0; rows * channels];
            scaled_head_cpu(&x, inputs, channels, 0.18215, &mut expected);
            let what = format!("{rows} × {inputs} → {channels}");
            assert_close(&what, &y.read(&gpu).await, &expected, Tolerance::EXACT);
        }
    }

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn more_channels_than_there_are_are_refused() {
        let gpu = gpu().await;
        let (x, y) = (gpu.create("x", 64).expect("fits"), gpu.create("y", 64).expect("fits"));
        let error = scaled_head(&mut gpu.pass(), &x, 4, 8, 9, 1.0, &y).expect_err("x has 8 channels");
        assert!(error.to_string().contains("4 × 8 → 9"), "{error}");
    }
}
