//! What the benches share: a median of repeated runs.

use std::time::Instant;

/// Median milliseconds of `runs` calls, after one that is not counted (compilation, caches).
pub fn median_ms(runs: usize, mut call: impl FnMut()) -> f64 {
    call();
    let mut times: Vec<f64> = (0..runs.max(1))
        .map(|_| {
            let start = Instant::now();
            call();
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_call_is_not_counted() {
        let mut calls = 0;
        let ms = median_ms(3, || {
            calls += 1;
            if calls == 1 {
                std::thread::sleep(std::time::Duration::from_millis(200));
            }
        });
        assert_eq!(calls, 4);
        assert!(ms < 100.0, "{ms} ms");
    }
}
