//! What a softmax over `QKᵀ/√d` needs of each row: its largest score and the sum of the exponentials.
//!
//! | tensor | shape | layout |
//! |---|---|---|
//! | q | `[queries, heads · d]` | f32, row-major |
//! | k | `[keys, heads · d]` | f32, row-major |
//! | stats | `[heads, queries, 2]` | f32: `max`, `Σ exp(score − max)` |
//!
//! With these, [`attention_map`](crate::attention_map) adds up all heads without ever holding one head's matrix.

use bytemuck::{Pod, Zeroable};
use maskov_gpu::{Bind, Buffer, Kernel, Pass, Result};

use crate::attention::{Layer, TILE, head_scores};
use crate::require;

/// 32 queries of one head per workgroup.
pub static KERNEL: Kernel = Kernel {
    name: "attention_row_stats",
    wgsl: wgsl!("common/score_tile", "common/online_softmax", "attention_row_stats"),
    binds: &[Bind::Uniform, Bind::Read, Bind::Read, Bind::ReadWrite],
    workgroup: [8, 8, 1],
};

/// Must match `struct Params` in shaders/attention_row_stats.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Params {
    queries: u32,
    keys: u32,
    channels: u32,
    head_dim: u32,
    scale: f32,
}

/// Records the statistics of every row of every head. Errors: [`GpuError::Shape`](maskov_gpu::GpuError::Shape) where
/// buffers are too short, there are no keys, or heads do not divide the channels.
pub fn attention_row_stats(
    pass: &mut Pass<'_>,
    q: &Buffer,
    k: &Buffer,
    layer: Layer,
    stats: &Buffer,
) -> Result<()> {
    let Layer { queries, keys, channels, heads } = layer;
    let lens = [q.len(), k.len(), stats.len()];
    let needs = [queries * channels, keys * channels, 2 * heads * queries];
    let fits = layer.is_valid() && lens.iter().zip(needs).all(|(&has, needs)| has >= needs);
    require(&KERNEL, fits, || format!("{lens:?} words for {layer:?}"))?;
    let params = Params {
        queries: queries as u32,
        keys: keys as u32,
        channels: channels as u32,
        head_dim: layer.head_dim() as u32,
        scale: layer.scale(),
    };
    let groups = [queries.div_ceil(TILE) as u32, heads as u32, 1];
    pass.dispatch(&KERNEL, &[], &params, &[q, k, stats].map(Into::into), groups)
}

/// What the kernel means; `channels = heads · d`.
pub fn attention_row_stats_cpu(q: &[f32], k: &[f32], channels: usize, heads: usize) -> Vec<[f32; 2]> {
    let d = channels / heads;
    let queries = q.len() / channels;
    let mut stats = Vec::with_capacity(heads * queries);
    for head in (0..channels).step_by(d) {
        for q in q.chunks_exact(channels) {
            let scores = head_scores(&q[head..head + d], k, channels, head);
            let max = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            stats.push([max, scores.iter().map(|score| (score - max).exp()).sum()]);
        }
    }
    stats
}

#[cfg(test)]
mod tests {
    use maskov_gpu::testing::{Guarded, Seeded, Tolerance, assert_close, gpu};

    use super::*;

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn attention_row_stats_matches_cpu() {
        let gpu = gpu().await;
        for [queries, keys, heads, head_dim] in [
            [1, 1, 1, 1],
            [31, 31, 2, 31],
            [32, 32, 2, 32],
            [33, 33, 2, 33],
            [64, 77, 8, 40],
            [576, 576, 2, 48],
        ] {
            let channels = heads * head_dim;
            let mut seeded = Seeded::new(27);
            // Scores of some ±10.
            let q: Vec<f32> = seeded.values(queries * channels).iter().map(|x| 10.0 * x).collect();
            let k = seeded.values(keys * channels);
            let [q_buffer, k_buffer] = [&q, &k].map(|values| gpu.upload("input", values).expect("fits"));
            let stats = Guarded::new(&gpu, 2 * heads * queries);
            let mut pass = gpu.pass();
            let layer = Layer { queries, keys, channels, heads };
            attention_row_stats(&mut pass, &q_buffer, &k_buffer, layer, &stats.buffer).expect("shapes fit");
            pass.submit().expect("the device works");
            let expected = attention_row_stats_cpu(&q, &k, channels, heads).concat();
            assert_close(&format!("{layer:?}"), &stats.read(&gpu).await, &expected, Tolerance::REDUCTION);
        }
    }
}
