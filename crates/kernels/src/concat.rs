//! Channels of `a`, then channels of `b`: every skip connection.
//!
//! | tensor | shape | layout |
//! |---|---|---|
//! | a | `[rows, a_channels]` | f32, row-major |
//! | b | `[rows, b_channels]` | f32, row-major |
//! | y | `[rows, a_channels + b_channels]` | f32, row-major |

use bytemuck::{Pod, Zeroable};
use maskov_gpu::{Bind, Buffer, Kernel, Pass, Result, groups_1d};

use crate::require;

/// One invocation per value of `y`.
pub static KERNEL: Kernel = Kernel {
    name: "concat",
    wgsl: wgsl!("common/index", "concat"),
    binds: &[Bind::Uniform, Bind::Read, Bind::Read, Bind::ReadWrite],
    workgroup: [256, 1, 1],
};

/// Must match `struct Params` in shaders/concat.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Params {
    len: u32,
    a_channels: u32,
    b_channels: u32,
}

/// Records the concatenation of channels. Errors:
/// [`GpuError::Shape`](maskov_gpu::GpuError::Shape) where buffers are too short.
pub fn concat(
    pass: &mut Pass<'_>,
    a: &Buffer,
    a_channels: usize,
    b: &Buffer,
    b_channels: usize,
    rows: usize,
    y: &Buffer,
) -> Result<()> {
    let len = rows * (a_channels + b_channels);
    let lens = [a.len(), b.len(), y.len()];
    let fits = lens[0] >= rows * a_channels && lens[1] >= rows * b_channels && lens[2] >= len;
    require(&KERNEL, fits, || format!("{lens:?} words for {rows} × ({a_channels} + {b_channels})"))?;
    let params = Params { len: len as u32, a_channels: a_channels as u32, b_channels: b_channels as u32 };
    pass.dispatch(&KERNEL, &[], &params, &[a.into(), b.into(), y.into()], groups_1d(len, KERNEL.workgroup[0]))
}

/// What the kernel means.
pub fn concat_cpu(a: &[f32], a_channels: usize, b: &[f32], b_channels: usize, y: &mut [f32]) {
    let rows = y.chunks_exact_mut(a_channels + b_channels);
    for ((a, b), y) in a.chunks_exact(a_channels).zip(b.chunks_exact(b_channels)).zip(rows) {
        y[..a_channels].copy_from_slice(a);
        y[a_channels..].copy_from_slice(b);
    }
}

#[cfg(test)]
mod tests {
    use maskov_gpu::testing::{Guarded, Seeded, Tolerance, assert_close, gpu};

    use super::*;

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn concat_matches_cpu() {
        let gpu = gpu().await;
        for [rows, a_channels, b_channels] in
            [[1, 1, 1], [5, 20, 31], [1, 200, 56], [1, 1, 256], [144, 144, 128]]
        {
            let mut seeded = Seeded::new(15);
            let (a, b) = (seeded.values(rows * a_channels), seeded.values(rows * b_channels));
            let [a_buffer, b_buffer] = [&a, &b].map(|values| gpu.upload("part", values).expect("fits"));
            let len = rows * (a_channels + b_channels);
            let y = Guarded::new(&gpu, len);
            let mut pass = gpu.pass();
            concat(&mut pass, &a_buffer, a_channels, &b_buffer, b_channels, rows, &y.buffer)
                .expect("shapes fit");
            pass.submit().expect("the device works");
            let mut expected = vec![0.0; len];
            concat_cpu(&a, a_channels, &b, b_channels, &mut expected);
            let what = format!("{rows} × ({a_channels} + {b_channels})");
            assert_close(&what, &y.read(&gpu).await, &expected, Tolerance::EXACT);
        }
    }
}
