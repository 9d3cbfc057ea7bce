//! The threshold of one point: the score of every candidate segment and the best of them.
//!
//! Pixels are ordered by distance, ties row-major; `rank[p]` is a pixel's place. Candidate i is the first i + 1 pixels.
//! Pixel p lies on the outer 4-connected border of the candidates `n(p)..rank(p)`, where `n(p)` is the smallest rank
//! among its 4-neighbours: it joins the border with the first neighbour and leaves it when it joins the segment. So each
//! pixel adds +1 (and its Sobel level) at `n(p)` and −1 at `rank(p)`, and the border's length and sum are prefix sums of
//! those events. The sums are integers; `edge[i] = sum / length` in f32. The edge terms depend on the map alone and are
//! kept; the other three terms make the scan.

use bytemuck::{Pod, Zeroable};
use maskov_gpu::{Bind, Buffer, Kernel, Pass, Result};

use crate::require;

/// One workgroup per run of 4096 candidates; `threshold_best` takes the best of the runs.
pub static KERNEL: Kernel = Kernel {
    name: "threshold_scores",
    wgsl: wgsl!("common/best", "threshold_scores"),
    binds: &[Bind::Uniform, Bind::Read, Bind::Read, Bind::Read, Bind::ReadWrite],
    workgroup: [256, 1, 1],
};

/// Candidates of a workgroup; must match `PER_GROUP` in shaders/threshold_scores.wgsl.
pub const RUN: usize = 4096;

/// Must match `struct Params` in shaders/threshold_scores.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Params {
    candidates: u32,
    positives: u32,
    negative_limit: f32,
}

/// Records the best candidate of each run: `bests` is `[runs, 2]`, an f32 score and a u32 candidate. The other arguments
/// are those of [`threshold_scores_cpu`]. Errors: [`GpuError::Shape`](maskov_gpu::GpuError::Shape) where buffers are too
/// short or there is no positive point.
pub fn threshold_scores(
    pass: &mut Pass<'_>,
    edge: &Buffer,
    thresholds: &Buffer,
    candidates: usize,
    positives: &Buffer,
    positive_count: usize,
    negative_limit: f32,
    bests: &Buffer,
) -> Result<()> {
    let runs = candidates.div_ceil(RUN);
    let fits = edge.len().min(thresholds.len()) >= candidates
        && (1..=positives.len()).contains(&positive_count)
        && bests.len() >= 2 * runs;
    require(&KERNEL, fits, || {
        let lens = [edge, thresholds, positives, bests].map(Buffer::len);
        format!("{lens:?} words for {candidates} candidates and {positive_count} positive points")
    })?;
    let params = Params { candidates: candidates as u32, positives: positive_count as u32, negative_limit };
    let buffers = [edge.into(), thresholds.into(), positives.into(), bests.into()];
    pass.dispatch(&KERNEL, &[], &params, &buffers, [runs as u32, 1, 1])
}

/// The edge term of the first `candidates` candidates: f32 `[candidates]`.
///
/// `rank` is u32 `[height, width]`, a permutation; `levels` are Sobel levels of the same shape.
///
/// # Panics
/// When the lengths differ or there are more candidates than pixels.
pub fn edge_terms_cpu(rank: &[u32], levels: &[u16], width: usize, candidates: usize) -> Vec<f32> {
    assert_eq!(rank.len(), levels.len(), "one level for each rank");
    assert!(width > 0 && candidates <= rank.len(), "candidates are pixels");
    let mut length_events = vec![0i32; candidates];
    let mut sum_events = vec![0i32; candidates];
    for (pixel, (&own, &level)) in rank.iter().zip(levels).enumerate() {
        let joins = first_neighbour_rank(rank, width, pixel);
        if joins >= own {
            continue;
        }
        for (candidate, sign) in [(joins, 1), (own, -1)] {
            if let Some(length) = length_events.get_mut(candidate as usize) {
                *length += sign;
                sum_events[candidate as usize] += sign * i32::from(level);
            }
        }
    }
    let (mut length, mut sum) = (0i32, 0i32);
    let term = |(length_event, sum_event): (i32, i32)| {
        length += length_event;
        sum += sum_event;
        if length > 0 { sum as f32 / length as f32 } else { 0.0 }
    };
    length_events.into_iter().zip(sum_events).map(term).collect()
}

/// The smallest rank among a pixel's 4-neighbours; `u32::MAX` where it has none.
pub(crate) fn first_neighbour_rank(rank: &[u32], width: usize, pixel: usize) -> u32 {
    let x = pixel % width;
    let mut first = u32::MAX;
    if x > 0 {
        first = first.min(rank[pixel - 1]);
    }
    if x + 1 < width {
        first = first.min(rank[pixel + 1]);
    }
    if pixel >= width {
        first = first.min(rank[pixel - width]);
    }
    if pixel + width < rank.len() {
        first = first.min(rank[pixel + width]);
    }
    first
}

/// The candidate of the highest score `edge · positive · negative`, the first one on ties; 0 when all scores are 0.
///
/// `thresholds` are the candidates' distances, ascending, as long as `edge`; the prior is 1 for exactly these.
/// `positives` are the distances of the positive points (any order, at least one); the negative term is 1 below
/// `negative_limit`.
///
/// # Panics
/// When `thresholds` and `edge` differ in length.
pub fn threshold_scores_cpu(
    edge: &[f32],
    thresholds: &[f32],
    positives: &[f32],
    negative_limit: f32,
) -> usize {
    assert_eq!(edge.len(), thresholds.len(), "one threshold for each candidate");
    let mut positives = positives.to_vec();
    positives.sort_by(f32::total_cmp);
    let (mut reached, mut best, mut best_score) = (0, 0, 0.0f32);
    for (candidate, (&edge, &threshold)) in edge.iter().zip(thresholds).enumerate() {
        if threshold >= negative_limit {
            break;
        }
        while reached < positives.len() && positives[reached] <= threshold {
            reached += 1;
        }
        let score = edge * (reached as f32 / positives.len() as f32);
        if score > best_score {
            (best, best_score) = (candidate, score);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use maskov_gpu::testing::{Seeded, gpu};

    use super::{RUN, threshold_scores};
    use super::{edge_terms_cpu, threshold_scores_cpu};
    use crate::threshold_best::threshold_best;

    /// The definition, candidate by candidate: collect the border of the first i + 1 pixels and average.
    fn edge_term_by_definition(rank: &[u32], levels: &[u16], width: usize, candidate: u32) -> f32 {
        let inside = |x: i64, y: i64| {
            let in_image = x >= 0 && y >= 0 && x < width as i64 && y < (rank.len() / width) as i64;
            in_image && rank[y as usize * width + x as usize] <= candidate
        };
        let (mut sum, mut length) = (0u32, 0u32);
        for (pixel, &level) in levels.iter().enumerate() {
            let (x, y) = ((pixel % width) as i64, (pixel / width) as i64);
            let touches = inside(x - 1, y) || inside(x + 1, y) || inside(x, y - 1) || inside(x, y + 1);
            if !inside(x, y) && touches {
                sum += u32::from(level);
                length += 1;
            }
        }
        sum as f32 / length as f32
    }

    #[test]
    fn prefix_sums_give_the_border_mean_of_the_definition() {
        for (width, height) in [(2usize, 1usize), (1, 5), (7, 6), (9, 4)] {
            let len = width * height;
            // A permutation that jumps about, so that segments have holes and several parts.
            let step = (5..5 + len)
                .find(|&step| gcd(step, len) == 1)
                .expect("one of any len numbers in a row is coprime");
            let rank: Vec<u32> = (0..len).map(|i| ((i * step + 3) % len) as u32).collect();
            let levels: Vec<u16> = (0..len).map(|i| ((i * 271) % 1025) as u16).collect();
            let terms = edge_terms_cpu(&rank, &levels, width, len - 1);
            for (candidate, term) in terms.iter().enumerate() {
                let want = edge_term_by_definition(&rank, &levels, width, candidate as u32);
                assert_eq!(*term, want, "{width}×{height}, candidate {candidate}");
            }
        }
    }

    fn gcd(a: usize, b: usize) -> usize {
        if b == 0 { a } else { gcd(b, a % b) }
    }

    #[test]
    fn fewer_candidates_are_a_prefix() {
        let rank: Vec<u32> = vec![3, 0, 5, 1, 4, 2];
        let levels = [5u16, 6, 7, 8, 9, 10];
        assert_eq!(edge_terms_cpu(&rank, &levels, 3, 2), edge_terms_cpu(&rank, &levels, 3, 5)[..2]);
        assert!(edge_terms_cpu(&[0], &[0], 1, 0).is_empty());
    }

    #[test]
    fn the_first_best_candidate_wins_within_the_limits() {
        let edge = [1.0, 4.0, 4.0, 9.0];
        let thresholds = [0.0, 0.1, 0.2, 0.3];
        assert_eq!(threshold_scores_cpu(&edge, &thresholds, &[0.0], 1.0), 3);
        assert_eq!(
            threshold_scores_cpu(&edge, &thresholds, &[0.0], 0.3),
            1,
            "the limit itself is out; first of a tie"
        );
        assert_eq!(
            threshold_scores_cpu(&edge, &thresholds, &[0.0, 0.2], 0.3),
            2,
            "reaching both positives counts"
        );
        assert_eq!(threshold_scores_cpu(&edge, &thresholds, &[0.0], 0.0), 0, "all scores 0: candidate 0");
        assert_eq!(threshold_scores_cpu(&[], &[], &[0.0], 1.0), 0);
    }

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn threshold_scores_matches_cpu() {
        let gpu = gpu().await;
        for candidates in [0, 1, 255, 256, 257, RUN - 1, RUN, RUN + 1, 50_000] {
            let mut seeded = Seeded::new(10);
            // Few different terms, so that there are many ties, across runs too.
            let edge: Vec<f32> = (0..candidates).map(|_| seeded.below(40) as f32).collect();
            let thresholds: Vec<f32> = (0..candidates).map(|i| i as f32 / candidates as f32).collect();
            let edge_buffer = gpu.upload("edge", &edge).expect("fits");
            let thresholds_buffer = gpu.upload("thresholds", &thresholds).expect("fits");
            for (positives, limit) in
                [(vec![0.0], 1.0f32), (vec![0.3, 0.0, 0.3], 0.9), (vec![0.0, 2.0], 0.4), (vec![0.0], 0.0)]
            {
                let positives_buffer = gpu.upload("positives", &positives).expect("fits");
                let bests = gpu.create("bests", 2 * candidates.div_ceil(RUN).max(1)).expect("fits");
                let chosen = gpu.create("chosen", 4).expect("fits");
                let mut pass = gpu.pass();
                threshold_scores(
                    &mut pass,
                    &edge_buffer,
                    &thresholds_buffer,
                    candidates,
                    &positives_buffer,
                    positives.len(),
                    limit,
                    &bests,
                )
                .expect("fits");
                threshold_best(&mut pass, &bests, &thresholds_buffer, candidates, &chosen, 1).expect("fits");
                pass.submit().expect("the device works");
                let expected = threshold_scores_cpu(&edge, &thresholds, &positives, limit);
                let threshold = thresholds.get(expected).copied().unwrap_or(0.0);
                let chosen: Vec<u32> = gpu.read(&chosen).await.expect("reads");
                let what = format!("{candidates} candidates, {positives:?}, {limit}");
                assert_eq!(chosen, [0, 0, expected as u32, threshold.to_bits()], "{what}");
            }
        }
    }

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn a_score_without_positive_points_is_refused() {
        let gpu = gpu().await;
        let buffer = gpu.create("all", 8).expect("fits");
        let error = threshold_scores(&mut gpu.pass(), &buffer, &buffer, 4, &buffer, 0, 1.0, &buffer)
            .expect_err("the positive term divides by their number");
        assert!(error.to_string().contains("0 positive points"), "{error}");
    }
}
