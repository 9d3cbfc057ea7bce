//! What the size of the first click gives: at the method's own choice, at the stops near it, and anywhere on the pull.

use anyhow::Result;
use maskov_engine::{PromptPoint, Session};
use pollster::block_on;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::clicks::Object;
use super::state::Score;
use super::statistics::{Interval, NOC85, bootstrap};

/// Sizes that stand for the continuous pull, evenly on a logarithmic scale between these shares of the photo.
const PULL_SIZES: usize = 40;
const SMALLEST_PULL: f64 = 0.003;
const LARGEST_PULL: f64 = 0.8;

/// The IoU that the first click reaches at each size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SizeScores {
    /// Size and IoU at each stop, smallest first.
    pub stops: Vec<(f32, f64)>,
    /// Which stop is the method's own choice.
    pub automatic: usize,
    /// Size and IoU along the pull.
    pub pull: Vec<(f32, f64)>,
}

/// Tries the sizes of a click that stands alone.
pub fn measure(object: &Object, click: PromptPoint, session: &mut Session) -> Result<SizeScores> {
    session.set_points(&[click])?;
    let found = block_on(session.sizes(0, &mut ()))?;
    let automatic = found.iter().position(|stop| stop.is_automatic).unwrap_or(0);
    let mut iou = |size: Option<f32>| -> Result<f64> {
        session.set_points(&[PromptPoint { size, ..click }])?;
        Ok(object.iou(&block_on(session.mask(&mut ()))?.mask.pixels))
    };
    let mut stops = Vec::with_capacity(found.len());
    for stop in &found {
        stops.push((stop.size, iou((!stop.is_automatic).then_some(stop.size))?));
    }
    let pull = pull_sizes().map(|size| Ok((size, iou(Some(size))?))).collect::<Result<_>>()?;
    Ok(SizeScores { stops, automatic, pull })
}

fn pull_sizes() -> impl Iterator<Item = f32> {
    let step = (LARGEST_PULL / SMALLEST_PULL).ln() / (PULL_SIZES - 1) as f64;
    (0..PULL_SIZES).map(move |index| (SMALLEST_PULL * (step * index as f64).exp()) as f32)
}

impl SizeScores {
    /// The best of the stops that are at most so many away from the method's own choice.
    fn best_stop(&self, away: usize) -> f64 {
        let near = self.stops.iter().enumerate().filter(|(index, _)| index.abs_diff(self.automatic) <= away);
        near.map(|(_, stop)| stop.1).fold(0.0, f64::max)
    }

    /// The best place of the pull, which begins at the method's own choice.
    fn best_of_pull(&self) -> f64 {
        self.pull.iter().map(|&(_, iou)| iou).fold(self.best_stop(0), f64::max)
    }
}

/// The IoU of one way to choose a size.
pub struct Choice {
    pub name: &'static str,
    pub iou: Interval,
    /// Objects at 0.85 or better, as a share.
    pub good: f64,
}

/// The numbers of a run.
pub struct SizeSummary {
    pub choices: Vec<Choice>,
    /// Stops of a click, in the mean.
    pub stops: f64,
}

impl SizeSummary {
    /// `None` where no sizes were tried.
    pub fn of(scores: &[&Score]) -> Option<Self> {
        let sizes: Vec<&SizeScores> = scores.iter().filter_map(|score| score.sizes.as_ref()).collect();
        if sizes.is_empty() {
            return None;
        }
        let mean = |values: &mut dyn Iterator<Item = f64>| values.sum::<f64>() / sizes.len() as f64;
        let choice = |name, best: &dyn Fn(&SizeScores) -> f64| {
            let ious: Vec<f64> = sizes.iter().map(|sizes| best(sizes)).collect();
            let good = mean(&mut ious.iter().map(|&iou| f64::from(u8::from(iou >= NOC85))));
            Choice { name, iou: bootstrap(&ious), good }
        };
        Some(Self {
            choices: vec![
                choice("automatic", &|sizes| sizes.best_stop(0)),
                choice("within 1 stop", &|sizes| sizes.best_stop(1)),
                choice("within 2 stops", &|sizes| sizes.best_stop(2)),
                choice("any size", &SizeScores::best_of_pull),
            ],
            stops: mean(&mut sizes.iter().map(|sizes| sizes.stops.len() as f64)),
        })
    }

    pub fn to_json(&self) -> Value {
        let choices = self.choices.iter().map(|choice| {
            (choice.name.to_owned(), json!({"iou": choice.iou.to_json(), "good": choice.good}))
        });
        json!({"best": choices.collect::<serde_json::Map<_, _>>(), "stops": self.stops})
    }

    pub fn print(&self) {
        println!("size of the first click   best IoU               0.85 or better");
        for choice in &self.choices {
            println!("  {:<23} {:<22} {:.0} %", choice.name, choice.iou.to_string(), 100.0 * choice.good);
        }
        println!("  {:.1} stops a click", self.stops);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_is_looked_for_as_far_as_one_goes() {
        let sizes = |ious: &[f64], automatic, pull| SizeScores {
            stops: ious.iter().map(|&iou| (0.1, iou)).collect(),
            automatic,
            pull: vec![(0.1, pull)],
        };
        let wide = sizes(&[0.9, 0.6, 0.5, 0.7, 0.8], 2, 0.95);
        assert_eq!([0, 1, 2].map(|away| wide.best_stop(away)), [0.5, 0.7, 0.9]);
        let narrow = sizes(&[0.86, 0.2], 0, 0.3);
        assert_eq!((narrow.best_stop(2), narrow.best_of_pull()), (0.86, 0.86));
        let score = |sizes| Score { sizes: Some(sizes), ..Score::of_clicks("a", &[0.5]) };
        let (wide, narrow) = (score(wide), score(narrow));
        let summary = SizeSummary::of(&[&wide, &narrow]).unwrap();
        let expected = [(0.68, 0.5), (0.78, 0.5), (0.88, 1.0), (0.905, 1.0)];
        for (choice, (iou, good)) in summary.choices.iter().zip(expected) {
            assert!((choice.iou.mean - iou).abs() < 1e-12 && choice.good == good, "{}", choice.name);
        }
        assert_eq!(summary.stops, 3.5);
        assert!(SizeSummary::of(&[&Score::of_clicks("a", &[0.5])]).is_none());
    }

    #[test]
    fn the_pull_goes_from_end_to_end() {
        let sizes: Vec<f32> = pull_sizes().collect();
        assert!((sizes[0] - 0.003).abs() < 1e-6 && (sizes[39] - 0.8).abs() < 1e-5 && sizes.len() == 40);
        assert!(sizes.is_sorted());
    }
}
