//! Nearest-neighbour upsampling by 2 on both axes.
//!
//! | tensor | shape | layout |
//! |---|---|---|
//! | x | `[height, width, channels]` | f32, channels-last |
//! | y | `[2 · height, 2 · width, channels]` | f32, channels-last |

use bytemuck::{Pod, Zeroable};
use maskov_gpu::{Bind, Buffer, Kernel, Pass, Result, groups_1d};

use crate::require;

/// One invocation per value of `y`.
pub static KERNEL: Kernel = Kernel {
    name: "upsample_nearest",
    wgsl: wgsl!("common/index", "upsample_nearest"),
    binds: &[Bind::Uniform, Bind::Read, Bind::ReadWrite],
    workgroup: [256, 1, 1],
};

/// Must match `struct Params` in shaders/upsample_nearest.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Params {
    len: u32,
    width: u32,
    channels: u32,
}

/// Records the upsampling; extents are those of `x`. Errors:
/// [`GpuError::Shape`](maskov_gpu::GpuError::Shape) where buffers are too short.
pub fn upsample_nearest(
    pass: &mut Pass<'_>,
    x: &Buffer,
    [height, width]: [usize; 2],
    channels: usize,
    y: &Buffer,
) -> Result<()> {
    let len = 4 * height * width * channels;
    let fits = 4 * x.len() >= len && y.len() >= len;
    require(&KERNEL, fits, || {
        format!("x of {} and y of {} words for {height} × {width} × {channels}", x.len(), y.len())
    })?;
    let params = Params { len: len as u32, width: width as u32, channels: channels as u32 };
    pass.dispatch(&KERNEL, &[], &params, &[x.into(), y.into()], groups_1d(len, KERNEL.workgroup[0]))
}

/// What the kernel means; `width` and `channels` are those of `x`.
pub fn upsample_nearest_cpu(x: &[f32], width: usize, channels: usize, y: &mut [f32]) {
    for (row, y_row) in y.chunks_exact_mut(2 * width * channels).enumerate() {
        let x_row = &x[row / 2 * width * channels..][..width * channels];
        for (column, y) in y_row.chunks_exact_mut(channels).enumerate() {
            y.copy_from_slice(&x_row[column / 2 * channels..][..channels]);
        }
    }
}

#[cfg(test)]
mod tests {
    use maskov_gpu::testing::{Guarded, Seeded, Tolerance, assert_close, gpu};

    use super::*;

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn upsample_nearest_matches_cpu() {
        let gpu = gpu().await;
        for [height, width, channels] in [[1, 1, 1], [3, 7, 3], [1, 64, 1], [5, 13, 1], [12, 12, 144]] {
            let x = Seeded::new(16).values(height * width * channels);
            let x_buffer = gpu.upload("x", &x).expect("fits");
            let y = Guarded::new(&gpu, 4 * x.len());
            let mut pass = gpu.pass();
            upsample_nearest(&mut pass, &x_buffer, [height, width], channels, &y.buffer).expect("shapes fit");
            pass.submit().expect("the device works");
            let mut expected = vec![0.0; 4 * x.len()];
            upsample_nearest_cpu(&x, width, channels, &mut expected);
            let what = format!("{height} × {width} × {channels}");
            assert_close(&what, &y.read(&gpu).await, &expected, Tolerance::EXACT);
        }
    }
}
