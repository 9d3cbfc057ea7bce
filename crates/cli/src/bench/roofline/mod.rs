//! `maskov bench roofline`: what the adapter does at the most, how near every kernel comes to it at real shapes, and what
//! the work would take on an adapter of other peaks.

mod method;
mod network;
mod peaks;
mod table;

use std::path::PathBuf;
use std::rc::Rc;
use std::str::FromStr;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use maskov_engine::{Device, DeviceChoice, Engine, Model};
use maskov_gpu::Gpu;
use maskov_weights::DType;
use pollster::block_on;
use serde_json::{Value, json};

use self::peaks::Peaks;
use super::generated;
use crate::configs;
use crate::files::{OutFile, check_outputs};
use crate::model;
use crate::progress::Steps;

/// Measure the adapter's peaks and every kernel's share of them
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    maskov bench roofline\n  \
    maskov bench roofline --config tests/fixtures/shapes/sd21.json@64 --config tests/fixtures/shapes/sd21.json@128\n  \
    maskov bench roofline --tflops 2.6 --gb-per-s 100 --dispatch-us 30 --round-trip-ms 3\n\n\
    Peaks and kernels are measured on any adapter, a software one too, where products of many rows are measured on fewer\n\
    of them. Predictions are made from the measured peaks, or from those that are given, and say that they are predictions.")]
pub struct RooflineArgs {
    /// Model pack or checkpoint folder [default: $MASKOV_MODEL, else the model inside this program]
    #[arg(long, value_name = "PACK")]
    model: Option<PathBuf>,
    /// Attention resolution R of that model [default: the model's own]
    #[arg(long, value_name = "R")]
    resolution: Option<usize>,
    /// Another model by its config files, without weights, at that R; repeat for more
    #[arg(long = "config", value_name = "PATH@R")]
    configs: Vec<ConfigArg>,
    /// How the matrices of --config are stored
    #[arg(long, value_enum, default_value_t = DTypeArg::F16)]
    dtype: DTypeArg,
    /// The method's kernels only, without the networks
    #[arg(long, conflicts_with = "configs")]
    method_only: bool,
    /// Predict for this many f32 TFLOP/s
    #[arg(long, value_name = "N", value_parser = positive)]
    tflops: Option<f64>,
    /// Predict for this memory bandwidth
    #[arg(long, value_name = "N", value_parser = positive)]
    gb_per_s: Option<f64>,
    /// Predict for this cost of a dispatch
    #[arg(long, value_name = "N", value_parser = positive)]
    dispatch_us: Option<f64>,
    /// Predict for this cost of a blocking read-back
    #[arg(long, value_name = "N", value_parser = positive)]
    round_trip_ms: Option<f64>,
    /// Also write the numbers to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Replace the file of --json where it is there already
    #[arg(long, requires = "json")]
    force: bool,
}

/// `PATH@R`.
#[derive(Clone, Debug, PartialEq)]
struct ConfigArg {
    path: PathBuf,
    resolution: usize,
}

impl FromStr for ConfigArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.rsplit_once('@').and_then(|(path, r)| Some((path, r.parse().ok()?)));
        match parts {
            Some((path, resolution)) if !path.is_empty() && resolution > 0 => {
                Ok(Self { path: path.into(), resolution })
            }
            _ => Err("write PATH@R, such as sd21/config.json@64".to_owned()),
        }
    }
}

/// How matrices are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum DTypeArg {
    F16,
    Q8,
    Q4,
}

impl From<DTypeArg> for DType {
    fn from(arg: DTypeArg) -> Self {
        match arg {
            DTypeArg::F16 => Self::F16,
            DTypeArg::Q8 => Self::Q8,
            DTypeArg::Q4 => Self::Q4,
        }
    }
}

/// Runs the subcommand.
pub fn run(args: RooflineArgs) -> Result<()> {
    let folder = model::folder(args.model.as_deref());
    let configs = args.configs.iter().map(|config| config.path.as_path());
    let inputs: Vec<_> = folder.as_deref().into_iter().chain(configs).collect();
    check_outputs("--json", args.json.as_slice(), &inputs, args.force)?;
    let out = args.json.as_deref().map(|json| OutFile::create("--json", json)).transpose()?;
    let numbers = block_on(measure(&args))?;
    out.map_or(Ok(()), |out| out.write(&serde_json::to_vec_pretty(&numbers)?))
}

async fn measure(args: &RooflineArgs) -> Result<Value> {
    let model_of = |config: &ConfigArg| {
        Model::read(&configs::read(&config.path)?).with_context(|| config.path.display().to_string())
    };
    let others = args.configs.iter().map(model_of).collect::<Result<Vec<_>>>()?;
    let source = model::open(args.model.as_deref())?;
    let mut steps = Steps::new("loading");
    let engine = Engine::open(source.clone(), DeviceChoice::Gpu, args.resolution, &mut steps).await?;
    drop(steps);
    let Device::Gpu(gpu) = engine.device().clone() else {
        bail!("kernels are measured on a GPU, and this runs on the CPU.");
    };
    // The same pieces in every run, whatever the adapter has shown.
    gpu.work_as_hardware();
    let peaks = Peaks::measure(&gpu).await?;
    let assumed = args.assumed(peaks);
    println!("{} ({}), {}\n", gpu.caps().name, gpu.caps().backend, gpu.caps().driver);
    peaks.print();
    let mut numbers = json!({ "adapter": gpu.caps().name, "peaks": peaks.json(), "assumed": assumed.json() });
    let resolution = engine.network().resolution();
    if !args.method_only {
        let dtype = |name: &str| source.info(name).map_or(DType::F32, |info| info.dtype);
        let title = format!("the model, R = {resolution}: photo to map");
        numbers[&title] =
            network(&gpu, engine.model(), resolution, &dtype, &title, [&peaks, &assumed]).await?;
    }
    for (model, ConfigArg { path, resolution }) in others.iter().zip(&args.configs) {
        let title = format!("{}, R = {resolution}, {:?}: photo to map", path.display(), args.dtype);
        let dtype = |_: &str| args.dtype.into();
        numbers[&title] = network(&gpu, model, *resolution, &dtype, &title, [&peaks, &assumed]).await?;
    }
    let others = args.configs.iter().map(|config| config.resolution);
    let mut resolutions: Vec<usize> = std::iter::once(resolution).chain(others).collect();
    resolutions.sort_unstable();
    resolutions.dedup();
    for resolution in resolutions {
        // A step of the chain alone takes a software adapter half a second.
        if gpu.caps().software && resolution > 64 {
            println!(
                "\nthe method at R = {resolution}: not measured, a software adapter takes minutes for it"
            );
            continue;
        }
        let photo = generated(1250, 800)?;
        // The first time kernels are compiled.
        method::measure(&gpu, &engine, &photo, resolution, &assumed).await?;
        for task in method::measure(&gpu, &engine, &photo, resolution, &assumed).await? {
            let title = format!("the method, R = {resolution}, 1250×800: {}", task.what);
            task.table.print(&title, &peaks, &assumed, task.round_trips);
            numbers[&title] = task.table.json(&peaks, task.round_trips);
        }
    }
    Ok(numbers)
}

async fn network(
    gpu: &Rc<Gpu>,
    model: &Model,
    resolution: usize,
    dtype: &dyn Fn(&str) -> DType,
    title: &str,
    [peaks, assumed]: [&Peaks; 2],
) -> Result<Value> {
    let list = model.graph(resolution)?;
    let graph = list.graph.pruned(&[list.attention]);
    let table = network::measure(gpu, &graph, dtype, peaks, assumed).await?;
    table.print(title, peaks, assumed, 0);
    Ok(table.json(peaks, 0))
}

impl RooflineArgs {
    /// The peaks of the prediction: those that are given, else the measured ones.
    fn assumed(&self, measured: Peaks) -> Peaks {
        Peaks {
            fma_f32: self.tflops.map_or(measured.fma_f32, |tflops| 1e12 * tflops),
            read: self.gb_per_s.map_or(measured.read, |rate| 1e9 * rate),
            dispatch_ms: self.dispatch_us.map_or(measured.dispatch_ms, |us| us / 1e3),
            round_trip_ms: self.round_trip_ms.unwrap_or(measured.round_trip_ms),
            ..measured
        }
    }
}

fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() && value > 0.0 => Ok(value),
        _ => Err("write a number above 0".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configs_are_read_with_their_resolution() {
        let config = |path: &str, resolution| Ok(ConfigArg { path: path.into(), resolution });
        assert_eq!("a/b.json@64".parse(), config("a/b.json", 64));
        assert_eq!("me@home/b@128".parse(), config("me@home/b", 128));
        for bad in ["a/b.json", "a/b.json@", "a@b", "@64", "a@0", ""] {
            assert!(bad.parse::<ConfigArg>().is_err(), "{bad}");
        }
    }
}
