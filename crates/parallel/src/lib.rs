//! Work over runs of a slice: on all cores natively, one after the other in wasm (one thread).

/// Values below which the start of a second thread costs more than it brings.
const WORTH_A_THREAD: usize = 16 * 1024;

/// Calls `work(first index, run)` for runs of `run_len` items; the last may be shorter. Order is not promised.
pub fn for_each_run<T: Send>(items: &mut [T], run_len: usize, work: impl Fn(usize, &mut [T]) + Sync) {
    let run_len = run_len.max(1);
    // A single run isn't worth waking another thread.
    if items.len() <= run_len {
        return work(0, items);
    }
    #[cfg(not(target_arch = "wasm32"))]
    {
        use rayon::prelude::*;
        items.par_chunks_mut(run_len).enumerate().for_each(|(run, items)| work(run * run_len, items));
    }
    #[cfg(target_arch = "wasm32")]
    for (run, items) in items.chunks_mut(run_len).enumerate() {
        work(run * run_len, items);
    }
}

/// Calls `work(first row, rows)` for blocks of at most `max_rows` whole rows of `y`, which has rows of `columns` values.
pub fn for_row_blocks(
    y: &mut [f32],
    columns: usize,
    max_rows: usize,
    work: impl Fn(usize, &mut [f32]) + Sync,
) {
    let rows = block_rows(y, columns, max_rows);
    for_each_run(y, rows * columns, |first, y| work(first / columns, y));
}

/// The same for two matrices of as many rows: `work(first row, rows of y, rows of z)`.
pub fn for_row_blocks_of_two(
    (y, columns): (&mut [f32], usize),
    (z, z_columns): (&mut [f32], usize),
    max_rows: usize,
    work: impl Fn(usize, &mut [f32], &mut [f32]) + Sync,
) {
    debug_assert_eq!(y.len() / columns, z.len() / z_columns);
    let rows = block_rows(y, columns, max_rows);
    let mut blocks: Vec<_> = y.chunks_mut(rows * columns).zip(z.chunks_mut(rows * z_columns)).collect();
    for_each_run(&mut blocks, 1, |block, blocks| {
        for (y, z) in blocks {
            work(block * rows, y, z);
        }
    });
}

fn block_rows(y: &[f32], columns: usize, max_rows: usize) -> usize {
    let threads = if y.len() < WORTH_A_THREAD { 1 } else { threads() };
    (y.len() / columns).div_ceil(threads).clamp(1, max_rows.max(1))
}

/// A run length that gives each thread one run of `len` items, but none shorter than `at_least`.
pub fn run_len_per_thread(len: usize, at_least: usize) -> usize {
    len.div_ceil(threads()).max(at_least)
}

/// How many threads share the work.
pub fn threads() -> usize {
    #[cfg(not(target_arch = "wasm32"))]
    return rayon::current_num_threads();
    #[cfg(target_arch = "wasm32")]
    return 1;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_visited_once_at_its_index() {
        for run_len in [0, 1, 3, 10, 11] {
            let mut items = vec![0usize; 10];
            for_each_run(&mut items, run_len, |first, run| {
                for (i, item) in run.iter_mut().enumerate() {
                    *item += first + i + 1;
                }
            });
            assert_eq!(items, (1..=10).collect::<Vec<_>>(), "run length {run_len}");
        }
    }

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

            let (mut of_one, mut of_two) = (vec![0.0; rows], vec![0.0; rows * 2]);
            for_row_blocks_of_two((&mut of_one, 1), (&mut of_two, 2), max_rows, |first, y, z| {
                assert!(y.len() <= max_rows && z.len() == 2 * y.len());
                for (row, (y, z)) in y.iter_mut().zip(z.chunks_exact_mut(2)).enumerate() {
                    *y += (first + row) as f32;
                    z.iter_mut().for_each(|z| *z -= (first + row) as f32);
                }
            });
            assert_eq!(of_one, (0..rows).map(|row| row as f32).collect::<Vec<_>>());
            assert_eq!(of_two, (0..rows * 2).map(|i| -((i / 2) as f32)).collect::<Vec<_>>());
        }
    }
}
