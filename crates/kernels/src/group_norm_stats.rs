//! Mean and inverse standard deviation of every group of channels over all pixels.
//!
//! | tensor | shape | layout |
//! |---|---|---|
//! | x | `[rows, channels]` | f32, row-major |
//! | stats | `[groups, 2]` | f32: mean, `1/√(variance + eps)` |
//!
//! The variance is the biased one, as in `torch.nn.GroupNorm`; group `g` holds the channels
//! `g · channels/groups .. (g + 1) · channels/groups`.

use bytemuck::{Pod, Zeroable};
use maskov_gpu::{Bind, Buffer, Kernel, Pass, Result};

use crate::group_norm_partials::partials_len;
use crate::require;

/// One workgroup per group, over the partials of [`group_norm_partials`](crate::group_norm_partials).
pub static KERNEL: Kernel = Kernel {
    name: "group_norm_stats",
    wgsl: wgsl!("common/reduce", "group_norm_stats"),
    binds: &[Bind::Uniform, Bind::Read, Bind::ReadWrite],
    workgroup: [256, 1, 1],
};

/// Must match `struct Params` in shaders/group_norm_stats.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Params {
    rows: u32,
    channels: u32,
    group_channels: u32,
    eps: f32,
}

/// Records the statistics of a tensor from its `partials`. Errors:
/// [`GpuError::Shape`](maskov_gpu::GpuError::Shape) where buffers are too short or groups do not divide the channels.
pub fn group_norm_stats(
    pass: &mut Pass<'_>,
    [rows, channels, groups]: [usize; 3],
    eps: f32,
    partials: &Buffer,
    stats: &Buffer,
) -> Result<()> {
    let fits = groups > 0
        && channels.is_multiple_of(groups)
        && partials.len() >= partials_len(rows, channels)
        && stats.len() >= 2 * groups;
    require(&KERNEL, fits, || {
        let (partials, stats) = (partials.len(), stats.len());
        format!(
            "partials of {partials} and stats of {stats} words for {rows} × {channels} in {groups} groups"
        )
    })?;
    let params = Params {
        rows: rows as u32,
        channels: channels as u32,
        group_channels: (channels / groups) as u32,
        eps,
    };
    pass.dispatch(&KERNEL, &[], &params, &[partials.into(), stats.into()], [groups as u32, 1, 1])
}

/// What the kernel means. Sums in f64: a group may hold millions of values.
pub fn group_norm_stats_cpu(x: &[f32], channels: usize, groups: usize, eps: f32) -> Vec<[f32; 2]> {
    let size = channels / groups;
    let count = (x.len() / groups) as f64;
    let mut sums = vec![[0.0f64; 2]; groups];
    for row in x.chunks_exact(channels) {
        for (values, [sum, squares]) in row.chunks_exact(size).zip(&mut sums) {
            for value in values {
                *sum += f64::from(*value);
                *squares += f64::from(*value) * f64::from(*value);
            }
        }
    }
    let stats = |[sum, squares]: [f64; 2]| {
        let mean = sum / count;
        let variance = (squares / count - mean * mean).max(0.0);
        [mean as f32, (1.0 / (variance + f64::from(eps)).sqrt()) as f32]
    };
    sums.into_iter().map(stats).collect()
}

#[cfg(test)]
mod tests {
    use crate::group_norm_partials::group_norm_partials;
    use maskov_gpu::testing::{Guarded, Seeded, Tolerance, assert_close, gpu};

    use super::*;

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn group_norm_stats_matches_cpu() {
        let gpu = gpu().await;
        for [rows, channels, groups] in
            [[1, 2, 1], [63, 6, 3], [64, 64, 16], [65, 60, 4], [576, 144, 16], [16_384, 32, 32]]
        {
            let mut seeded = Seeded::new(24);
            let x = seeded.values(rows * channels);
            compare(&gpu, &x, [rows, channels, groups]).await;
        }
    }

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn a_large_mean_costs_no_digits() {
        let gpu = gpu().await;
        // The squares of these values differ in their last place only. One block shows the sums within, many the sums
        // over blocks.
        for [rows, channels, groups] in [[64, 16, 16], [65_535, 8, 2]] {
            let values = Seeded::new(25).values(rows * channels);
            let x: Vec<f32> = values.iter().map(|x| 1000.0 + 0.5 * x).collect();
            compare(&gpu, &x, [rows, channels, groups]).await;
        }
    }

    async fn compare(gpu: &maskov_gpu::Gpu, x: &[f32], [rows, channels, groups]: [usize; 3]) {
        let x_buffer = gpu.upload("x", x).expect("fits");
        let partials = gpu.create("partials", partials_len(rows, channels)).expect("fits");
        let stats = Guarded::new(gpu, 2 * groups);
        let mut pass = gpu.pass();
        group_norm_partials(&mut pass, &x_buffer, rows, channels, &partials).expect("shapes fit");
        group_norm_stats(&mut pass, [rows, channels, groups], 1e-5, &partials, &stats.buffer)
            .expect("shapes fit");
        pass.submit().expect("the device works");
        let expected = group_norm_stats_cpu(x, channels, groups, 1e-5).concat();
        // The mean is good to its last place, the deviation to a hundred-thousandth.
        let what = format!("{rows} × {channels}, {groups} groups");
        let got = stats.read(gpu).await;
        let every = |offset: usize, values: &[f32]| {
            values.iter().copied().skip(offset).step_by(2).collect::<Vec<_>>()
        };
        let mean = Tolerance { abs: 1e-6, rel: 6e-8 };
        assert_close(&format!("{what}: mean"), &every(0, &got), &every(0, &expected), mean);
        let deviation = Tolerance { abs: 0.0, rel: 1e-5 };
        assert_close(&format!("{what}: 1/deviation"), &every(1, &got), &every(1, &expected), deviation);
    }
}
