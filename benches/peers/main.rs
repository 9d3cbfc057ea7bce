//! A model's network as ONNX, and what its result must be: for `cargo xtask peers`, which gives both to other runtimes.
//!
//! ```sh
//! cargo run -p maskov-benches --bin export-onnx -- target/peers 32 48
//! ```
//!
//! writes into `target/peers/32` and `target/peers/48`:
//!
//! | file | what is in it |
//! |---|---|
//! | model.onnx | the network, from `image` to `attention`; weights in f32, whatever they are stored as |
//! | image.f32 | the still life as the network takes it, f32 `[1, 3, side, side]` |
//! | attention.f32 | Maskov's map of it on the CPU, f32 `[R², R²]` |

mod export;
mod nodes;
mod onnx;
mod operations;

use std::collections::HashMap;
use std::path::PathBuf;
use std::rc::Rc;

use anyhow::{Context, Result};
use clap::Parser;
use export::{Numbers, export};
use maskov_engine::{DeviceChoice, Engine, Model, RgbImage, resize_area};
use maskov_fixtures::repository;
use maskov_graph::{Graph, TensorId, WeightId};
use maskov_model::ModelGraph;
use maskov_runtime::{CpuExecutor, Executor};
use maskov_weights::{Pack, Wanted, WeightSource, resolve};
use pollster::block_on;

/// Write a model's network as ONNX, with an image and the map that Maskov makes of it on the CPU
#[derive(Parser)]
struct Arguments {
    /// Folder to write to: model.onnx, image.f32 and attention.f32 in a folder for each R
    folder: PathBuf,
    /// Attention resolutions R
    #[arg(required = true)]
    resolutions: Vec<usize>,
    /// Model pack [default: the embedded model]
    #[arg(long)]
    model: Option<PathBuf>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let pack = arguments.model.unwrap_or_else(|| repository("web/models/small-v1"));
    let pack = Rc::new(Pack::open_folder(&pack).with_context(|| pack.display().to_string())?);
    let photo = maskov_photo::decode(&std::fs::read(repository("web/sample/still_life.jpg"))?)?;
    let photo = RgbImage::new(photo.width(), photo.height(), photo.rgb().into_owned())?;
    for resolution in arguments.resolutions {
        let folder = arguments.folder.join(resolution.to_string());
        std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        let write = |name: &str, bytes: Vec<u8>| {
            let path = folder.join(name);
            std::fs::write(&path, bytes).with_context(|| path.display().to_string())
        };
        write("model.onnx", block_on(onnx_of(&pack, resolution))?)?;
        let (image, attention) = block_on(reference(pack.clone(), &photo, resolution))?;
        write("image.f32", bytes_of(&image))?;
        write("attention.f32", bytes_of(&attention))?;
    }
    Ok(())
}

/// The ONNX file of a pack's network at that R.
async fn onnx_of(pack: &Pack, resolution: usize) -> Result<Vec<u8>> {
    let model = Model::of(pack)?;
    let ModelGraph { graph, attention, .. } = model.graph(resolution)?;
    let inputs = model.constants(pack, &mut ()).await?;
    let inputs: Vec<_> = inputs.iter().map(|(name, values)| (*name, values.as_slice())).collect();
    let numbers = Numbers {
        weights: weights(&graph, attention, pack).await?,
        constants: constants(&graph, attention, pack, &inputs).await?,
    };
    export(&graph, attention, &numbers)
}

/// The weights that are read for every photo.
async fn weights(graph: &Graph, output: TensorId, pack: &Pack) -> Result<HashMap<WeightId, Vec<f32>>> {
    let wanted = graph.weights.iter();
    let wanted = wanted.map(|w| Wanted { name: &w.name, aliases: &w.aliases, shape: &w.shape });
    let stored = resolve(pack, wanted)?;
    let mut weights = HashMap::new();
    for index in graph.split(&[output]).per_photo {
        for id in graph.ops[index].operation.weights() {
            weights.insert(id, pack.read(&stored[id.0 as usize]).await?.to_f32()?);
        }
    }
    Ok(weights)
}

/// What the list makes of constants alone, as any exporter folds it: the time embedding, keys and values of the text.
async fn constants(
    graph: &Graph,
    output: TensorId,
    pack: &Pack,
    inputs: &[(&str, &[f32])],
) -> Result<HashMap<TensorId, Vec<f32>>> {
    let kept = graph.split(&[output]).kept;
    let names: Vec<&str> =
        graph.names.iter().filter(|(_, id)| kept.contains(id)).map(|(name, _)| name.as_str()).collect();
    let executor = CpuExecutor::load(graph, &names, pack, inputs, &mut ()).await?;
    let outputs = executor.run(&[], &mut ()).await?.tensors;
    outputs.into_iter().map(|(name, values)| Ok((graph.require(&name)?, values))).collect()
}

/// The photo as the network takes it, `[1, 3, side, side]`, and its map.
async fn reference(pack: Rc<Pack>, photo: &RgbImage<'_>, resolution: usize) -> Result<(Vec<f32>, Vec<f32>)> {
    let mut engine = Engine::open(pack, DeviceChoice::Cpu, Some(resolution), &mut ()).await?;
    let side = engine.network().image_side();
    let rgb = resize_area(photo.rgb(), photo.width() as usize, photo.height() as usize, side, side);
    let image = engine.model().settings().scaled(&rgb);
    let planes = (0..image.len()).map(|i| image[i % (side * side) * 3 + i / (side * side)]).collect();
    Ok((planes, engine.attention(photo, &mut ()).await?.attention.values().await?))
}

fn bytes_of(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}
