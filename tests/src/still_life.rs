//! The measure that everyone has: the still life, the hard one of the sample pictures.
//!
//! One click on the middle of each object, then up to four more where the mask is most wrong (method.md 6).
//! `cargo bench -p maskov-benches --bench still_life` prints the table of benches/RESULTS.md.

use std::error::Error;

use maskov_engine::{Engine, PromptPoint};
use maskov_segment::evaluation::{iou, next_click};

use crate::sample::Sample;

/// Clicks per object in the table.
pub const CLICKS: usize = 5;

/// The IoU of an object's mask after each click.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectScore {
    /// The object.
    pub name: String,
    /// After 1, 2, … clicks.
    pub ious: Vec<f64>,
}

/// Opens the picture.
pub fn open() -> Result<Sample, Box<dyn Error>> {
    Sample::open("still_life")
}

/// Clicks every object in turn, that many times each.
pub async fn measure(
    sample: &Sample,
    engine: &mut Engine,
    clicks: usize,
) -> Result<Vec<ObjectScore>, Box<dyn Error>> {
    let mut session = engine.encode(sample.photo.clone(), None, &mut ()).await?;
    let mut scores = Vec::new();
    for (name, truth) in &sample.objects {
        let mut points: Vec<PromptPoint> = Vec::new();
        let mut mask = vec![0; truth.len()];
        let mut ious = Vec::new();
        for _ in 0..clicks {
            let click = next_click(&mask, truth, sample.photo.width() as usize, |_| false);
            points.push(click.ok_or("an object of the still life has no pixels")?);
            session.set_points(&points)?;
            mask = session.mask(&mut ()).await?.mask.pixels;
            ious.push(iou(&mask, truth));
        }
        scores.push(ObjectScore { name: name.clone(), ious });
    }
    Ok(scores)
}

/// The best IoU of every object over sizes of the first click, as a person would pull it: its own and 40 from 0.3 % to 80 %
/// of the photo.
pub async fn pull(sample: &Sample, engine: &mut Engine) -> Result<Vec<ObjectScore>, Box<dyn Error>> {
    const SIZES: i16 = 40;
    let mut session = engine.encode(sample.photo.clone(), None, &mut ()).await?;
    let mut scores = Vec::new();
    for (name, truth) in &sample.objects {
        let middle = next_click(&vec![0; truth.len()], truth, sample.photo.width() as usize, |_| false);
        let middle = middle.ok_or("an object of the still life has no pixels")?;
        let pulled =
            (0..SIZES).map(|i| Some(0.003 * (0.8f32 / 0.003).powf(f32::from(i) / f32::from(SIZES - 1))));
        let mut best = 0.0f64;
        for size in pulled.chain([None]) {
            session.set_points(&[PromptPoint { size, ..middle }])?;
            best = best.max(iou(&session.mask(&mut ()).await?.mask.pixels, truth));
        }
        scores.push(ObjectScore { name: name.clone(), ious: vec![best] });
    }
    Ok(scores)
}

/// Mean IoU over the objects after that many clicks, from 1.
pub fn mean_after(scores: &[ObjectScore], clicks: usize) -> f64 {
    scores.iter().map(|score| score.ious[clicks - 1]).sum::<f64>() / scores.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_are_over_objects() {
        let score = |a, b| ObjectScore { name: String::new(), ious: vec![a, b] };
        assert_eq!(mean_after(&[score(0.0, 0.5), score(1.0, 1.0)], 2), 0.75);
    }
}
