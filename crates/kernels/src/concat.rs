//! Channels of `a`, then channels of `b`: every skip connection.
//!
//! | tensor | shape | layout |
//! |---|---|---|
//! | a | `[rows, a_channels]` | f32, row-major |
//! | b | `[rows, b_channels]` | f32, row-major |
//! | y | `[rows, a_channels + b_channels]` | f32, row-major |

/// What the kernel means.
pub fn concat_cpu(a: &[f32], a_channels: usize, b: &[f32], b_channels: usize, y: &mut [f32]) {
    let rows = y.chunks_exact_mut(a_channels + b_channels);
    for ((a, b), y) in a
        .chunks_exact(a_channels)
        .zip(b.chunks_exact(b_channels))
        .zip(rows)
    {
        y[..a_channels].copy_from_slice(a);
        y[a_channels..].copy_from_slice(b);
    }
}
