//! Work over runs of a slice: on all cores natively, one after the other in wasm (one thread).

/// Calls `work(first index, run)` for runs of `run_len` items; the last may be shorter. Order is not promised.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn for_each_run<T: Send>(items: &mut [T], run_len: usize, work: impl Fn(usize, &mut [T]) + Sync) {
    use rayon::prelude::*;

    let run_len = run_len.max(1);
    // A single run isn't worth waking another thread.
    if items.len() <= run_len {
        return work(0, items);
    }
    items.par_chunks_mut(run_len).enumerate().for_each(|(run, items)| work(run * run_len, items));
}

/// Calls `work(first index, run)` for runs of `run_len` items; the last may be shorter.
#[cfg(target_arch = "wasm32")]
pub(crate) fn for_each_run<T: Send>(items: &mut [T], run_len: usize, work: impl Fn(usize, &mut [T]) + Sync) {
    let run_len = run_len.max(1);
    for (run, items) in items.chunks_mut(run_len).enumerate() {
        work(run * run_len, items);
    }
}

/// A run length that gives each thread one run of `len` items, but none shorter than `at_least`.
pub(crate) fn run_len_per_thread(len: usize, at_least: usize) -> usize {
    #[cfg(not(target_arch = "wasm32"))]
    let threads = rayon::current_num_threads();
    #[cfg(target_arch = "wasm32")]
    let threads = 1;
    len.div_ceil(threads).max(at_least)
}

#[cfg(test)]
mod tests {
    use super::for_each_run;

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
}
