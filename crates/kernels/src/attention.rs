//! Multi-head attention: per head `softmax(QKᵀ/√d) V`.
//!
//! | tensor | shape | layout |
//! |---|---|---|
//! | q, y | `[queries, heads · d]` | f32, row-major |
//! | k, v | `[keys, heads · d]` | f32, row-major |
//!
//! Head `h` is the channels `h · d .. (h + 1) · d`. With `causal` a query sees the keys up to its own place.

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
    for (query, (q, y)) in q
        .chunks_exact(channels)
        .zip(y.chunks_exact_mut(channels))
        .enumerate()
    {
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
