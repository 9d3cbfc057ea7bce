//! `maskov bench previews`: how near previews that are blended from maps made in advance come to those with maps of their
//! own, and how much sooner they are there.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Result, bail};
use clap::Args;
use maskov_engine::{
    Engine, EngineError, Mask, PREVIEW_STRIDES, PromptPoint, RgbImage, Session, Stage, Step, Watch,
};
use maskov_segment::evaluation::iou;
use pollster::block_on;

use super::{about, median};
use crate::args::EngineArgs;
use crate::files::{pixels, read_photo};
use crate::model;
use crate::progress::counted;

/// Measure what previews lose and gain where maps were made in advance
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    maskov bench previews --photo photo.jpg\n  \
    maskov bench previews --photo a.jpg --photo b.jpg --points 100 --device gpu\n\n\
    Maps are made coarse to fine. After each round every point's preview is compared with the one that its own map gives:\n\
    how many are blended at all, the IoU of both in the mean and in the worst twentieth, and the time that each takes.")]
pub struct PreviewsArgs {
    #[command(flatten)]
    engine: EngineArgs,
    /// Photo to point at; repeat for more
    #[arg(long = "photo", value_name = "IMAGE", required = true)]
    photos: Vec<PathBuf>,
    /// Points on each photo
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    points: u32,
}

/// What previews of one round came to, over all photos.
#[derive(Default)]
struct Round {
    maps: usize,
    asked: usize,
    ious: Vec<f64>,
    blended_ms: Vec<f64>,
    exact_ms: Vec<f64>,
}

/// Runs the subcommand.
pub fn run(args: PreviewsArgs) -> Result<()> {
    let engine = model::engine(&args.engine)?;
    let mut rounds = PREVIEW_STRIDES.map(|_| Round::default());
    let bar = counted("measuring", (args.photos.len() * PREVIEW_STRIDES.len()) as u64);
    let mut last = None;
    for path in &args.photos {
        let photo = pixels(&read_photo(path)?)?;
        for (round, stride) in rounds.iter_mut().zip(PREVIEW_STRIDES) {
            block_on(round.measure(&engine, &photo, stride, args.points))?;
            bar.inc(1);
        }
        last = Some(about(&engine, &photo));
    }
    bar.finish_and_clear();
    let Some(last) = last else { bail!("There is no photo. Add --photo.") };
    println!("{last}; {} photos, {} points on each\n", args.photos.len(), args.points);
    println!(
        "| tokens apart | maps | previews blended | IoU, mean | worst twentieth | blended, ms | own map, ms |"
    );
    println!("|---:|---:|---:|---:|---:|---:|---:|");
    rounds.iter().zip(PREVIEW_STRIDES).for_each(|(round, stride)| round.print(stride));
    Ok(())
}

impl Round {
    /// Makes the maps of tokens so far apart, and compares.
    async fn measure(
        &mut self,
        engine: &Engine,
        photo: &RgbImage<'static>,
        stride: usize,
        points: u32,
    ) -> Result<()> {
        let mut prepared = engine.encode_once(photo.clone(), None, &mut ()).await?;
        let mut own = engine.encode_once(photo.clone(), None, &mut ()).await?;
        let lines = (engine.network().resolution() - 1).div_ceil(stride) + 1;
        self.maps = lines * lines;
        prepare(&mut prepared, self.maps).await?;
        for index in 0..points {
            let point = spread_out(index, photo);
            self.asked += 1;
            let (blended, is_blended, blended_ms) = preview(&mut prepared, point).await?;
            if is_blended {
                let (exact, _, exact_ms) = preview(&mut own, point).await?;
                self.ious.push(iou(&blended.pixels, &exact.pixels));
                self.blended_ms.push(blended_ms);
                self.exact_ms.push(exact_ms);
            }
        }
        Ok(())
    }

    fn print(&self, stride: usize) {
        let Self { maps, asked, ious, blended_ms, exact_ms } = self;
        let share = 100.0 * ious.len() as f64 / *asked as f64;
        if ious.is_empty() {
            println!("| {stride} | {maps} | {share:.0} % | | | | |");
            return;
        }
        let mut sorted = ious.clone();
        sorted.sort_by(f64::total_cmp);
        let worst = sorted[sorted.len() / 20];
        let mean = ious.iter().sum::<f64>() / ious.len() as f64;
        let (blended, exact) = (median(blended_ms), median(exact_ms));
        println!("| {stride} | {maps} | {share:.0} % | {mean:.3} | {worst:.3} | {blended:.1} | {exact:.1} |");
    }
}

/// Makes so many maps, or a few more, and stops.
pub(super) async fn prepare(session: &mut Session, maps: usize) -> Result<()> {
    let mut until = Watch(|step: Step<'_>| {
        let is_enough = step.name == "maps for previews" && step.index >= maps;
        if is_enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    match session.prepare_previews(&mut until).await {
        Err(error) if !is_cancelled(&error) => Err(error.into()),
        _ => Ok(()),
    }
}

fn is_cancelled(error: &EngineError) -> bool {
    matches!(error, EngineError::Segment(maskov_segment::SegmentError::Cancelled))
}

/// A preview, whether its map was blended, and its milliseconds.
async fn preview(session: &mut Session, point: PromptPoint) -> Result<(Mask, bool, f64)> {
    session.set_points(&[point])?;
    session.take_times();
    let start = Instant::now();
    let mask = session.preview(&mut ()).await?.mask;
    let ms = start.elapsed().as_secs_f64() * 1e3;
    let has_chain = session.take_times().iter().any(|time| time.stage == Stage::Chain);
    Ok((mask, !has_chain, ms))
}

/// The points of a sequence that covers the photo evenly, however many there are: by multiples of the plastic number's
/// powers.
fn spread_out(index: u32, photo: &RgbImage<'_>) -> PromptPoint {
    const PLASTIC: f64 = 1.324_717_957_244_746;
    let along = |power: i32, extent: u32| {
        let share = (0.5 + f64::from(index) / PLASTIC.powi(power)).fract();
        (share * f64::from(extent)) as u32
    };
    PromptPoint::new(along(1, photo.width()), along(2, photo.height()), true)
}
