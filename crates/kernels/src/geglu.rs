//! GEGLU: the first half of every row times the exact GELU of its second half, `y = a · gelu(g)`.
//!
//! | tensor | shape | layout |
//! |---|---|---|
//! | x | `[rows, 2 · channels]` | f32, row-major; `a`, then `g` |
//! | y | `[rows, channels]` | f32, row-major |

use bytemuck::{Pod, Zeroable};
use maskov_gpu::{Bind, Buffer, Kernel, Pass, Result, groups_1d};

use crate::activation::gelu;
use crate::require;

/// One invocation per value of `y`.
pub static KERNEL: Kernel = Kernel {
    name: "geglu",
    wgsl: wgsl!("common/index", "common/functions", "geglu"),
    binds: &[Bind::Uniform, Bind::Read, Bind::ReadWrite],
    workgroup: [256, 1, 1],
};

/// Must match `struct Params` in shaders/geglu.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Params {
    len: u32,
    channels: u32,
}

/// Records GEGLU; `channels` is the width of `y`. Errors:
/// [`GpuError::Shape`](maskov_gpu::GpuError::Shape) where buffers are too short.
pub fn geglu(pass: &mut Pass<'_>, x: &Buffer, rows: usize, channels: usize, y: &Buffer) -> Result<()> {
    let len = rows * channels;
    let fits = x.len() >= 2 * len && y.len() >= len;
    require(&KERNEL, fits, || {
        format!("x of {} and y of {} words for {rows} × {channels}", x.len(), y.len())
    })?;
    let params = Params { len: len as u32, channels: channels as u32 };
    pass.dispatch(&KERNEL, &[], &params, &[x.into(), y.into()], groups_1d(len, KERNEL.workgroup[0]))
}

/// What the kernel means; `channels` is the width of `y`.
pub fn geglu_cpu(x: &[f32], channels: usize, y: &mut [f32]) {
    for (x, y) in x.chunks_exact(2 * channels).zip(y.chunks_exact_mut(channels)) {
        let (a, g) = x.split_at(channels);
        for ((a, g), y) in a.iter().zip(g).zip(y) {
            *y = a * gelu(*g);
        }
    }
}

#[cfg(test)]
mod tests {
    use maskov_gpu::testing::{Guarded, Seeded, Tolerance, assert_close, gpu};

    use super::*;

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn geglu_matches_cpu() {
        let gpu = gpu().await;
        for [rows, channels] in [[1, 1], [5, 51], [1, 256], [1, 257], [64, 576]] {
            let x: Vec<f32> = Seeded::new(12).values(rows * 2 * channels).iter().map(|x| 4.0 * x).collect();
            let x_buffer = gpu.upload("x", &x).expect("fits");
            let y = Guarded::new(&gpu, rows * channels);
            let mut pass = gpu.pass();
            geglu(&mut pass, &x_buffer, rows, channels, &y.buffer).expect("shapes fit");
            pass.submit().expect("the device works");
            let mut expected = vec![0.0; rows * channels];
            geglu_cpu(&x, channels, &mut expected);
            assert_close(
                &format!("{rows} × {channels}"),
                &y.read(&gpu).await,
                &expected,
                Tolerance::POINTWISE,
            );
        }
    }
}
