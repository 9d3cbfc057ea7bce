//! The threshold of a point on the CPU.

use maskov_kernels::sobel::{sobel_cpu, sobel_levels_cpu};
use maskov_kernels::threshold_scores::{edge_terms_cpu, threshold_scores_cpu};

use crate::order::{order_by_value, rank_by_value};
use crate::settings::MethodSettings;

/// What a point's threshold needs and its distance map alone decides: kept as long as the map is.
#[derive(Clone, Debug)]
pub struct EdgeProfile {
    /// The edge term of each candidate that the prior lets through.
    edge: Vec<f32>,
    /// The candidates' distances, ascending.
    thresholds: Vec<f32>,
}

impl EdgeProfile {
    /// The profile of a distance map f32 `[height, width]`.
    ///
    /// # Panics
    /// When `distances` is not a whole number of rows.
    pub fn new(distances: &[f32], width: usize, settings: &MethodSettings) -> Self {
        let candidates = candidate_count(distances.len(), settings.max_segment_area);
        let order = order_by_value(distances);
        let edge = edge_terms(distances, width, &order, candidates);
        let thresholds = order[..candidates].iter().map(|&pixel| distances[pixel as usize]).collect();
        Self { edge, thresholds }
    }

    /// The threshold θ: the distance of the best candidate.
    ///
    /// `positives` are the distances of the points of this point's own label, itself among them; `negative_limit` is
    /// the smallest of the map's maximum and the distances of the other label's points.
    pub fn threshold(&self, positives: &[f32], negative_limit: f32) -> f32 {
        let best = threshold_scores_cpu(&self.edge, &self.thresholds, positives, negative_limit);
        // Without candidates (one or two pixels) candidate 0 is the click itself, at distance 0.
        self.thresholds.get(best).copied().unwrap_or(0.0)
    }
}

/// The edge term of each of the first `candidates` pixels of an order, by the slopes of a map f32 `[height, width]`.
pub(crate) fn edge_terms(map: &[f32], width: usize, order: &[u32], candidates: usize) -> Vec<f32> {
    let rank = rank_by_value(order);
    let mut magnitudes = vec![0.0; map.len()];
    let largest = sobel_cpu(map, width, 0..map.len() / width, &mut magnitudes);
    let mut levels = vec![0; map.len()];
    sobel_levels_cpu(&magnitudes, largest, &mut levels);
    edge_terms_cpu(&rank, &levels, width, candidates)
}

/// How many candidates of an image of `pixels` pixels have a prior of 1: those with `i/(n−1) < area`, `n = pixels − 1`.
pub fn candidate_count(pixels: usize, area: f64) -> usize {
    let candidates = pixels.saturating_sub(1);
    if candidates < 2 {
        return 0;
    }
    let last = (candidates - 1) as f64;
    let passes = |i: usize| (i as f64 / last) < area;
    let mut count = ((area * last).ceil() as usize).min(candidates);
    while count < candidates && passes(count) {
        count += 1;
    }
    while count > 0 && !passes(count - 1) {
        count -= 1;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::{EdgeProfile, candidate_count};
    use crate::settings::MethodSettings;

    #[test]
    fn the_prior_lets_through_what_its_formula_does() {
        for pixels in 0..200usize {
            for area in [0.01, 0.4, 0.5, 1.0] {
                let n = pixels.saturating_sub(1);
                let want = (0..n).filter(|&i| (i as f64 / (n as f64 - 1.0)) < area).count();
                assert_eq!(candidate_count(pixels, area), want, "{pixels} pixels, area {area}");
            }
        }
    }

    #[test]
    fn the_threshold_stops_at_the_edge() {
        // A block at distance 0.1 in a field at 1, the click at its corner.
        let mut distances = vec![1.0f32; 100];
        for y in 0..4 {
            distances[y * 10..y * 10 + 4].fill(0.1);
        }
        distances[0] = 0.0;
        let profile = EdgeProfile::new(&distances, 10, &MethodSettings::default());
        assert_eq!(profile.threshold(&[0.0], 1.0), 0.1);
        assert_eq!(profile.threshold(&[0.0], 0.1), 0.0, "a negative point in the block");
    }

    #[test]
    fn tiny_images_have_a_threshold() {
        let settings = MethodSettings::default();
        assert_eq!(EdgeProfile::new(&[0.0], 1, &settings).threshold(&[0.0], 0.0), 0.0);
        assert_eq!(EdgeProfile::new(&[1.0, 0.0], 1, &settings).threshold(&[0.0], 1.0), 0.0);
        assert_eq!(EdgeProfile::new(&[0.0, 0.5, 1.0], 3, &settings).threshold(&[0.0], 1.0), 0.0);
    }
}
