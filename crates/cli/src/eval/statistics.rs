//! Means over objects and how sure they are.

use std::fmt;

use serde_json::{Value, json};

use super::state::Score;

/// The IoU that NoC85 asks for.
pub const NOC85: f64 = 0.85;
/// The IoU that NoC90 asks for, where clicking stops.
pub const NOC90: f64 = 0.90;
/// Clicks after which the IoU is told.
const IOU_CLICKS: [usize; 3] = [1, 3, 5];
const RESAMPLES: usize = 10_000;

/// A mean with its 95 % bootstrap interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    pub mean: f64,
    pub low: f64,
    pub high: f64,
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3} [{:.3}, {:.3}]", self.mean, self.low, self.high)
    }
}

/// The numbers of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    pub objects: usize,
    pub noc85: Interval,
    pub noc90: Interval,
    pub failures85: usize,
    pub failures90: usize,
    /// Clicks, and the IoU after them.
    pub ious: Vec<(usize, Interval)>,
}

/// The numbers of these objects, of which there is at least one.
pub fn summarize(scores: &[Score], clicks: u32) -> Summary {
    let noc = |target: f64| -> Vec<f64> {
        scores.iter().map(|score| f64::from(score.noc(target, clicks))).collect()
    };
    let failures = |target: f64| scores.iter().filter(|score| !score.reaches(target)).count();
    let ious = IOU_CLICKS.iter().map(|&after| {
        let values: Vec<f64> = scores.iter().map(|score| score.iou_after(after)).collect();
        (after, bootstrap(&values))
    });
    Summary {
        objects: scores.len(),
        noc85: bootstrap(&noc(NOC85)),
        noc90: bootstrap(&noc(NOC90)),
        failures85: failures(NOC85),
        failures90: failures(NOC90),
        ious: ious.collect(),
    }
}

impl Summary {
    pub fn to_json(&self) -> Value {
        let interval = |interval: &Interval| json!([interval.mean, interval.low, interval.high]);
        let ious = self.ious.iter().map(|(clicks, iou)| (clicks.to_string(), interval(iou)));
        json!({
            "objects": self.objects,
            "noc85": interval(&self.noc85),
            "noc90": interval(&self.noc90),
            "failures85": self.failures85,
            "failures90": self.failures90,
            "iou_after": ious.collect::<serde_json::Map<_, _>>(),
        })
    }
}

/// The mean and the 2.5 % and 97.5 % quantiles of the means of seeded resamples.
fn bootstrap(values: &[f64]) -> Interval {
    let mean_of = |sum: f64| sum / values.len() as f64;
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut below = |bound: usize| {
        // splitmix64
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((u128::from(z ^ (z >> 31)) * bound as u128) >> 64) as usize
    };
    let mut means: Vec<f64> = (0..RESAMPLES)
        .map(|_| mean_of((0..values.len()).map(|_| values[below(values.len())]).sum()))
        .collect();
    means.sort_by(f64::total_cmp);
    let quantile = |share: f64| means[(share * (RESAMPLES - 1) as f64).round() as usize];
    Interval { mean: mean_of(values.iter().sum()), low: quantile(0.025), high: quantile(0.975) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(ious: &[f64]) -> Score {
        Score { object: "a".into(), ious: ious.to_vec() }
    }

    #[test]
    fn clicks_are_counted_as_the_literature_does() {
        let scores = [score(&[0.5, 0.86, 0.91]), score(&[0.2; 20])];
        let summary = summarize(&scores, 20);
        assert_eq!((summary.noc85.mean, summary.noc90.mean), (11.0, 11.5));
        assert_eq!((summary.failures85, summary.failures90), (1, 1));
        // Clicking stopped at three: the mask stays.
        let after = |clicks: usize| summary.ious.iter().find(|(at, _)| *at == clicks).unwrap().1.mean;
        assert!((after(1) - 0.35).abs() < 1e-12 && (after(5) - 0.555).abs() < 1e-12);
    }

    #[test]
    fn intervals_hold_the_mean_and_are_the_same_each_time() {
        let values: Vec<f64> = (0..50).map(f64::from).collect();
        let interval = bootstrap(&values);
        assert_eq!(interval.mean, 24.5);
        // The standard error is 14.43 / √50 = 2.04, so the interval is about ±4.
        assert!((interval.low - 20.5).abs() < 0.4 && (interval.high - 28.5).abs() < 0.4, "{interval}");
        assert_eq!(bootstrap(&values), interval);
        assert_eq!(bootstrap(&[3.0]), Interval { mean: 3.0, low: 3.0, high: 3.0 });
    }
}
