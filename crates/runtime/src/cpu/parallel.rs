//! Blocks of rows, on all cores natively and one after the other in wasm.

/// Values below which the start of a second thread costs more than it brings.
#[cfg(not(target_arch = "wasm32"))]
const WORTH_A_THREAD: usize = 16 * 1024;

/// Calls `work(first_row, rows)` for blocks of at most `max_rows` whole rows of `y`, which has rows of `columns` values.
#[cfg(not(target_arch = "wasm32"))]
pub fn for_row_blocks(
    y: &mut [f32],
    columns: usize,
    max_rows: usize,
    work: impl Fn(usize, &mut [f32]) + Sync,
) {
    use rayon::prelude::*;
    let threads = if y.len() < WORTH_A_THREAD { 1 } else { rayon::current_num_threads() };
    let rows = (y.len() / columns).div_ceil(threads).clamp(1, max_rows.max(1));
    if y.len() <= rows * columns {
        return work(0, y);
    }
    y.par_chunks_mut(rows * columns).enumerate().for_each(|(block, y)| work(block * rows, y));
}

/// Calls `work(first_row, rows)` for blocks of at most `max_rows` whole rows of `y`, which has rows of `columns` values.
#[cfg(target_arch = "wasm32")]
pub fn for_row_blocks(
    y: &mut [f32],
    columns: usize,
    max_rows: usize,
    work: impl Fn(usize, &mut [f32]) + Sync,
) {
    let rows = max_rows.max(1);
    for (block, y) in y.chunks_mut(rows.saturating_mul(columns)).enumerate() {
        work(block * rows, y);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_met_once() {
        for (rows, max_rows) in [(1, 1), (1000, 7), (1000, usize::MAX), (9999, 4000)] {
            let mut y = vec![0.0; rows * 3];
            for_row_blocks(&mut y, 3, max_rows, |first, y| {
                assert!(y.len() <= max_rows.saturating_mul(3));
                for (row, values) in y.chunks_exact_mut(3).enumerate() {
                    values.iter_mut().for_each(|value| *value += (first + row + 1) as f32);
                }
            });
            let expected: Vec<f32> = (0..rows * 3).map(|i| (i / 3 + 1) as f32).collect();
            assert_eq!(y, expected, "{rows} rows in blocks of {max_rows}");
        }
    }
}
