//! Every channel times its weight: DINOv2's layer scale.
//!
//! | tensor | shape | layout |
//! |---|---|---|
//! | x, y | `[rows, channels]` | f32, row-major |
//! | weight | `[channels]` | f32 |

use bytemuck::{Pod, Zeroable};
use maskov_gpu::{Bind, Buffer, Kernel, Pass, Result, groups_1d};

use crate::require;

/// One invocation per value of `y`.
pub static KERNEL: Kernel = Kernel {
    name: "layer_scale",
    wgsl: wgsl!("common/index", "layer_scale"),
    binds: &[Bind::Uniform, Bind::Read, Bind::Read, Bind::ReadWrite],
    workgroup: [256, 1, 1],
};

/// Must match `struct Params` in shaders/layer_scale.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Params {
    len: u32,
    channels: u32,
}

/// Records `y = x · weight`. Errors: [`GpuError::Shape`](maskov_gpu::GpuError::Shape) where buffers are too short.
pub fn layer_scale(
    pass: &mut Pass<'_>,
    x: &Buffer,
    weight: &Buffer,
    rows: usize,
    channels: usize,
    y: &Buffer,
) -> Result<()> {
    let len = rows * channels;
    let lens = [x.len(), weight.len(), y.len()];
    let fits = lens.iter().zip([len, channels, len]).all(|(&has, needs)| has >= needs);
    require(&KERNEL, fits, || format!("{lens:?} words for {rows} × {channels}"))?;
    let params = Params { len: len as u32, channels: channels as u32 };
    let groups = groups_1d(len, KERNEL.workgroup[0]);
    pass.dispatch(&KERNEL, &[], &params, &[x, weight, y].map(Into::into), groups)
}

/// What the kernel means.
pub fn layer_scale_cpu(x: &[f32], weight: &[f32], y: &mut [f32]) {
    for (x, y) in x.chunks_exact(weight.len()).zip(y.chunks_exact_mut(weight.len())) {
        for ((x, weight), y) in x.iter().zip(weight).zip(y) {
            *y = x * weight;
        }
    }
}

#[cfg(test)]
mod tests {
    use maskov_gpu::testing::{Guarded, Seeded, Tolerance, assert_close, gpu};

    use super::*;

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn layer_scale_matches_cpu() {
        let gpu = gpu().await;
        for [rows, channels] in [[1, 1], [5, 51], [2, 128], [1, 257], [257, 384]] {
            let mut seeded = Seeded::new(41);
            let (x, weight) = (seeded.values(rows * channels), seeded.values(channels));
            let [x_buffer, weight_buffer] =
                [&x, &weight].map(|values| gpu.upload("factor", values).expect("fits"));
            let y = Guarded::new(&gpu, rows * channels);
            let mut pass = gpu.pass();
            layer_scale(&mut pass, &x_buffer, &weight_buffer, rows, channels, &y.buffer).expect("shapes fit");
            pass.submit().expect("the device works");
            let mut expected = vec![0.0; rows * channels];
            layer_scale_cpu(&x, &weight, &mut expected);
            assert_close(&format!("{rows} × {channels}"), &y.read(&gpu).await, &expected, Tolerance::EXACT);
        }
    }
}
