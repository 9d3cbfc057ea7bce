//! Multi-head attention: per head `softmax(QKᵀ/√d) V`.
//!
//! | tensor | shape | layout |
//! |---|---|---|
//! | q, y | `[queries, heads · d]` | f32, row-major |
//! | k, v | `[keys, heads · d]` | f32, row-major |
//!
//! Head `h` is the channels `h · d .. (h + 1) · d`. With `causal` a query sees the keys up to its own place.

use bytemuck::{Pod, Zeroable};
use maskov_gpu::{Bind, Buffer, Kernel, Pass, Result};

use crate::require;

/// 32 queries × up to 160 channels of one head per workgroup.
pub static KERNEL: Kernel = Kernel {
    name: "attention",
    wgsl: wgsl!("common/score_tile", "common/online_softmax", "attention"),
    binds: &[Bind::Uniform, Bind::Read, Bind::Read, Bind::Read, Bind::ReadWrite],
    workgroup: [8, 8, 1],
};

/// Must match `struct Params` in shaders/attention.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Params {
    queries: u32,
    keys: u32,
    channels: u32,
    head_dim: u32,
    scale: f32,
    causal: u32,
}

/// Side of a workgroup's tile of scores; must match `TILE` in shaders/common/score_tile.wgsl.
pub(crate) const TILE: usize = 32;

/// Channels of a head that one workgroup's registers hold, at most; a multiple of 32.
const MAX_COLUMNS: usize = 160;

/// What an attention layer reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layer {
    /// Rows of `q`.
    pub queries: usize,
    /// Rows of `k` and `v`.
    pub keys: usize,
    /// `heads · d`
    pub channels: usize,
    /// Number of heads.
    pub heads: usize,
}

impl Layer {
    /// Channels of one head.
    pub fn head_dim(&self) -> usize {
        self.channels / self.heads
    }

    /// `1/√d`
    pub(crate) fn scale(&self) -> f32 {
        1.0 / (self.head_dim() as f32).sqrt()
    }

    /// Whether there is something to compute and the heads divide the channels.
    pub(crate) fn is_valid(&self) -> bool {
        self.heads > 0 && self.keys > 0 && self.head_dim() > 0 && self.channels.is_multiple_of(self.heads)
    }
}

/// Records the attention of every head; no matrix of scores is stored. Errors:
/// [`GpuError::Shape`](maskov_gpu::GpuError::Shape) where buffers are too short, there are no keys, or heads do not divide
/// the channels.
pub fn attention(
    pass: &mut Pass<'_>,
    q: &Buffer,
    k: &Buffer,
    v: &Buffer,
    layer: Layer,
    causal: bool,
    y: &Buffer,
) -> Result<()> {
    let Layer { queries, keys, channels, heads } = layer;
    let lens = [q.len(), k.len(), v.len(), y.len()];
    let needs = [queries * channels, keys * channels, keys * channels, queries * channels];
    let fits = layer.is_valid() && lens.iter().zip(needs).all(|(&has, needs)| has >= needs);
    require(&KERNEL, fits, || format!("{lens:?} words for {layer:?}"))?;
    let params = Params {
        queries: queries as u32,
        keys: keys as u32,
        channels: channels as u32,
        head_dim: layer.head_dim() as u32,
        scale: layer.scale(),
        causal: u32::from(causal),
    };
    // As few workgroups as may be compute scores anew for a wide head; a narrow one keeps registers free.
    let columns = layer.head_dim().div_ceil(layer.head_dim().div_ceil(MAX_COLUMNS)).next_multiple_of(32);
    let groups = [queries.div_ceil(TILE) as u32, heads as u32, layer.head_dim().div_ceil(columns) as u32];
    let buffers = [q, k, v, y].map(Into::into);
    pass.dispatch(&KERNEL, &[("COLUMNS", columns as f64)], &params, &buffers, groups)
}

/// What the kernel means; `channels = heads · d`.
pub fn attention_cpu(
    q: &[f32],
    k: &[f32],
    v: &[f32],
    channels: usize,
    heads: usize,
    causal: bool,
    y: &mut [f32],
) {
    let d = channels / heads;
    let keys = k.len() / channels;
    for (query, (q, y)) in q.chunks_exact(channels).zip(y.chunks_exact_mut(channels)).enumerate() {
        let visible = if causal { (query + 1).min(keys) } else { keys };
        for head in (0..channels).step_by(d) {
            let scores = head_scores(&q[head..head + d], &k[..visible * channels], channels, head);
            let max = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let sum: f32 = scores.iter().map(|score| (score - max).exp()).sum();
            y[head..head + d].fill(0.0);
            for (score, v) in scores.iter().zip(v.chunks_exact(channels)) {
                let share = (score - max).exp() / sum;
                for (v, y) in v[head..head + d].iter().zip(&mut y[head..head + d]) {
                    *y += share * v;
                }
            }
        }
    }
}

/// `q · k / √d` for every key, where `q` is one head of one query and `head` that head's first channel.
pub(crate) fn head_scores(q: &[f32], k: &[f32], channels: usize, head: usize) -> Vec<f32> {
    let scale = 1.0 / (q.len() as f32).sqrt();
    let dot = |k: &[f32]| q.iter().zip(&k[head..]).map(|(q, k)| q * k).sum::<f32>();
    k.chunks_exact(channels).map(|k| dot(k) * scale).collect()
}

#[cfg(test)]
mod tests {
    use maskov_gpu::testing::{Guarded, Seeded, Tolerance, assert_close, gpu};

    use super::*;

    /// `[queries, keys, heads, head_dim]`: one, around a tile's side, every width of head that models have, prompts of
    /// 77 tokens and of one.
    const SHAPES: [[usize; 4]; 14] = [
        [1, 1, 1, 1],
        [31, 31, 2, 31],
        [32, 32, 2, 32],
        [33, 33, 2, 33],
        [40, 70, 2, 4],
        [64, 77, 4, 40],
        [64, 1, 4, 64],
        [64, 64, 2, 65],
        [64, 100, 2, 80],
        [50, 70, 1, 160],
        [40, 65, 1, 512],
        [40, 65, 1, 128],
        [33, 70, 3, 96],
        [576, 576, 2, 48],
    ];

    async fn compare(
        gpu: &maskov_gpu::Gpu,
        [queries, keys, heads, head_dim]: [usize; 4],
        causal: bool,
        size: f32,
    ) {
        let channels = heads * head_dim;
        let mut seeded = Seeded::new(26);
        let q: Vec<f32> = seeded.values(queries * channels).iter().map(|x| size * x).collect();
        let (k, v) = (seeded.values(keys * channels), seeded.values(keys * channels));
        let [q_buffer, k_buffer, v_buffer] =
            [&q, &k, &v].map(|values| gpu.upload("input", values).expect("fits"));
        let y = Guarded::new(gpu, queries * channels);
        let mut pass = gpu.pass();
        let layer = Layer { queries, keys, channels, heads };
        attention(&mut pass, &q_buffer, &k_buffer, &v_buffer, layer, causal, &y.buffer).expect("shapes fit");
        pass.submit().expect("the device works");
        let mut expected = vec![0.0; queries * channels];
        attention_cpu(&q, &k, &v, channels, heads, causal, &mut expected);
        let what = format!("{layer:?}, causal {causal}, size {size}");
        assert_close(&what, &y.read(gpu).await, &expected, Tolerance::REDUCTION);
    }

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn attention_matches_cpu() {
        let gpu = gpu().await;
        for shape in SHAPES {
            compare(&gpu, shape, false, 1.0).await;
        }
    }

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn causal_attention_matches_cpu() {
        let gpu = gpu().await;
        for shape in [[1, 1, 1, 1], [33, 33, 2, 16], [77, 77, 2, 64], [77, 77, 1, 80]] {
            compare(&gpu, shape, true, 1.0).await;
        }
    }

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn large_scores_match_cpu() {
        // Scores of some ±80: a softmax without its maximum would overflow.
        compare(&gpu().await, [70, 70, 1, 64], false, 100.0).await;
    }

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn heads_that_do_not_divide_the_channels_are_refused() {
        let gpu = gpu().await;
        let x = gpu.create("x", 100).expect("fits");
        let y = gpu.create("y", 100).expect("fits");
        let layer = Layer { queries: 2, keys: 2, channels: 10, heads: 4 };
        let error = attention(&mut gpu.pass(), &x, &x, &x, layer, false, &y).expect_err("10 is not 4 · d");
        assert!(error.to_string().contains("heads: 4"), "{error}");
    }
}
