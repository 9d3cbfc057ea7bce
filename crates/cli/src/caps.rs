//! `maskov caps`.

use anyhow::Result;
use clap::Args;
use maskov_engine::{Device, DeviceChoice, Model};
use maskov_gpu::Caps;
use maskov_model::LARGEST_RESOLUTION;
use maskov_photo::MAX_PIXELS;
use maskov_runtime::{activation_bytes, fits_bindings};
use pollster::block_on;

use crate::model;

/// Show the adapter, its limits and features, and what they allow
#[derive(Args)]
#[command(after_help = "Example:\n  maskov caps\n  maskov caps --model checkpoints/sd21")]
pub struct CapsArgs {
    /// Model whose largest R is looked for [default: the shipped one]
    #[arg(long, value_name = "PACK")]
    model: Option<std::path::PathBuf>,
}

/// Runs the subcommand.
pub fn run(args: CapsArgs) -> Result<()> {
    let source = model::open(args.model.as_deref())?;
    let model = Model::of(&*source)?;
    match block_on(Device::open(DeviceChoice::Gpu)) {
        Ok((Device::Gpu(gpu), _)) => print(gpu.caps(), &model),
        Ok((Device::Cpu, _)) => println!("adapter               none"),
        Err(error) => println!("adapter               none usable: {error}"),
    }
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    println!(
        "CPU                   {threads} threads: R = 32 by default, photos solved at up to 0.25 megapixel"
    );
    println!("photos                up to {} megapixels are opened", MAX_PIXELS / 1_000_000);
    Ok(())
}

fn print(caps: &Caps, model: &Model) {
    let mib = |bytes: u64| format!("{} MiB", bytes >> 20);
    let yes = |has: bool| if has { "yes" } else { "no" };
    println!("adapter               {}", caps.name);
    println!("backend, driver       {}, {}", caps.backend, caps.driver);
    let kind = if caps.software {
        "software: slower than the CPU, used only with --device gpu"
    } else {
        "hardware: used by default"
    };
    println!("kind                  {kind}");
    println!("storage binding       {} (of which 128 MiB are used)", mib(caps.max_binding_bytes));
    println!("buffer                {}", mib(caps.max_buffer_bytes));
    println!("workgroup memory      {} KiB", caps.max_workgroup_bytes >> 10);
    println!("invocations a group   {}", caps.max_invocations);
    println!("storage buffers       {}", caps.max_storage_buffers);
    println!("groups along an axis  {}", caps.max_groups);
    println!("timestamps            {} (times by layer)", yes(caps.timestamps));
    println!("shader-f16            {} (not needed)", yes(caps.shader_f16));
    let own = model.settings().resolution;
    println!(
        "own R of the model    {}; largest whose layers fit its bindings {}",
        own,
        largest_resolution(caps, model).map_or("none".to_owned(), |resolution| resolution.to_string())
    );
    let activations = model
        .graph(own)
        .ok()
        .and_then(|list| activation_bytes(&list.graph, &["attention"], caps.max_binding_bytes).ok());
    if let Some(bytes) = activations {
        println!("reading a photo       {} of activations at R = {own}, given back afterwards", mib(bytes));
    }
    println!(
        "solved at             the photo's own size up to 1 megapixel; larger masks refined at full size"
    );
}

/// The largest R whose activations can all be bound, in tiles where they are large.
fn largest_resolution(caps: &Caps, model: &Model) -> Option<usize> {
    let fits = |resolution: &usize| {
        let list = model.graph(*resolution);
        list.is_ok_and(|list| fits_bindings(&list.graph, caps.max_binding_bytes).is_ok())
    };
    (1..=LARGEST_RESOLUTION).rev().find(fits)
}
