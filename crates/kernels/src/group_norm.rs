//! Group normalisation with given statistics, then scale, shift and on request SiLU:
//! `y = f((x − mean) · inverse deviation · weight + bias)`.
//!
//! | tensor | shape | layout |
//! |---|---|---|
//! | x, y | `[rows, channels]` | f32, row-major |
//! | stats | `[groups, 2]` | f32, from [`group_norm_stats`](crate::group_norm_stats) |
//! | weight, bias | `[channels]` | f32 |

use bytemuck::{Pod, Zeroable};
use maskov_gpu::{Bind, Buffer, Kernel, Pass, Result, groups_1d};

use crate::activation::silu;
use crate::require;

/// One invocation per value of `y`.
pub static KERNEL: Kernel = Kernel {
    name: "group_norm",
    wgsl: wgsl!("common/index", "common/functions", "group_norm"),
    binds: &[Bind::Uniform, Bind::Read, Bind::Read, Bind::Read, Bind::Read, Bind::ReadWrite],
    workgroup: [256, 1, 1],
};

/// Must match `struct Params` in shaders/group_norm.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Params {
    len: u32,
    channels: u32,
    group_channels: u32,
    with_silu: u32,
}

/// Records the normalisation. `stats` are those of `groups` groups of `x`. Errors:
/// [`GpuError::Shape`](maskov_gpu::GpuError::Shape) where buffers are too short or groups do not divide the channels.
pub fn group_norm(
    pass: &mut Pass<'_>,
    x: &Buffer,
    stats: &Buffer,
    weight: &Buffer,
    bias: &Buffer,
    [rows, channels, groups]: [usize; 3],
    with_silu: bool,
    y: &Buffer,
) -> Result<()> {
    let len = rows * channels;
    let lens = [x.len(), stats.len(), weight.len(), bias.len(), y.len()];
    let needs = [len, 2 * groups, channels, channels, len];
    let fits = groups > 0
        && channels.is_multiple_of(groups)
        && lens.iter().zip(needs).all(|(&has, needs)| has >= needs);
    require(&KERNEL, fits, || format!("{lens:?} words for {rows} × {channels} in {groups} groups"))?;
    let params = Params {
        len: len as u32,
        channels: channels as u32,
        group_channels: (channels / groups) as u32,
        with_silu: u32::from(with_silu),
    };
    let buffers = [x, stats, weight, bias, y].map(Into::into);
    pass.dispatch(&KERNEL, &[], &params, &buffers, groups_1d(len, KERNEL.workgroup[0]))
}

/// What the kernel means.
pub fn group_norm_cpu(
    x: &[f32],
    stats: &[[f32; 2]],
    weight: &[f32],
    bias: &[f32],
    with_silu: bool,
    y: &mut [f32],
) {
    let channels = weight.len();
    let size = channels / stats.len();
    for (x, y) in x.chunks_exact(channels).zip(y.chunks_exact_mut(channels)) {
        for (channel, (x, y)) in x.iter().zip(y).enumerate() {
            let [mean, inverse_deviation] = stats[channel / size];
            let normal = (x - mean) * inverse_deviation * weight[channel] + bias[channel];
            *y = if with_silu { silu(normal) } else { normal };
        }
    }
}

#[cfg(test)]
mod tests {
    use maskov_gpu::testing::{Guarded, Seeded, Tolerance, assert_close, gpu};

    use super::*;

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn group_norm_matches_cpu() {
        let gpu = gpu().await;
        for [rows, channels, groups] in [[1, 1, 1], [5, 51, 3], [64, 4, 2], [257, 1, 1], [144, 288, 16]] {
            let mut seeded = Seeded::new(20);
            let (x, stats) = (seeded.values(rows * channels), seeded.values(2 * groups));
            let (weight, bias) = (seeded.values(channels), seeded.values(channels));
            let [x_buffer, stats_buffer, weight_buffer, bias_buffer] =
                [&x, &stats, &weight, &bias].map(|values| gpu.upload("input", values).expect("fits"));
            for with_silu in [false, true] {
                let y = Guarded::new(&gpu, rows * channels);
                let mut pass = gpu.pass();
                let shape = [rows, channels, groups];
                let (weight_buffer, bias_buffer) = (&weight_buffer, &bias_buffer);
                group_norm(
                    &mut pass,
                    &x_buffer,
                    &stats_buffer,
                    weight_buffer,
                    bias_buffer,
                    shape,
                    with_silu,
                    &y.buffer,
                )
                .expect("shapes fit");
                pass.submit().expect("the device works");
                let mut expected = vec![0.0; rows * channels];
                let (stats, _) = stats.as_chunks();
                group_norm_cpu(&x, stats, &weight, &bias, with_silu, &mut expected);
                let what = format!("{rows} × {channels}, {groups} groups, SiLU {with_silu}");
                assert_close(&what, &y.read(&gpu).await, &expected, Tolerance::POINTWISE);
            }
        }
    }

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn groups_that_do_not_divide_the_channels_are_refused() {
        let gpu = gpu().await;
        let [x, y] = ["x", "y"].map(|name| gpu.create(name, 64).expect("fits"));
        let error =
            group_norm(&mut gpu.pass(), &x, &x, &x, &x, [4, 10, 4], false, &y).expect_err("10 is not 4 · n");
        assert!(error.to_string().contains("in 4 groups"), "{error}");
    }
}
