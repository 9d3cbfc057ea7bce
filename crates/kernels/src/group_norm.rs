//! Group normalisation with given statistics, then scale, shift and on request SiLU:
//! `y = f((x − mean) · inverse deviation · weight + bias)`.
//!
//! | tensor | shape | layout |
//! |---|---|---|
//! | x, y | `[rows, channels]` | f32, row-major |
//! | stats | `[groups, 2]` | f32, from [`group_norm_stats`](crate::group_norm_stats) |
//! | weight, bias | `[channels]` | f32 |

use crate::activation::silu;

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
