//! Layer normalisation of every row: `y = (x − mean) / √(variance + eps) · weight + bias`.
//!
//! | tensor | shape | layout |
//! |---|---|---|
//! | x, y | `[rows, channels]` | f32, row-major |
//! | weight, bias | `[channels]` | f32 |

use bytemuck::{Pod, Zeroable};
use maskov_gpu::{Bind, Buffer, Kernel, Pass, Result, groups_1d};

use crate::require;

/// Sixteen invocations per row, `ROWS` rows per workgroup.
pub static KERNEL: Kernel = Kernel {
    name: "layer_norm",
    wgsl: wgsl!("layer_norm"),
    binds: &[Bind::Uniform, Bind::Read, Bind::Read, Bind::Read, Bind::ReadWrite],
    workgroup: [16, 4, 1],
};

/// Rows of a workgroup.
const ROWS: u32 = 4;

/// Must match `struct Params` in shaders/layer_norm.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Params {
    rows: u32,
    channels: u32,
    eps: f32,
}

/// Records the normalisation of every row. Errors:
/// [`GpuError::Shape`](maskov_gpu::GpuError::Shape) where buffers are too short.
pub fn layer_norm(
    pass: &mut Pass<'_>,
    x: &Buffer,
    weight: &Buffer,
    bias: &Buffer,
    [rows, channels]: [usize; 2],
    eps: f32,
    y: &Buffer,
) -> Result<()> {
    let len = rows * channels;
    let lens = [x.len(), weight.len(), bias.len(), y.len()];
    let fits = lens.iter().zip([len, channels, channels, len]).all(|(&has, needs)| has >= needs);
    require(&KERNEL, fits, || format!("{lens:?} words for {rows} × {channels}"))?;
    let params = Params { rows: rows as u32, channels: channels as u32, eps };
    pass.dispatch(&KERNEL, &[], &params, &[x, weight, bias, y].map(Into::into), groups_1d(rows, ROWS))
}

/// What the kernel means. The variance is the biased one, as in `torch.nn.LayerNorm`.
pub fn layer_norm_cpu(x: &[f32], weight: &[f32], bias: &[f32], eps: f32, y: &mut [f32]) {
    let channels = weight.len();
    for (x, y) in x.chunks_exact(channels).zip(y.chunks_exact_mut(channels)) {
        let mean = x.iter().sum::<f32>() / channels as f32;
        let variance = x.iter().map(|x| (x - mean) * (x - mean)).sum::<f32>() / channels as f32;
        let inverse_deviation = 1.0 / (variance + eps).sqrt();
        for (((x, weight), bias), y) in x.iter().zip(weight).zip(bias).zip(y) {
            *y = (x - mean) * inverse_deviation * weight + bias;
        }
    }
}

#[cfg(test)]
mod tests {
    use maskov_gpu::testing::{Guarded, Seeded, Tolerance, assert_close, gpu};

    use super::*;

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn layer_norm_matches_cpu() {
        let gpu = gpu().await;
        for [rows, channels] in [[1, 1], [3, 15], [4, 16], [5, 17], [77, 768], [1024, 96]] {
            let mut seeded = Seeded::new(21);
            // A mean of 3 and another size in every row.
            let x: Vec<f32> =
                (0..rows * channels).map(|i| 3.0 + seeded.value() * (1 + i / channels) as f32).collect();
            let (weight, bias) = (seeded.values(channels), seeded.values(channels));
            let [x_buffer, weight_buffer, bias_buffer] =
                [&x, &weight, &bias].map(|values| gpu.upload("input", values).expect("fits"));
            let y = Guarded::new(&gpu, rows * channels);
            let mut pass = gpu.pass();
            layer_norm(&mut pass, &x_buffer, &weight_buffer, &bias_buffer, [rows, channels], 1e-5, &y.buffer)
                .expect("shapes fit");
            pass.submit().expect("the device works");
            let mut expected = vec![0.0; rows * channels];
            layer_norm_cpu(&x, &weight, &bias, 1e-5, &mut expected);
            assert_close(
                &format!("{rows} × {channels}"),
                &y.read(&gpu).await,
                &expected,
                Tolerance::REDUCTION,
            );
        }
    }
}
