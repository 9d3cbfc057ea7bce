//! `maskov eval`: simulated clicks on a data set.

mod clicks;
mod dataset;
mod list;
mod mat_file;
mod notes;
mod perturb;
mod random;
mod report;
mod shrink;
mod simulate;
mod sizes;
mod state;
mod statistics;

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::Args;
use maskov_engine::Engine;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::args::EngineArgs;
use crate::files::{OutFile, check_outputs, read};
use crate::model;
use crate::progress::counted;
use dataset::{DataSet, Format, Item};
use list::List;
use report::Report;
use state::State;

/// Simulate clicks on a data set and count how many each object needs
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    maskov eval datasets/GrabCut --clicks 20 --json grabcut.json\n  \
    maskov eval datasets/Berkeley --format berkeley --ignore-128 --resolution 128 --model packs/sd2\n  \
    maskov eval datasets/COCO --list objects.csv --part A --long-side 320 --clicks 10 --all-clicks\n  \
    maskov eval datasets/COCO --list objects.csv --long-side 320 --clicks 1 --sizes --json sizes.json\n  \
    maskov eval datasets/GrabCut --perturb 0.1 --seeds 3\n\n\
    A data set is a folder with images/ and masks/; the masks of image STEM are STEM.* or STEM_*.*, unless the file is\n\
    another image's own mask. What is no image is skipped and counted. A mask is one object; one with 16 bits or a coloured\n\
    palette is an object per value above 0. A mask's grey value 128 counts as the object (the paper's convention) unless --ignore-128 leaves it out of clicks and scores (RITM,\n\
    SimpleClick). Photos are solved at their own size up to 1 megapixel, by m2n2 with its exact upsampling. A run that was\n\
    stopped goes on where it stopped; it says where it keeps its state.\n\n\
    A list is a CSV file whose first line is part,image,mask: names are relative to images/ and masks/, and the objects\n\
    are evaluated in its order. Steadiness is told over the clicks that were made: with --all-clicks that is all of them.")]
pub struct EvalArgs {
    /// Folder of the data set
    dataset: PathBuf,
    /// Only the objects of this list (CSV: part,image,mask)
    #[arg(long, value_name = "FILE.csv", conflicts_with = "format")]
    list: Option<PathBuf>,
    /// Only this part of the list
    #[arg(long, value_name = "PART", requires = "list")]
    part: Option<String>,
    /// Clicks on an object, at most
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100))]
    clicks: u32,
    /// Go on clicking where an object has reached 0.90
    #[arg(long)]
    all_clicks: bool,
    /// Also try the sizes of the first click: its stops, and 40 sizes from 0.3 % to 80 % of the photo
    #[arg(long)]
    sizes: bool,
    /// Also click with an unsteady hand: every click moved uniformly in a disc whose radius is this share of the object's
    /// size (the square root of its area), on the same side of the truth
    #[arg(long, value_name = "SHARE", value_parser = share)]
    perturb: Option<f64>,
    /// Runs with moved clicks, with seeds from 0 on
    #[arg(long, value_name = "N", requires = "perturb", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=100))]
    seeds: u64,
    /// Shrink photos and masks to this long side first
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u32).range(16..=16384))]
    long_side: Option<u32>,
    /// Leave pixels of value 128 out of clicks and scores
    #[arg(long)]
    ignore_128: bool,
    /// Only the first N images
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Also write the numbers of every object to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Replace the file of --json where it is there already, and a stopped run of other settings beside it
    #[arg(long, requires = "json")]
    force: bool,
    /// Layout of the data set
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    engine: EngineArgs,
}

fn share(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(share) if share > 0.0 && share <= 1.0 => Ok(share),
        _ => Err("write a share of the object's size above 0 and up to 1, such as 0.1".to_owned()),
    }
}

/// Runs the subcommand.
pub fn run(args: EvalArgs) -> Result<()> {
    let read_list = |file: &PathBuf| List::read(file, &args.dataset, args.part.as_deref());
    let list = args.list.as_ref().map(read_list).transpose()?;
    let mut found = match &list {
        Some(list) => DataSet { items: list.items.clone(), ..DataSet::default() },
        None => DataSet::read(&args.dataset, args.format)?,
    };
    found.items.truncate(args.limit.unwrap_or(usize::MAX));
    let items = &found.items;
    check_out(&args)?;
    let out = args.json.as_deref().map(|json| OutFile::create("--json", json)).transpose()?;
    let mut engine = model::engine(&args.engine)?;
    let settings = settings(&args, items, &engine)?;
    let mut state = State::open(args.json.as_deref(), &settings, args.force)?;
    eprintln!("{} images, R = {}, {}", items.len(), engine.network().resolution(), engine.device().name());
    if state.done() > 0 {
        eprintln!("{} objects are done already ({})", state.done(), state.path().display());
    } else {
        eprintln!("state, should this be stopped: {}", state.path().display());
    }
    evaluate(&args, items, &mut engine, &mut state)?;
    let scores = state.scores();
    if scores.is_empty() {
        bail!("{} has no object in any mask.", args.dataset.display());
    }
    let report = Report::of(scores, list.as_ref(), args.clicks, &found, state.notes());
    report.print(&args);
    if let Some(out) = out {
        let objects: serde_json::Map<_, _> =
            scores.iter().map(|score| (score.object.clone(), score.to_json(args.clicks))).collect();
        let mut json = serde_json::Map::new();
        json.insert("settings".to_owned(), settings);
        report.add_to(&mut json);
        json.insert("objects".to_owned(), objects.into());
        out.write(&serde_json::to_vec_pretty(&json)?)?;
    }
    state.remove()
}

/// Nothing that is read is written over.
fn check_out(args: &EvalArgs) -> Result<()> {
    let (images, masks) = args.format.folders();
    let own = [images, masks, dataset::SBD_LIST].map(|name| args.dataset.join(name));
    let model = model::folder(args.engine.model.as_deref());
    let inputs: Vec<&Path> = own.iter().chain(&args.list).chain(&model).map(PathBuf::as_path).collect();
    check_outputs("--json", args.json.as_slice(), &inputs, args.force)
}

fn evaluate(args: &EvalArgs, items: &[Item], engine: &mut Engine, state: &mut State) -> Result<()> {
    let bar = counted("evaluating", items.len() as u64);
    let start = Instant::now();
    for (index, item) in items.iter().enumerate() {
        let name = &item.name;
        bar.set_message(name.clone());
        if !state.has_image(name) {
            let mut notes = Vec::new();
            let scores = simulate::image(args, item, engine, &mut notes).with_context(|| name.clone())?;
            if bar.is_hidden() {
                let (done, seconds) = (index + 1, start.elapsed().as_secs_f64());
                let left = seconds / done as f64 * (items.len() - done) as f64;
                eprintln!("{done}/{} {name}, about {left:.0} s left", items.len());
            }
            state.add(name, scores, notes)?;
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(())
}

/// What the numbers depend on: a state of other settings is not gone on with.
fn settings(args: &EvalArgs, items: &[Item], engine: &Engine) -> Result<serde_json::Value> {
    let dataset = args.dataset.canonicalize().unwrap_or_else(|_| args.dataset.clone());
    // The list itself, not where it lies: another list in its place has other objects.
    let list = args.list.as_deref().map(read).transpose()?.map(|list| short_hash(&list));
    let masks = |item: &Item| -> Vec<_> {
        item.truths.iter().map(|truth| truth.path().file_name().map(ToOwned::to_owned)).collect()
    };
    let names: Vec<_> = items.iter().map(|item| (&item.name, masks(item))).collect();
    Ok(json!({
        "dataset": dataset.display().to_string(),
        "format": format!("{:?}", args.format),
        "list": list,
        "files": short_hash(format!("{names:?}").as_bytes()),
        "part": args.part,
        "long_side": args.long_side,
        "clicks": args.clicks,
        "all_clicks": args.all_clicks,
        "sizes": args.sizes,
        "perturb": args.perturb.map(|share| share.to_string()),
        "seeds": args.perturb.map(|_| args.seeds),
        "ignore_128": args.ignore_128,
        "method": serde_json::to_value(engine.method().method)?,
        "model": serde_json::from_str::<serde_json::Value>(&engine.model().architecture().settings_json())?,
        "weights": model::weights_id(engine.source())?,
        "resolution": engine.network().resolution(),
        "device": engine.device().name(),
    }))
}

/// Tells one thing from another.
fn short_hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
