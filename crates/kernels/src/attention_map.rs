//! Adds one layer's share to the attention map: `map += weight · mean over heads of softmax(QKᵀ/√d)`.
//!
//! | tensor | shape | layout |
//! |---|---|---|
//! | q | `[queries, heads · d]` | f32, row-major |
//! | k | `[keys, heads · d]` | f32, row-major |
//! | stats | `[heads, queries, 2]` | f32, from [`attention_row_stats`](crate::attention_row_stats) |
//! | map | `[queries, keys]` | f32, row-major |
//!
//! When all layers are in, [`normalize_rows`](crate::normalize_rows) makes rows sum to 1.

use crate::attention::head_scores;

/// What the kernel means; `channels = heads · d`.
pub fn attention_map_cpu(
    q: &[f32],
    k: &[f32],
    stats: &[[f32; 2]],
    channels: usize,
    heads: usize,
    weight: f32,
    map: &mut [f32],
) {
    let d = channels / heads;
    let (queries, keys) = (q.len() / channels, k.len() / channels);
    let share = weight / heads as f32;
    for (query, (q, row)) in q
        .chunks_exact(channels)
        .zip(map.chunks_exact_mut(keys))
        .enumerate()
    {
        for head in 0..heads {
            let [max, sum] = stats[head * queries + query];
            let scores = head_scores(&q[head * d..(head + 1) * d], k, channels, head * d);
            for (score, entry) in scores.iter().zip(&mut *row) {
                *entry += share * (score - max).exp() / sum;
            }
        }
    }
}
