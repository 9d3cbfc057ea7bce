//! Nearest-neighbour upsampling by 2 on both axes.
//!
//! | tensor | shape | layout |
//! |---|---|---|
//! | x | `[height, width, channels]` | f32, channels-last |
//! | y | `[2 · height, 2 · width, channels]` | f32, channels-last |

/// What the kernel means; `width` and `channels` are those of `x`.
pub fn upsample_nearest_cpu(x: &[f32], width: usize, channels: usize, y: &mut [f32]) {
    for (row, y_row) in y.chunks_exact_mut(2 * width * channels).enumerate() {
        let x_row = &x[row / 2 * width * channels..][..width * channels];
        for (column, y) in y_row.chunks_exact_mut(channels).enumerate() {
            y.copy_from_slice(&x_row[column / 2 * channels..][..channels]);
        }
    }
}
