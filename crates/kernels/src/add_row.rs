//! Adds one row to every row: the time embedding.
//!
//! | tensor | shape | layout |
//! |---|---|---|
//! | x, y | `[rows, channels]` | f32, row-major |
//! | row | `[channels]` | f32 |

/// What the kernel means.
pub fn add_row_cpu(x: &[f32], row: &[f32], y: &mut [f32]) {
    for (x, y) in x.chunks_exact(row.len()).zip(y.chunks_exact_mut(row.len())) {
        for ((x, row), y) in x.iter().zip(row).zip(y) {
            *y = x + row;
        }
    }
}
