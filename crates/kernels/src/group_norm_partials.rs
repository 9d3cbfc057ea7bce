//! The first step of group statistics: every channel over blocks of [`BLOCK_ROWS`] rows.
//!
//! | tensor | shape | layout |
//! |---|---|---|
//! | x | `[rows, channels]` | f32, row-major |
//! | partials | `[blocks, channels, 2]` | f32: mean, sum of squared deviations from that mean |
//!
//! One f32 sum over a group of millions of values would lose digits; sums of 64, put together by
//! [`group_norm_stats`](crate::group_norm_stats), do not. The last block may be shorter.

use bytemuck::{Pod, Zeroable};
use maskov_gpu::{Bind, Buffer, Kernel, Pass, Result};

use crate::require;

/// One invocation per channel and block: neighbours read neighbouring channels.
pub static KERNEL: Kernel = Kernel {
    name: "group_norm_partials",
    wgsl: wgsl!("group_norm_partials"),
    binds: &[Bind::Uniform, Bind::Read, Bind::ReadWrite],
    workgroup: [64, 1, 1],
};

/// Rows of a block; must match `BLOCK_ROWS` in shaders/group_norm_partials.wgsl and shaders/group_norm_stats.wgsl.
pub const BLOCK_ROWS: usize = 64;

/// Must match `struct Params` in shaders/group_norm_partials.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Params {
    rows: u32,
    channels: u32,
}

/// Words that the partials of a `[rows, channels]` tensor take.
pub fn partials_len(rows: usize, channels: usize) -> usize {
    rows.div_ceil(BLOCK_ROWS) * channels * 2
}

/// Records the partials of `x`. Errors: [`GpuError::Shape`](maskov_gpu::GpuError::Shape) where buffers are too short.
pub fn group_norm_partials(
    pass: &mut Pass<'_>,
    x: &Buffer,
    rows: usize,
    channels: usize,
    partials: &Buffer,
) -> Result<()> {
    let fits = x.len() >= rows * channels && partials.len() >= partials_len(rows, channels);
    require(&KERNEL, fits, || {
        format!("x of {} and partials of {} words for {rows} × {channels}", x.len(), partials.len())
    })?;
    let params = Params { rows: rows as u32, channels: channels as u32 };
    let groups =
        [channels.div_ceil(KERNEL.workgroup[0] as usize) as u32, rows.div_ceil(BLOCK_ROWS) as u32, 1];
    pass.dispatch(&KERNEL, &[], &params, &[x.into(), partials.into()], groups)
}

/// What the kernel means.
pub fn group_norm_partials_cpu(x: &[f32], channels: usize) -> Vec<[f32; 2]> {
    let mut partials = Vec::new();
    for block in x.chunks(BLOCK_ROWS * channels) {
        for channel in 0..channels {
            let values = || block.iter().skip(channel).step_by(channels).map(|&x| f64::from(x));
            let mean = values().sum::<f64>() / values().count() as f64;
            let squares: f64 = values().map(|x| (x - mean) * (x - mean)).sum();
            partials.push([mean as f32, squares as f32]);
        }
    }
    partials
}

#[cfg(test)]
mod tests {
    use maskov_gpu::testing::{Guarded, Seeded, Tolerance, assert_close, gpu};

    use super::*;

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn group_norm_partials_matches_cpu() {
        let gpu = gpu().await;
        for [rows, channels] in [[1, 1], [63, 63], [64, 64], [65, 65], [576, 144]] {
            let x: Vec<f32> = Seeded::new(23).values(rows * channels).iter().map(|x| 5.0 + x).collect();
            let x_buffer = gpu.upload("x", &x).expect("fits");
            let partials = Guarded::new(&gpu, partials_len(rows, channels));
            let mut pass = gpu.pass();
            group_norm_partials(&mut pass, &x_buffer, rows, channels, &partials.buffer).expect("shapes fit");
            pass.submit().expect("the device works");
            let expected = group_norm_partials_cpu(&x, channels).concat();
            let what = format!("{rows} × {channels}");
            assert_close(&what, &partials.read(&gpu).await, &expected, Tolerance::POINTWISE);
        }
    }
}
