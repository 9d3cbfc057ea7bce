//! `maskov eval`: simulated clicks on a data set.

mod clicks;
mod dataset;
mod mat_file;
mod state;
mod statistics;

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::Args;
use maskov_engine::{Engine, Fidelity, Session, never_cancelled};
use pollster::block_on;
use serde_json::json;

use crate::args::EngineArgs;
use crate::files::{OutFile, pixels, read_photo};
use crate::model;
use crate::progress::counted;
use clicks::Objects;
use dataset::{Format, Item, items};
use state::{Score, State};
use statistics::{Summary, summarize};

/// Simulate clicks on a data set and count how many each object needs
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    maskov eval datasets/GrabCut --clicks 20 --json grabcut.json\n  \
    maskov eval datasets/Berkeley --format berkeley --ignore-128 --resolution 128 --model packs/sd2\n\n\
    A data set is a folder with images/ and masks/; the masks of image STEM are STEM.* or STEM_*.*. A mask's grey value\n\
    128 counts as the object (the paper's convention) unless --ignore-128 leaves it out of clicks and scores (RITM,\n\
    SimpleClick). Photos are solved by the exact formula at their own size up to 1 megapixel. A run that was stopped goes\n\
    on where it stopped; it says where it keeps its state.")]
pub struct EvalArgs {
    /// Folder of the data set
    dataset: PathBuf,
    /// Clicks on an object, at most
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100))]
    clicks: u32,
    /// Leave pixels of value 128 out of clicks and scores
    #[arg(long)]
    ignore_128: bool,
    /// Only the first N images
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Also write the numbers of every object to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Layout of the data set
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    engine: EngineArgs,
}

/// Runs the subcommand.
pub fn run(args: EvalArgs) -> Result<()> {
    let items = items(&args.dataset, args.format, args.limit)?;
    let out = args.json.as_deref().map(OutFile::create).transpose()?;
    let mut engine = model::engine(&args.engine)?;
    let settings = settings(&args, &engine)?;
    let mut state = State::open(args.json.as_deref(), &settings)?;
    eprintln!("{} images, R = {}, {}", items.len(), engine.network().resolution(), engine.device().name());
    if state.done() > 0 {
        eprintln!("{} objects are done already ({})", state.done(), state.path().display());
    } else {
        eprintln!("state, should this be stopped: {}", state.path().display());
    }
    evaluate(&args, &items, &mut engine, &mut state)?;
    let scores = state.scores();
    if scores.is_empty() {
        bail!("{} has no object in any mask.", args.dataset.display());
    }
    let summary = summarize(&scores, args.clicks);
    print(&args, &summary);
    if let Some(out) = out {
        let objects: serde_json::Map<_, _> =
            scores.iter().map(|score| (score.object.clone(), score.to_json(args.clicks))).collect();
        let json = json!({"settings": settings, "summary": summary.to_json(), "objects": objects});
        out.write(&serde_json::to_vec_pretty(&json)?)?;
    }
    state.remove()
}

fn evaluate(args: &EvalArgs, items: &[Item], engine: &mut Engine, state: &mut State) -> Result<()> {
    let bar = counted("evaluating", items.len() as u64);
    let start = Instant::now();
    for (index, item) in items.iter().enumerate() {
        let name = item.name();
        bar.set_message(name.clone());
        if !state.has_image(&name) {
            let scores = evaluate_image(args, item, engine).with_context(|| name.clone())?;
            if bar.is_hidden() {
                let (done, seconds) = (index + 1, start.elapsed().as_secs_f64());
                let left = seconds / done as f64 * (items.len() - done) as f64;
                eprintln!("{done}/{} {name}, about {left:.0} s left", items.len());
            }
            state.add(&name, scores)?;
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(())
}

fn evaluate_image(args: &EvalArgs, item: &Item, engine: &mut Engine) -> Result<Vec<Score>> {
    let objects = Objects::read(item, args.ignore_128)?;
    if objects.is_empty() {
        return Ok(Vec::new());
    }
    let photo = pixels(&read_photo(&item.image)?)?;
    let size = (photo.width(), photo.height());
    let resolution = args.engine.resolution.unwrap_or(engine.network().resolution());
    let mut session = block_on(engine.encode(photo, Some(Fidelity::FULL), &mut (), &never_cancelled))?;
    if engine.network().resolution() != resolution {
        // Scores of two resolutions are no table.
        bail!("{}. Give a --resolution below {resolution}.", engine.note().unwrap_or("R has changed"));
    }
    objects.check_size(size)?;
    objects.iter().map(|object| score(args, object, &mut session)).collect()
}

/// Clicks until the IoU reaches 0.90 or there are enough of them.
fn score(args: &EvalArgs, object: &clicks::Object, session: &mut Session) -> Result<Score> {
    session.set_points(&[])?;
    let mut prediction = vec![0; object.truth.len()];
    let mut ious = Vec::new();
    for _ in 0..args.clicks {
        let Some(click) = object.next_click(&prediction) else {
            break;
        };
        session.add(click)?;
        prediction = block_on(session.mask(&never_cancelled))?.mask.pixels;
        let iou = object.iou(&prediction);
        ious.push(iou);
        if iou >= statistics::NOC90 {
            break;
        }
    }
    Ok(Score { object: object.name.clone(), ious })
}

/// What the numbers depend on: a state of other settings is not gone on with.
fn settings(args: &EvalArgs, engine: &Engine) -> Result<serde_json::Value> {
    let dataset = args.dataset.canonicalize().unwrap_or_else(|_| args.dataset.clone());
    Ok(json!({
        "dataset": dataset.display().to_string(),
        "format": format!("{:?}", args.format),
        "clicks": args.clicks,
        "ignore_128": args.ignore_128,
        "model": serde_json::to_value(&engine.model().settings)?,
        "weights": model::weights_id(engine.source())?,
        "resolution": engine.network().resolution(),
        "device": engine.device().name(),
    }))
}

fn print(args: &EvalArgs, summary: &Summary) {
    let convention = if args.ignore_128 { "value 128 ignored" } else { "mask > 0" };
    println!("{} objects, at most {} clicks, {convention}, 95 % bootstrap", summary.objects, args.clicks);
    println!("NoC85  {}  not reached: {}", summary.noc85, summary.failures85);
    println!("NoC90  {}  not reached: {}", summary.noc90, summary.failures90);
    for (clicks, iou) in &summary.ious {
        println!("IoU after click {clicks:<2} {iou}");
    }
}
