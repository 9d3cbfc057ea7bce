//! `maskov verify`: every stage of a golden file, computed again.

mod golden;
mod m2n2;
mod network;
mod report;
mod stages;

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use maskov_engine::Device;
use pollster::block_on;

use crate::args::DeviceArg;
use golden::{Form, Golden};
use report::Report;

/// Compute every stage of a golden file again and compare
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    maskov verify tests/fixtures/m2n2/synthetic_24.safetensors\n  \
    maskov verify tests/fixtures/diffusers_tiny/sd1_shaped/golden.safetensors --device cpu\n  \
    maskov verify golden.safetensors --model checkpoints/sd21\n\n\
    A line for each stage with its error and bound. Exit code 3 when one is beyond its bound, 1 when the file or the model\n\
    can't be read. Bounds of networks depend on the weights: the file's own in f32 on the CPU, rounded to f16 on a GPU.")]
pub struct VerifyArgs {
    /// Golden file: inputs and stages in one safetensors file
    #[arg(value_name = "GOLDEN.safetensors")]
    golden: PathBuf,
    /// Model folder or pack, where the form has a model [default: the folder of the file]
    #[arg(long, value_name = "DIR")]
    model: Option<PathBuf>,
    /// Where to compute
    #[arg(long, value_enum, default_value_t)]
    device: DeviceArg,
}

/// Runs the subcommand. Whether every stage was within its bound.
pub fn run(args: VerifyArgs) -> Result<bool> {
    let golden = Golden::open(&args.golden)?;
    let form = golden.form()?;
    let (device, note) = block_on(Device::open(args.device.into()))?;
    if let Some(note) = note {
        eprintln!("note: {note}");
    }
    println!("{}: {form} on {}", args.golden.display(), device.name());
    let folder = args.model.unwrap_or_else(|| golden.folder().to_owned());
    let mut report = Report::default();
    match form {
        Form::M2n2 => block_on(m2n2::verify(&golden, &device, &mut report))?,
        Form::Modules => block_on(network::verify_modules(&golden, &folder, &device, &mut report))?,
        Form::Text => block_on(network::verify_text(&golden, &folder, &device, &mut report))?,
        Form::FullSize => block_on(network::verify_full_size(&golden, &folder, &device, &mut report))?,
        Form::Embedded => block_on(network::verify_embedded(&golden, &folder, &device, &mut report))?,
    }
    report.finish()
}
