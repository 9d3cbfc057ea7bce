//! `maskov pack`.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use maskov_engine::{MethodName, Model};
use maskov_graph::{Graph, Operation};
use maskov_model::{Architecture, ConstantValues};
use maskov_weights::{DType, Folder, FolderWriter, HostTensor, PackWriter, Wanted, resolve};
use pollster::block_on;
use serde::Serialize;
use serde_json::Value;

use crate::args::MethodArg;
use crate::files::{STANDARD_OUTPUT, lies_in};
use crate::left_over::{Kind, LeftOver, hold, make_folders};
use crate::model::open_folder;
use crate::progress::{Steps, counted};

/// Write a model pack: only the tensors that the attention map needs, quantised
#[derive(Args)]
#[command(after_help = "Example:\n  \
    maskov pack checkpoints/stable-diffusion-2-1 --quantize q8 --out packs/sd21\n\n\
    Norms, biases, conv_in, conv_out, the time embedding and to_q, to_k of the layers that make the map stay f16 in every\n\
    choice. A text encoder is replaced by the empty prompt's embedding. The pack takes its place once it is whole: until\n\
    then, and where the checkpoint proves damaged, an older pack that --force replaces stays as it is.")]
pub struct PackArgs {
    /// Checkpoint folder in diffusers' layout
    source: PathBuf,
    /// How matrices are stored
    #[arg(long, value_enum, default_value_t)]
    quantize: Quantize,
    /// How maps become masks, with our constants where that is ours [default: what the checkpoint's settings name]
    #[arg(long, value_enum)]
    method: Option<MethodArg>,
    /// Folder of the pack
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Replace a pack that is there already; its folder's other files are kept
    #[arg(long)]
    force: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Quantize {
    /// 16 bits a weight
    F16,
    /// 8 bits a weight, and an f16 scale for 32
    #[default]
    Q8,
    /// 4 bits a weight, and an f16 scale for 32
    Q4,
    /// q4 for 3×3 convolutions, q8 for linear layers
    Mixed,
}

/// Runs the subcommand.
pub fn run(args: PackArgs) -> Result<()> {
    check_out(&args)?;
    let source = open_folder(&args.source)?;
    let mut model = Model::of(&*source)?;
    let graph = model.graph(model.settings().resolution)?.graph;
    let wanted = graph.weights.iter();
    let stored = resolve(
        &*source,
        wanted.map(|weight| Wanted { name: &weight.name, aliases: &weight.aliases, shape: &weight.shape }),
    )?;
    let types = types(model.architecture(), &graph, args.quantize);
    let refused = || format!("--out {}", args.out.display());
    let parent = args.out.parent().unwrap_or(Path::new(""));
    let _parents = make_folders(parent).with_context(refused)?;
    let (_partial, folder) = LeftOver::make(Kind::Folder, || {
        FolderWriter::create(&args.out).map(|folder| (folder.partial_path().to_owned(), folder))
    })
    .with_context(refused)?;
    let mut writer = PackWriter::new(folder);
    let bar = counted("packing", stored.len() as u64);
    for (index, stored) in stored.iter().enumerate() {
        let name = &graph.weights[index].name;
        bar.set_message(name.clone());
        let tensor = block_on(source.read(stored))?.to_dtype(types[index])?;
        block_on(writer.write(&renamed(&tensor, name)?))?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    let values = block_on(model.constants(&*source, &mut Steps::new("text encoder")))?;
    for (constant, (name, values)) in model.architecture().constants()?.into_iter().zip(values) {
        if let ConstantValues::Stored(_) = constant.values {
            let shape = [1, constant.shape.rows(), constant.shape.channels];
            block_on(writer.write(&HostTensor::from_f32(name, &shape, &values)?))?;
        }
    }
    if let Some(method) = args.method {
        let method = plain(&MethodName::from(method).of(&model.method))?;
        model.architecture_mut().settings_mut().method = Some(method);
    }
    let settings = serde_json::from_str(&model.architecture().settings_json())?;
    let configs = model.architecture().packed_configs();
    let held = hold();
    let (_, manifest) = block_on(writer.finish(settings, configs)).with_context(refused)?;
    drop(held);
    let bytes: u64 = manifest.shards.iter().map(|shard| shard.length).sum();
    println!(
        "{}: {} tensors, {:.1} MB in {} shards",
        args.out.display(),
        manifest.tensors.len(),
        bytes as f64 / 1e6,
        manifest.shards.len()
    );
    Ok(())
}

/// Refuses what would destroy the source or an older pack, before a byte is written.
fn check_out(args: &PackArgs) -> Result<()> {
    let (out, shown) = (&args.out, args.out.display());
    if out.as_os_str() == STANDARD_OUTPUT {
        bail!("--out - : a pack is a folder. Give a folder to --out.");
    }
    // A pack that was killed in the middle of its swap is there already.
    Folder::at(out);
    let Ok(metadata) = out.metadata() else {
        return Ok(());
    };
    if !metadata.is_dir() {
        bail!("{shown} is a file. Give a folder to --out.");
    }
    if lies_in(&args.source, out) {
        bail!("{shown} is read and would be overwritten. Choose another --out.");
    }
    if !args.force && out.read_dir().is_ok_and(|mut entries| entries.next().is_some()) {
        bail!("{shown} is there already. Choose another --out, or replace it with --force.");
    }
    Ok(())
}

/// As JSON by way of text, which keeps the digits that were meant: 0.65, not the f32 nearest to it.
fn plain(value: &impl Serialize) -> Result<Value> {
    Ok(serde_json::from_str(&serde_json::to_string(value)?)?)
}

/// The stored type of every weight of the list.
fn types(architecture: &dyn Architecture, graph: &Graph, quantize: Quantize) -> Vec<DType> {
    let tapped = tapped_layers(graph);
    let mut matrices = HashMap::new();
    for op in &graph.ops {
        match &op.operation {
            Operation::Linear { weight, .. } => drop(matrices.insert(weight.0, DType::Q8)),
            Operation::Conv3x3 { weight, .. } => drop(matrices.insert(weight.0, DType::Q4)),
            _ => {}
        }
    }
    let of_weight = |(index, weight): (usize, &maskov_graph::Weight)| {
        let Some(&mixed) = matrices.get(&(index as u32)) else {
            return DType::F16;
        };
        match quantize {
            _ if keeps_f16(architecture, &weight.name, &tapped) => DType::F16,
            Quantize::F16 => DType::F16,
            Quantize::Q8 => DType::Q8,
            Quantize::Q4 => DType::Q4,
            Quantize::Mixed => mixed,
        }
    };
    graph.weights.iter().enumerate().map(of_weight).collect()
}

/// Matrices that do not quantise well: those that the family names, and what the map is made of.
fn keeps_f16(architecture: &dyn Architecture, name: &str, tapped: &HashSet<String>) -> bool {
    let path = name.strip_suffix(".weight").unwrap_or(name);
    architecture.keeps_f16(path) || tapped.contains(path)
}

/// Paths of the queries and keys of the layers that make the map.
fn tapped_layers(graph: &Graph) -> HashSet<String> {
    let taps = graph.ops.iter().filter_map(|op| match &op.operation {
        Operation::AttentionMap { taps, .. } => Some(taps),
        _ => None,
    });
    let ids: HashSet<_> = taps.flatten().flat_map(|tap| [tap.query, tap.key]).collect();
    graph.ops.iter().filter(|op| ids.contains(&op.output)).map(|op| op.name.clone()).collect()
}

fn renamed(tensor: &HostTensor, name: &str) -> Result<HostTensor> {
    Ok(HostTensor::new(name, tensor.shape(), tensor.dtype(), tensor.bytes().to_vec())?)
}

#[cfg(test)]
mod tests {
    use maskov_model::ConfigFiles;

    use super::*;

    #[test]
    fn matrices_are_quantised_but_for_those_that_must_not_be() {
        let fixture = |name: &str| {
            let path = format!("{}/../../tests/fixtures/small-v1/{name}", env!("CARGO_MANIFEST_DIR"));
            serde_json::from_str::<Value>(&std::fs::read_to_string(path).unwrap()).unwrap()
        };
        let model = Model::read(&ConfigFiles {
            components: [("unet".to_owned(), fixture("config.json"))].into(),
            settings: Some(fixture("settings.json")),
        })
        .unwrap();
        let layers: Vec<String> = model.settings().attention.keys().cloned().collect();
        let graph = model.graph(32).unwrap().graph;
        let of = |quantize| {
            let types = types(model.architecture(), &graph, quantize);
            let names = graph.weights.iter().map(|weight| weight.name.as_str());
            names.zip(types).collect::<HashMap<_, _>>()
        };
        let (q8, mixed) = (of(Quantize::Q8), of(Quantize::Mixed));
        for kept in ["conv_in.weight", "conv_in.bias", "time_embedding.linear_1.weight"] {
            assert_eq!(q8[kept], DType::F16, "{kept}");
        }
        for layer in &layers {
            assert_eq!(q8[format!("{layer}.to_q.weight").as_str()], DType::F16);
            assert_eq!(q8[format!("{layer}.to_k.weight").as_str()], DType::F16);
        }
        let other = "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q.weight";
        assert_eq!((q8[other], mixed[other]), (DType::Q8, DType::Q8));
        let convolution = "down_blocks.0.resnets.0.conv1.weight";
        assert_eq!((q8[convolution], mixed[convolution]), (DType::Q8, DType::Q4));
        assert!(of(Quantize::F16).values().all(|&dtype| dtype == DType::F16));
        assert!(q8.iter().all(|(name, &dtype)| dtype == DType::F16 || name.ends_with(".weight")));
    }
}
