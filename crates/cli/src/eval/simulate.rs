//! The simulated person: clicks where the mask is most wrong, until it is right or patience ends.

use anyhow::{Context, Result, bail};
use maskov_engine::{Engine, Fidelity, PromptPoint, Session};
use pollster::block_on;

use super::EvalArgs;
use super::clicks::{Object, Objects};
use super::dataset::Item;
use super::notes::Note;
use super::perturb::Hand;
use super::shrink::LongSide;
use super::sizes;
use super::state::Score;
use super::statistics::NOC90;
use crate::files::read_photo;

/// The scores of an image's objects.
pub fn image(args: &EvalArgs, item: &Item, engine: &mut Engine, notes: &mut Vec<Note>) -> Result<Vec<Score>> {
    let photo = read_photo(&item.image)?;
    notes.extend(photo.notes().iter().map(|note| Note::new(&item.name, note)));
    let mut objects = Objects::read(item, &photo, args.ignore_128, notes)?;
    let long_side = LongSide(args.long_side.unwrap_or(u32::MAX));
    let lost = objects.shrink(long_side).into_iter();
    notes.extend(
        lost.map(|lost| Note::new(lost, "The object has no pixel left at that size and is left out.")),
    );
    if objects.is_empty() {
        return Ok(Vec::new());
    }
    let resolution = args.engine.resolution.unwrap_or(engine.network().resolution());
    let photo = long_side.photo(&photo)?;
    let mut session = block_on(engine.encode(photo, Some(Fidelity::FULL), &mut ()))?;
    if engine.network().resolution() != resolution {
        // Scores of two resolutions are no table.
        bail!("{}. Give a --resolution below {resolution}.", engine.note().unwrap_or("R has changed"));
    }
    objects.iter().map(|object| score(args, object, &mut session)).collect()
}

fn score(args: &EvalArgs, object: &Object, session: &mut Session) -> Result<Score> {
    let ious = click(args, object, session, |click| click)?;
    let first = session.points().first().copied().context("an object has a middle")?;
    let sizes = args.sizes.then(|| sizes::measure(object, first, session)).transpose()?;
    let moved = args.perturb.map_or(Ok(Vec::new()), |share| {
        let run = |seed| {
            let mut hand = Hand::new(object, share, seed);
            click(args, object, session, |click| hand.moved(click))
        };
        (0..args.seeds).map(run).collect()
    })?;
    Ok(Score { object: object.name.clone(), ious, sizes, moved })
}

/// The IoU after every click, each put where `place` puts it; clicking ends at 0.90 where it need not go on.
fn click(
    args: &EvalArgs,
    object: &Object,
    session: &mut Session,
    mut place: impl FnMut(PromptPoint) -> PromptPoint,
) -> Result<Vec<f64>> {
    session.set_points(&[])?;
    let mut prediction = vec![0; object.truth.len()];
    let mut ious = Vec::new();
    for _ in 0..args.clicks {
        let Some(click) = object.next_click(&prediction) else {
            break;
        };
        session.add(place(click))?;
        prediction = block_on(session.mask(&mut ()))?.mask.pixels;
        let iou = object.iou(&prediction);
        ious.push(iou);
        if iou >= NOC90 && !args.all_clicks {
            break;
        }
    }
    Ok(ious)
}
