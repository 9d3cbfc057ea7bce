//! The first channels of every row, times a factor: the mean of the VAE's posterior.
//!
//! | tensor | shape | layout |
//! |---|---|---|
//! | x | `[rows, inputs]` | f32, row-major |
//! | y | `[rows, channels]`, `channels ≤ inputs` | f32, row-major |

/// What the kernel means.
pub fn scaled_head_cpu(x: &[f32], inputs: usize, channels: usize, scale: f32, y: &mut [f32]) {
    for (x, y) in x.chunks_exact(inputs).zip(y.chunks_exact_mut(channels)) {
        for (x, y) in x.iter().zip(y) {
            *y = x * scale;
        }
    }
}
