//! Mean and inverse standard deviation of every group of channels over all pixels.
//!
//! | tensor | shape | layout |
//! |---|---|---|
//! | x | `[rows, channels]` | f32, row-major |
//! | stats | `[groups, 2]` | f32: mean, `1/√(variance + eps)` |
//!
//! The variance is the biased one, as in `torch.nn.GroupNorm`; group `g` holds the channels
//! `g · channels/groups .. (g + 1) · channels/groups`.

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
