//! `maskov bench`.

mod counts;
mod previews;
mod roofline;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Args, Subcommand};
use maskov_engine::{Device, Engine, PromptPoint, RgbImage, Stage};
use maskov_gpu::Profiling;
use pollster::block_on;
use serde_json::{Value, json};

use self::counts::Counted;
use crate::args::EngineArgs;
use crate::files::{OutFile, check_outputs, pixels, read_photo};
use crate::model;
use crate::progress::counted;

/// Measure the time of every stage on this machine
#[derive(Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  \
    maskov bench\n  \
    maskov bench --counts --device gpu --resolution 48\n  \
    maskov bench --device cpu --resolution 32 --photo photo.jpg --runs 9 --json bench.json\n\n\
    Prints medians in milliseconds as a Markdown table. A first run that compiles and fills caches is not counted."
)]
pub struct BenchArgs {
    #[command(subcommand)]
    command: Option<BenchCommand>,
    #[command(flatten)]
    engine: EngineArgs,
    /// Photo to segment [default: a generated one of 1 megapixel]
    #[arg(long, value_name = "IMAGE")]
    photo: Option<PathBuf>,
    /// Runs that are counted
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    runs: u32,
    /// Count what is asked of the GPU instead: dispatches, submits, round trips, objects, bytes
    #[arg(long, conflicts_with = "runs")]
    counts: bool,
    /// Also write the numbers to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Replace the file of --json where it is there already
    #[arg(long, requires = "json")]
    force: bool,
}

#[derive(Subcommand)]
enum BenchCommand {
    Previews(previews::PreviewsArgs),
    Roofline(roofline::RooflineArgs),
}

/// Milliseconds of every run, by what took them.
#[derive(Default)]
struct Times {
    order: Vec<String>,
    runs: BTreeMap<String, Vec<f64>>,
}

/// Runs the subcommand.
pub fn run(args: BenchArgs) -> Result<()> {
    match args.command {
        Some(BenchCommand::Previews(args)) => return previews::run(args),
        Some(BenchCommand::Roofline(args)) => return roofline::run(args),
        None => {}
    }
    let model = model::folder(args.engine.model.as_deref());
    let inputs: Vec<&Path> = args.photo.iter().chain(&model).map(PathBuf::as_path).collect();
    check_outputs("--json", args.json.as_slice(), &inputs, args.force)?;
    let out = args.json.as_deref().map(|json| OutFile::create("--json", json)).transpose()?;
    let mut engine = model::engine(&args.engine)?;
    let photo = match &args.photo {
        Some(path) => pixels(&read_photo(path)?)?,
        None => generated(1250, 800)?,
    };
    if args.counts {
        let counted = block_on(Counted::measure(&engine, &photo))?;
        println!("{}\n", about(&engine, &photo));
        counted.print();
        let numbers = json!({ "counts": counted.json() });
        return out.map_or(Ok(()), |out| write_json(out, &engine, &photo, numbers));
    }
    if let Device::Gpu(gpu) = engine.device() {
        gpu.set_profiling(Profiling::Labels);
    }
    let bar = counted("measuring", u64::from(args.runs) + 1);
    let mut times = Times::default();
    let mut solved = (0, 0);
    for run in 0..=args.runs {
        let mut measured = Times::default();
        solved = block_on(measure(&mut engine, &photo, &mut measured))?;
        if run > 0 {
            times.append(measured);
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    println!(
        "{}, solved at {}×{}, median of {} runs\n",
        about(&engine, &photo),
        solved.0,
        solved.1,
        args.runs
    );
    times.print();
    let medians: BTreeMap<_, _> = times.medians().into_iter().collect();
    let numbers = json!({ "solved": [solved.0, solved.1], "runs": args.runs, "median_ms": medians });
    out.map_or(Ok(()), |out| write_json(out, &engine, &photo, numbers))
}

/// What the numbers are of.
fn about(engine: &Engine, photo: &RgbImage<'_>) -> String {
    let (device, resolution) = (engine.device().name(), engine.network().resolution());
    format!("{device}, R = {resolution}, photo {}×{}", photo.width(), photo.height())
}

fn write_json(out: OutFile, engine: &Engine, photo: &RgbImage<'_>, mut numbers: Value) -> Result<()> {
    numbers["device"] = engine.device().name().into();
    numbers["resolution"] = engine.network().resolution().into();
    numbers["photo"] = json!([photo.width(), photo.height()]);
    out.write(&serde_json::to_vec_pretty(&numbers)?)
}

/// A photo and two clicks. The size it was solved at.
async fn measure(engine: &mut Engine, photo: &RgbImage<'static>, times: &mut Times) -> Result<(u32, u32)> {
    let start = std::time::Instant::now();
    let mut session = engine.encode(photo.clone(), None, &mut ()).await?;
    let timings = session.network_timings().by_block();
    let point = |x: u32, y: u32| PromptPoint::new(x, y, true);
    session.add(point(photo.width() / 2, photo.height() / 2))?;
    session.mask(&mut ()).await?;
    let first_mask = start.elapsed().as_secs_f64() * 1e3;
    for time in session.take_times() {
        times.add(time.stage.to_string(), time.ms);
        if time.stage == Stage::Network {
            timings.iter().for_each(|(block, ms)| times.add(format!("network: {block}"), *ms));
        }
    }
    let start = std::time::Instant::now();
    session.add(point(photo.width() / 3, photo.height() / 3))?;
    session.mask(&mut ()).await?;
    times.add("**photo to first mask**".to_owned(), first_mask);
    times.add("**a further click**".to_owned(), start.elapsed().as_secs_f64() * 1e3);
    Ok(session.solved_size())
}

impl Times {
    /// Adds to a stage of this run: some are done twice.
    fn add(&mut self, name: String, ms: f64) {
        match self.runs.get_mut(&name) {
            Some(run) => run[0] += ms,
            None => {
                self.order.push(name.clone());
                self.runs.insert(name, vec![ms]);
            }
        }
    }

    fn append(&mut self, run: Self) {
        for name in &run.order {
            if !self.runs.contains_key(name) {
                self.order.push(name.clone());
            }
        }
        for (name, ms) in run.runs {
            self.runs.entry(name).or_default().extend(ms);
        }
    }

    fn medians(&self) -> Vec<(String, f64)> {
        self.order.iter().map(|name| (name.clone(), median(&self.runs[name]))).collect()
    }

    fn print(&self) {
        println!("| stage | ms |\n|---|---|");
        for (name, ms) in self.medians() {
            println!("| {name} | {ms:.1} |");
        }
    }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[middle] } else { (sorted[middle - 1] + sorted[middle]) / 2.0 }
}

/// A picture with soft and hard edges, the same each time.
fn generated(width: u32, height: u32) -> Result<RgbImage<'static>> {
    let mut rgb = Vec::with_capacity((width * height * 3) as usize);
    let mut state = 1u32;
    for y in 0..height {
        for x in 0..width {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = (state >> 29) as u8;
            let (dx, dy) = (x.abs_diff(width / 2), y.abs_diff(height / 2));
            let inside = dx * dx + dy * dy < height * height / 9;
            let slope = (x * 120 / width + y * 60 / height) as u8;
            rgb.extend(if inside {
                [190 + noise, 60 + noise, 40 + noise]
            } else {
                [slope + noise, 90, slope + 40]
            });
        }
    }
    Ok(RgbImage::new(width, height, rgb)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_are_of_the_middle() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
    }

    #[test]
    fn stages_that_run_twice_count_together() {
        let mut times = Times::default();
        for runs in [[1.0, 2.0], [3.0, 6.0]] {
            let mut run = Times::default();
            runs.iter().for_each(|&ms| run.add("score".into(), ms));
            times.append(run);
        }
        assert_eq!(times.medians(), [("score".to_owned(), 6.0)]);
    }
}
