//! Layer normalisation of every row: `y = (x − mean) / √(variance + eps) · weight + bias`.
//!
//! | tensor | shape | layout |
//! |---|---|---|
//! | x, y | `[rows, channels]` | f32, row-major |
//! | weight, bias | `[channels]` | f32 |

/// What the kernel means. The variance is the biased one, as in `torch.nn.LayerNorm`.
pub fn layer_norm_cpu(x: &[f32], weight: &[f32], bias: &[f32], eps: f32, y: &mut [f32]) {
    let channels = weight.len();
    for (x, y) in x.chunks_exact(channels).zip(y.chunks_exact_mut(channels)) {
        let mean = x.iter().sum::<f32>() / channels as f32;
        let variance = x.iter().map(|x| (x - mean) * (x - mean)).sum::<f32>() / channels as f32;
        let inverse_deviation = 1.0 / (variance + eps).sqrt();
        for (((x, weight), bias), y) in x.iter().zip(weight).zip(bias).zip(y) {
            *y = (x - mean) * inverse_deviation * weight + bias;
        }
    }
}
