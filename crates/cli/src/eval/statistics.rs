//! Means over objects and how sure they are.

use std::fmt;

use serde_json::{Value, json};

use super::random::{GOLDEN, SplitMix64};
use super::state::Score;

/// The IoU that NoC85 asks for.
pub const NOC85: f64 = 0.85;
/// The IoU that NoC90 asks for, where clicking stops.
pub const NOC90: f64 = 0.90;
/// Clicks after which the IoU is told.
const IOU_CLICKS: [usize; 4] = [1, 3, 5, 10];
/// A click that lowers the IoU by more than these is counted.
const DROPS: [f64; 2] = [0.1, 0.3];
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
        let Self { mean, low, high } = self;
        // `{:+}` for differences.
        if f.sign_plus() {
            return write!(f, "{mean:+.3} [{low:+.3}, {high:+.3}]");
        }
        write!(f, "{mean:.3} [{low:.3}, {high:.3}]")
    }
}

impl Interval {
    pub fn to_json(self) -> Value {
        json!([self.mean, self.low, self.high])
    }
}

/// How often a click makes a mask worse: clicks from the second on.
#[derive(Clone, Debug, PartialEq)]
pub struct Steadiness {
    pub clicks: usize,
    /// By how much a click lowers the IoU, and the share of clicks that lower it by more.
    pub lowered: Vec<(f64, f64)>,
    /// The largest drop: the object, the click, and how much is lost; `None` where no click loses anything.
    pub worst: Option<(String, usize, f64)>,
}

impl Steadiness {
    fn of(scores: &[&Score]) -> Self {
        let drops = scores.iter().flat_map(|score| {
            let pairs = (2..).zip(score.ious.windows(2));
            pairs.map(|(click, pair)| (score.object.as_str(), click, pair[0] - pair[1]))
        });
        let drops: Vec<_> = drops.collect();
        let share = |bound: f64| {
            let more = drops.iter().filter(|(_, _, drop)| *drop > bound).count();
            if drops.is_empty() { 0.0 } else { more as f64 / drops.len() as f64 }
        };
        let worst = drops.iter().filter(|(_, _, drop)| *drop > 0.0).max_by(|a, b| a.2.total_cmp(&b.2));
        Self {
            clicks: drops.len(),
            lowered: DROPS.map(|bound| (bound, share(bound))).into(),
            worst: worst.map(|&(object, click, drop)| (object.to_owned(), click, drop)),
        }
    }

    fn to_json(&self) -> Value {
        let lowered = self.lowered.iter().map(|(bound, share)| (bound.to_string(), json!(share)));
        let worst = self
            .worst
            .as_ref()
            .map(|(object, click, drop)| json!({"object": object, "click": click, "drop": drop}));
        json!({
            "clicks": self.clicks,
            "lowered_by_more_than": lowered.collect::<serde_json::Map<_, _>>(),
            "worst": worst,
        })
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
    /// The mean IoU after every click; an object's last one stays.
    pub means: Vec<f64>,
    pub steadiness: Steadiness,
}

/// The numbers of these objects, of which there is at least one.
pub fn summarize(scores: &[&Score], clicks: u32) -> Summary {
    let noc = |target: f64| -> Vec<f64> {
        scores.iter().map(|score| f64::from(score.noc(target, clicks))).collect()
    };
    let failures = |target: f64| scores.iter().filter(|score| !score.reaches(target)).count();
    let after = |click: usize| -> Vec<f64> { scores.iter().map(|score| score.iou_after(click)).collect() };
    let mean = |values: Vec<f64>| values.iter().sum::<f64>() / values.len() as f64;
    Summary {
        objects: scores.len(),
        noc85: bootstrap(&noc(NOC85)),
        noc90: bootstrap(&noc(NOC90)),
        failures85: failures(NOC85),
        failures90: failures(NOC90),
        ious: told_clicks(clicks).map(|click| (click, bootstrap(&after(click)))).collect(),
        means: (1..=clicks as usize).map(|click| mean(after(click))).collect(),
        steadiness: Steadiness::of(scores),
    }
}

/// The clicks after which the IoU is told, as far as there are so many.
pub fn told_clicks(clicks: u32) -> impl Iterator<Item = usize> {
    IOU_CLICKS.into_iter().filter(move |&click| click <= clicks as usize)
}

impl Summary {
    pub fn to_json(&self) -> Value {
        let ious = self.ious.iter().map(|(clicks, iou)| (clicks.to_string(), iou.to_json()));
        json!({
            "objects": self.objects,
            "noc85": self.noc85.to_json(),
            "noc90": self.noc90.to_json(),
            "failures85": self.failures85,
            "failures90": self.failures90,
            "iou_after": ious.collect::<serde_json::Map<_, _>>(),
            "mean_iou_per_click": self.means,
            "steadiness": self.steadiness.to_json(),
        })
    }

    pub fn print(&self) {
        println!("NoC85  {}  not reached: {}", self.noc85, self.failures85);
        println!("NoC90  {}  not reached: {}", self.noc90, self.failures90);
        for (clicks, iou) in &self.ious {
            println!("IoU after click {clicks:<2} {iou}");
        }
        if self.means.len() == 1 {
            return;
        }
        let means: Vec<_> = self.means.iter().map(|mean| format!("{mean:.3}")).collect();
        let falls: Vec<_> = (2..)
            .zip(self.means.windows(2))
            .filter(|(_, pair)| pair[1] < pair[0])
            .map(|(click, _)| click.to_string())
            .collect();
        let falls = if falls.is_empty() { String::new() } else { format!("  falls at {}", falls.join(", ")) };
        println!("mean IoU after every click  {}{falls}", means.join(" "));
        let lowered = self.steadiness.lowered.iter();
        let lowered: Vec<_> =
            lowered.map(|(bound, share)| format!("{:.1} % by more than {bound}", 100.0 * share)).collect();
        let worst = self.steadiness.worst.as_ref().map_or(String::new(), |(object, click, drop)| {
            format!("; at worst by {drop:.3}: {object}, click {click}")
        });
        println!("of {} later clicks lower the IoU {}{worst}", self.steadiness.clicks, lowered.join(", "));
    }
}

/// The mean and the 2.5 % and 97.5 % quantiles of the means of seeded resamples.
pub fn bootstrap(values: &[f64]) -> Interval {
    let mean_of = |sum: f64| sum / values.len() as f64;
    let mut random = SplitMix64::new(GOLDEN);
    let mut resample = || (0..values.len()).map(|_| values[random.below(values.len())]).sum();
    let mut means: Vec<f64> = (0..RESAMPLES).map(|_| mean_of(resample())).collect();
    means.sort_by(f64::total_cmp);
    let quantile = |share: f64| means[(share * (RESAMPLES - 1) as f64).round() as usize];
    Interval { mean: mean_of(values.iter().sum()), low: quantile(0.025), high: quantile(0.975) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(ious: &[f64]) -> Score {
        Score::of_clicks("a", ious)
    }

    #[test]
    fn clicks_are_counted_as_the_literature_does() {
        let (quick, never) = (score(&[0.5, 0.86, 0.91]), score(&[0.2; 20]));
        let summary = summarize(&[&quick, &never], 20);
        assert_eq!((summary.noc85.mean, summary.noc90.mean), (11.0, 11.5));
        assert_eq!((summary.failures85, summary.failures90), (1, 1));
        // Clicking stopped at three: the mask stays.
        let after = |clicks: usize| summary.ious.iter().find(|(at, _)| *at == clicks).unwrap().1.mean;
        assert!((after(1) - 0.35).abs() < 1e-12 && (after(5) - 0.555).abs() < 1e-12);
        assert!(summary.means.len() == 20 && (summary.means[19] - 0.555).abs() < 1e-12);
        assert_eq!(told_clicks(4).collect::<Vec<_>>(), [1, 3]);
    }

    #[test]
    fn clicks_that_lose_a_mask_are_counted() {
        let (falling, rising) = (Score::of_clicks("b", &[0.5, 0.7, 0.1, 0.3]), score(&[0.5, 0.35, 0.36]));
        let steadiness = Steadiness::of(&[&falling, &rising, &score(&[0.9])]);
        assert_eq!(steadiness.clicks, 5);
        assert_eq!(steadiness.lowered, [(0.1, 0.4), (0.3, 0.2)]);
        let (object, click, drop) = steadiness.worst.unwrap();
        assert!((object.as_str(), click) == ("b", 3) && (drop - 0.6).abs() < 1e-12);
        let one = Steadiness::of(&[&score(&[0.5])]);
        assert_eq!((one.clicks, one.lowered[0].1, one.worst), (0, 0.0, None));
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
