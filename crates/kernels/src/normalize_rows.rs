//! Divides every row by its sum, in place.
//!
//! | tensor | shape | layout |
//! |---|---|---|
//! | map | `[rows, columns]`, sums above zero | f32, row-major |

/// What the kernel means.
pub fn normalize_rows_cpu(map: &mut [f32], columns: usize) {
    for row in map.chunks_exact_mut(columns) {
        let sum: f32 = row.iter().sum();
        for entry in row {
            *entry /= sum;
        }
    }
}
