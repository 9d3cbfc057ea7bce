//! What a softmax over `QKᵀ/√d` needs of each row: its largest score and the sum of the exponentials.
//!
//! | tensor | shape | layout |
//! |---|---|---|
//! | q | `[queries, heads · d]` | f32, row-major |
//! | k | `[keys, heads · d]` | f32, row-major |
//! | stats | `[heads, queries, 2]` | f32: `max`, `Σ exp(score − max)` |
//!
//! With these, [`attention_map`](crate::attention_map) adds up all heads without ever holding one head's matrix.

use crate::attention::head_scores;

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
