//! A hand that does not hit the middle: clicks moved at random, and what that loses.

use std::f64::consts::TAU;

use maskov_engine::PromptPoint;
use serde_json::{Value, json};

use super::clicks::Object;
use super::random::SplitMix64;
use super::state::Score;
use super::statistics::{Interval, NOC90, bootstrap, told_clicks};

/// Places that are tried before a click stays in the middle.
const ATTEMPTS: usize = 64;
/// The loss after more clicks says little: most objects are done.
const LAST_TOLD_CLICK: usize = 3;

/// An unsteady hand on one object: moves clicks uniformly in a disc.
pub struct Hand<'a> {
    object: &'a Object,
    /// Of the disc, in pixels.
    radius: f64,
    random: SplitMix64,
}

impl<'a> Hand<'a> {
    /// `share` of the square root of the object's area is the disc's radius. A seed gives every object moves of its own.
    pub fn new(object: &'a Object, share: f64, seed: u64) -> Self {
        let radius = share * (object.area() as f64).sqrt();
        Self { object, radius, random: SplitMix64::of_name(seed, &object.name) }
    }

    /// A pixel of the disc that belongs to what the click's own one belongs to; the click itself where none is found.
    pub fn moved(&mut self, click: PromptPoint) -> PromptPoint {
        let (width, height) = self.object.size();
        for _ in 0..ATTEMPTS {
            // The square root spreads evenly over the disc's area.
            let distance = self.radius * self.random.unit().sqrt();
            let (sin, cos) = (TAU * self.random.unit()).sin_cos();
            let x = (f64::from(click.x) + distance * cos).round();
            let y = (f64::from(click.y) + distance * sin).round();
            let inside = x >= 0.0 && y >= 0.0 && x < f64::from(width) && y < f64::from(height);
            if inside && self.object.side(x as u32, y as u32) == Some(click.foreground) {
                return PromptPoint { x: x as u32, y: y as u32, ..click };
            }
        }
        click
    }
}

/// What moved clicks change, object by object: below 0 is a loss of IoU, above 0 more clicks.
pub struct Loss {
    /// Runs of each object.
    seeds: usize,
    /// Clicks, and the difference of the IoU after them.
    ious: Vec<(usize, Interval)>,
    noc90: Interval,
}

impl Loss {
    /// `None` where no clicks were moved.
    pub fn of(scores: &[&Score], clicks: u32) -> Option<Self> {
        let seeds = scores.iter().map(|score| score.moved.len()).max().filter(|&seeds| seeds > 0)?;
        let difference = |number: &dyn Fn(&Score) -> f64| {
            let differences: Vec<f64> = scores
                .iter()
                .map(|score| {
                    let moved = score.moved_scores();
                    moved.iter().map(number).sum::<f64>() / moved.len() as f64 - number(score)
                })
                .collect();
            bootstrap(&differences)
        };
        let told = told_clicks(clicks).filter(|&click| click <= LAST_TOLD_CLICK);
        Some(Self {
            seeds,
            ious: told.map(|click| (click, difference(&|score| score.iou_after(click)))).collect(),
            noc90: difference(&|score| f64::from(score.noc(NOC90, clicks))),
        })
    }

    pub fn to_json(&self) -> Value {
        let ious = self.ious.iter().map(|(click, iou)| (click.to_string(), iou.to_json()));
        json!({
            "seeds": self.seeds,
            "iou_after": ious.collect::<serde_json::Map<_, _>>(),
            "noc90": self.noc90.to_json(),
        })
    }

    pub fn print(&self) {
        println!("clicks moved, {} seeds: what changes", self.seeds);
        for (click, iou) in &self.ious {
            println!("  IoU after click {click:<2} {iou:+}");
        }
        println!("  NoC90              {:+}", self.noc90);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object() -> Object {
        // The left half of 40 × 20 pixels: an object of 400 pixels, 20 its size.
        let truth = (0..800).map(|pixel| u8::from(pixel % 40 < 20)).collect();
        Object::of_truth("a", truth, 40)
    }

    #[test]
    fn clicks_move_as_far_as_said_and_stay_on_their_side() {
        let object = object();
        let middle = PromptPoint::new(10, 10, true);
        let mut hand = Hand::new(&object, 0.25, 0);
        let moved: Vec<_> = (0..500).map(|_| hand.moved(middle)).collect();
        assert!(moved.iter().all(|point| point.foreground));
        let distances: Vec<f64> =
            moved.iter().map(|point| (f64::from(point.x) - 10.0).hypot(f64::from(point.y) - 10.0)).collect();
        // Uniform in a disc of radius 5: mean distance 10/3, and half a pixel's diagonal more by rounding.
        assert!(distances.iter().all(|&distance| distance <= 5.0 + 0.71));
        let mean = distances.iter().sum::<f64>() / 500.0;
        assert!((mean - 10.0 / 3.0).abs() < 0.2, "{mean}");
        let mut hand = Hand::new(&object, 0.5, 0);
        for _ in 0..100 {
            assert!(hand.moved(PromptPoint::new(19, 0, true)).x < 20, "stays on the object");
            assert!(hand.moved(PromptPoint::new(21, 19, false)).x >= 20, "stays beside it");
        }
        let lonely = Object::of_truth("b", vec![0, 1, 0], 3);
        let click = PromptPoint::new(1, 0, true);
        assert_eq!(Hand::new(&lonely, 1.0, 0).moved(click), click, "one pixel is all there is");
    }

    #[test]
    fn a_seed_is_the_same_each_time() {
        let object = object();
        let click = PromptPoint::new(10, 10, true);
        let moves = |seed| {
            let mut hand = Hand::new(&object, 0.3, seed);
            [hand.moved(click), hand.moved(click), hand.moved(click)]
        };
        assert_eq!(moves(0), moves(0));
        assert_ne!(moves(0), moves(1));
    }

    #[test]
    fn the_loss_is_the_mean_over_seeds_and_objects() {
        let moved = vec![vec![0.4, 0.5, 0.6], vec![0.6, 0.95]];
        let a = Score { moved, ..Score::of_clicks("a", &[0.6, 0.8, 0.9]) };
        let b = Score { moved: vec![vec![0.95], vec![0.95]], ..Score::of_clicks("b", &[0.95]) };
        let loss = Loss::of(&[&a, &b], 10).unwrap();
        let close = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-12, "{found}");
        assert_eq!((loss.seeds, loss.ious.len()), (2, 2));
        close(loss.ious[0].1.mean, -0.05);
        close(loss.ious[1].1.mean, (0.775 - 0.9) / 2.0);
        close(loss.noc90.mean, (6.0 - 3.0) / 2.0);
        assert!(Loss::of(&[&Score::of_clicks("a", &[0.5])], 10).is_none());
    }
}
