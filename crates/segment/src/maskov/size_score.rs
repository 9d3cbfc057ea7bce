//! The size that a first click means: a threshold on its distance map.
//!
//! Score of a candidate = the paper's edge term, on `ln(1 + D/C)` instead of D, × a log-normal of the candidate's area ×
//! the share of the clicks of its label that lie inside; 0 from the nearest click of the other label on.

use super::settings::MaskovSettings;
use crate::scoring::{candidate_count, edge_terms};

/// What the threshold needs and the distance map alone decides.
pub(crate) struct SizeProfile {
    /// Edge term × prior of each candidate.
    scores: Vec<f32>,
    /// The candidates' distances in steps, ascending.
    thresholds: Vec<f32>,
}

impl SizeProfile {
    /// The profile of a distance map f32 `[height, width]` in steps, and its pixels by distance.
    pub fn new(distances: &[f32], order: &[u32], width: usize, settings: &MaskovSettings) -> Self {
        let candidates = candidate_count(distances.len(), settings.largest_size.into());
        let logarithms: Vec<f32> =
            distances.iter().map(|distance| (distance / settings.distance_scale).ln_1p()).collect();
        let mut scores = edge_terms(&logarithms, width, order, candidates);
        let (median, sigma) = (settings.size_median, settings.size_sigma);
        for (index, score) in scores.iter_mut().enumerate() {
            let area = (index + 1) as f32 / distances.len() as f32;
            *score *= (-(area / median).ln().powi(2) / (2.0 * sigma * sigma)).exp();
        }
        let thresholds = order[..candidates].iter().map(|&pixel| distances[pixel as usize]).collect();
        Self { scores, thresholds }
    }

    /// The best candidate's distance. `positives` are the distances of the clicks of the first one's label, itself among
    /// them, `limit` that of the nearest click of the other label.
    pub fn threshold(&self, positives: &mut [f32], limit: f32) -> f32 {
        positives.sort_unstable_by(f32::total_cmp);
        let (mut best, mut highest, mut inside) = (0.0, 0.0, 0);
        for (&threshold, score) in self.thresholds.iter().zip(&self.scores) {
            if threshold >= limit {
                break;
            }
            while positives.get(inside).is_some_and(|&distance| distance <= threshold) {
                inside += 1;
            }
            let score = score * inside as f32 / positives.len() as f32;
            if score > highest {
                (best, highest) = (threshold, score);
            }
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::SizeProfile;
    use crate::maskov::settings::MaskovSettings;
    use crate::order::order_by_value;

    const WIDTH: usize = 40;

    /// A block of 10×10 within 2 steps of its corner, inside one of 20×20 within 9, on a ground 60 away.
    fn distances() -> Vec<f32> {
        let distance = |pixel: usize| {
            let (x, y) = (pixel % WIDTH, pixel / WIDTH);
            let within = |side: usize| x < side && y < side;
            let shade = (x + y) as f32 * 0.01;
            shade
                + if within(10) {
                    0.0
                } else if within(20) {
                    9.0
                } else {
                    60.0
                }
        };
        (0..WIDTH * WIDTH).map(distance).collect()
    }

    fn share(positives: &[f32], limit: f32, settings: &MaskovSettings) -> f32 {
        let distances = distances();
        let profile = SizeProfile::new(&distances, &order_by_value(&distances), WIDTH, settings);
        let threshold = profile.threshold(&mut positives.to_vec(), limit);
        distances.iter().filter(|distance| **distance <= threshold).count() as f32 / distances.len() as f32
    }

    #[test]
    fn the_likelier_of_two_sizes_is_taken() {
        // 6.25 % and 25 % of the photo.
        let median = |size_median| MaskovSettings { size_median, ..MaskovSettings::default() };
        // The last pixels of a block's corner are not worth their border.
        let near = |share: f32, want: f32| (want - 0.01..=want).contains(&share);
        assert!(near(share(&[0.0], f32::INFINITY, &median(0.06)), 0.0625));
        assert!(near(share(&[0.0], f32::INFINITY, &median(0.3)), 0.25));
    }

    #[test]
    fn other_clicks_speak_with() {
        let settings = MaskovSettings { size_median: 0.1, ..MaskovSettings::default() };
        let larger = share(&[9.3, 9.2, 9.3, 0.0], f32::INFINITY, &settings);
        assert!((0.24..=0.25).contains(&larger), "three clicks on the larger block: {larger}");
        assert!(share(&[0.0], 0.05, &settings) < 0.0625, "a click of the other label within");
        assert_eq!(share(&[0.0], 0.0, &settings), 1.0 / 1600.0, "one on the same place");
    }
}
