//! Networks against the numbers of diffusers and transformers.

use std::path::Path;

use anyhow::{Context, Result, bail};
use maskov_engine::{Device, Model, text_graph};
use maskov_graph::Graph;
use maskov_model::Probes;
use maskov_runtime::compare::channels_last;

use super::golden::{Golden, ROWS};
use super::report::Report;
use super::stages::{Bounds, SUMMARY, Stages, run};
use crate::model::open_folder;
use crate::progress::Steps;

/// What the files call the image.
const IMAGES: [&str; 2] = ["image", "pixel_values"];
const MAP: &str = "attn.";
const ACTIVATION: &str = "act.";
const PROBE: &str = "probe.";
const PROBED_ROWS: &str = "attn_rows.";

/// A whole small model: all activations and all maps.
pub async fn verify_modules(
    golden: &Golden,
    folder: &Path,
    device: &Device,
    report: &mut Report,
) -> Result<()> {
    let source = open_folder(folder)?;
    let model = Model::of(&*source)?;
    let names = golden.names();
    let image = *IMAGES.iter().find(|name| names.contains(name)).context("the file has no image")?;
    let (resolution, pixels) = pixels(golden, image, &model)?;
    let graph = model.verification_graph(resolution, Probes { attention_maps: true, norms: true })?;
    let constants = constants_of(golden, &graph)?;
    let constants: Vec<_> = constants.iter().map(|(name, values)| (*name, values.as_slice())).collect();
    let is_input = |name: &str| name == image || constants.iter().any(|(constant, _)| *constant == name);
    let stages: Vec<&str> = names.into_iter().filter(|name| !is_input(name)).collect();
    let public =
        |stage: &str| stage.strip_prefix(ACTIVATION).or(stage.strip_prefix(MAP)).unwrap_or(stage).to_owned();
    let names: Vec<String> = stages.iter().map(|stage| public(stage)).collect();
    let wanted: Vec<&str> =
        names.iter().map(String::as_str).filter(|name| graph.find(name).is_some()).collect();
    let found = run(device, &graph, &wanted, &*source, &constants, &[("image", &pixels)]).await?;
    let bounds = Bounds::of(&*source, &graph, device);
    for (stage, name) in stages.iter().zip(&names) {
        let want = golden.f32(stage)?;
        match (found.map(name), golden.shape(stage)?) {
            (Some(map), &[_, columns]) => bounds.map(report, stage, Some(map), &want, columns),
            // Pictures are channels-first, tokens are not.
            (_, &[_, channels, _, _]) => {
                bounds.activation(report, stage, found.tensor(name), &channels_last(&want, channels));
            }
            // A file may leave out the class and register tokens, which come first.
            (_, _) => {
                let got = found.tensor(name).and_then(|got| got.get(got.len().checked_sub(want.len())?..));
                bounds.activation(report, stage, got, &want);
            }
        }
    }
    Ok(())
}

/// Values of the list's constant inputs, as the file has them.
fn constants_of<'a>(golden: &Golden, graph: &'a Graph) -> Result<Vec<(&'a str, Vec<f32>)>> {
    let constants = graph.inputs.iter().filter(|input| input.constant);
    let names = constants.map(|input| graph.tensor(input.tensor).name.as_str());
    names.map(|name| Ok((name, golden.f32(name)?))).collect()
}

/// A text encoder.
pub async fn verify_text(golden: &Golden, folder: &Path, device: &Device, report: &mut Report) -> Result<()> {
    let source = open_folder(folder)?;
    let ids = golden.i32("input_ids")?;
    let ids = ids.into_iter().map(u32::try_from).collect::<Result<Vec<_>, _>>().context("input_ids")?;
    let graph = text_graph(&*source, &ids)?;
    let graph = graph.with_context(|| format!("{} has no text_encoder/config.json", folder.display()))?;
    let output = "last_hidden_state";
    let found = run(device, &graph, &[output], &*source, &[], &[]).await?;
    let bounds = Bounds::of(&*source, &graph, device);
    bounds.activation(report, output, found.tensor(output), &golden.f32(output)?);
    Ok(())
}

/// An embedded model: the first rows of its layers' maps, then the map that they make.
pub async fn verify_embedded(
    golden: &Golden,
    folder: &Path,
    device: &Device,
    report: &mut Report,
) -> Result<()> {
    let source = open_folder(folder)?;
    let model = Model::of(&*source)?;
    let (resolution, image) = pixels(golden, "image", &model)?;
    let constants = model.constants(&*source, &mut Steps::new("text encoder")).await?;
    let constants: Vec<_> = constants.iter().map(|(name, values)| (*name, values.as_slice())).collect();
    let inputs = [("image", image.as_slice())];

    let probes = Probes { attention_maps: true, norms: false };
    let layers = model.verification_graph(resolution, probes)?;
    let stages: Vec<&str> = golden.names().into_iter().filter(|name| name.ends_with(ROWS)).collect();
    let layer = |stage: &str| stage.trim_start_matches(MAP).trim_end_matches(ROWS).to_owned();
    let names: Vec<String> = stages.iter().map(|stage| layer(stage)).collect();
    let wanted: Vec<&str> =
        names.iter().map(String::as_str).filter(|name| layers.find(name).is_some()).collect();
    let found = run(device, &layers, &wanted, &*source, &constants, &inputs).await?;
    let graph = model.graph(resolution)?.graph;
    let bounds = Bounds::of(&*source, &graph, device);
    for (stage, name) in stages.iter().zip(&names) {
        let want = golden.f32(stage)?;
        let rows = found.map(name).and_then(|map| map.get(..want.len()));
        bounds.map(report, stage, rows, &want, golden.shape(stage)?[1]);
    }
    let found = run(device, &graph, &["attention"], &*source, &constants, &inputs).await?;
    let want = golden.f32("attention")?;
    bounds.map(report, "attention", found.map("attention"), &want, golden.shape("attention")?[1]);
    Ok(())
}

/// A whole model of full size: samples of its modules' outputs, and rows of its maps.
pub async fn verify_full_size(
    golden: &Golden,
    folder: &Path,
    device: &Device,
    report: &mut Report,
) -> Result<()> {
    let source = open_folder(folder).context("a golden file of full size needs --model DIR")?;
    let model = Model::of(&*source)?;
    let (resolution, image) = pixels(golden, "image", &model)?;
    let probes = Probes { attention_maps: true, norms: false };
    let graph = model.verification_graph(resolution, probes)?;
    let bounds = Bounds::of(&*source, &graph, device);
    let constants = model.constants(&*source, &mut Steps::new("text encoder")).await?;
    // What all else is made of.
    let first = bounds.at_most(1e-6);
    for (name, values) in &constants {
        first.activation(report, name, Some(values), &golden.f32(name)?);
    }
    let constants: Vec<_> = constants.iter().map(|(name, values)| (*name, values.as_slice())).collect();

    let names = golden.names();
    let module = |name: &str| {
        let name = name.strip_prefix(PROBE).or(name.strip_prefix(PROBED_ROWS)).unwrap_or(name);
        graph.find(name).is_some().then(|| name.to_owned())
    };
    let wanted: Vec<String> = names.iter().filter_map(|name| module(name)).collect();
    let wanted: Vec<&str> = wanted
        .iter()
        .map(String::as_str)
        .filter(|name| *name != "image" && constants.iter().all(|(constant, _)| constant != name))
        .collect();
    let found = run(device, &graph, &wanted, &*source, &constants, &[("image", &image)]).await?;
    for name in names {
        let want = || golden.f32(name);
        if let Some(layer) = name.strip_prefix(PROBED_ROWS) {
            let columns = golden.shape(name)?[1];
            let rows: Vec<usize> = golden.json("rows")?;
            let got = found.map(layer).map(|map| pick_rows(map, &rows, columns));
            bounds.map(report, name, got.as_deref(), &want()?, columns);
        } else if let Some(module) = name.strip_prefix(PROBE) {
            let got = match (found.tensor(module), graph.find(module)) {
                (Some(values), Some(id)) => Some(probe(values, graph.tensor(id).shape.channels)),
                _ => None,
            };
            bounds.probe(report, name, got.as_deref(), &want()?);
        } else if name == "latents" {
            let channels = golden.shape(name)?[1];
            first.activation(report, name, found.tensor(name), &channels_last(&want()?, channels));
        }
    }
    Ok(())
}

/// R, and the image as the network takes it: bytes, which are scaled here, or values with the channels first.
fn pixels(golden: &Golden, image: &str, model: &Model) -> Result<(usize, Vec<f32>)> {
    let factor = model.architecture().image_factor()?;
    let fits = |height: usize, width: usize| height == width && height.is_multiple_of(factor);
    match *golden.shape(image)? {
        [height, width, 3] if fits(height, width) => {
            Ok((height / factor, model.settings().scaled(&golden.u8(image)?)))
        }
        [1, 3, height, width] if fits(height, width) => {
            Ok((height / factor, channels_last(&golden.f32(image)?, 3)))
        }
        ref shape => bail!(
            "`{image}` has shape {shape:?}, but this model needs [{factor}·R, {factor}·R, 3] or [1, 3, {factor}·R, {factor}·R]"
        ),
    }
}

fn pick_rows(map: &[f32], rows: &[usize], columns: usize) -> Vec<f32> {
    rows.iter().filter_map(|row| map.get(row * columns..(row + 1) * columns)).flatten().copied().collect()
}

/// Mean, standard deviation (of a sample: over `count − 1`, as PyTorch has it), largest magnitude, count in millions, and 64
/// values spread over the module's output in diffusers' order `[channels, pixels]`.
fn probe(values: &[f32], channels: usize) -> Vec<f32> {
    let count = values.len();
    let mean = values.iter().map(|&value| f64::from(value)).sum::<f64>() / count as f64;
    let squares = values.iter().map(|&value| (f64::from(value) - mean).powi(2)).sum::<f64>();
    let deviation = (squares / (count - 1) as f64).sqrt();
    let largest = values.iter().fold(0f32, |largest, value| largest.max(value.abs()));
    let pixels = count / channels;
    let sample = |i: usize| {
        let at = i * (count - 1) / 63;
        values[at % pixels * channels + at / pixels]
    };
    let summary: [f32; SUMMARY] = [mean as f32, deviation as f32, largest, (count as f64 / 1e6) as f32];
    summary.into_iter().chain((0..64).map(sample)).collect()
}

impl Stages {
    fn map(&self, name: &str) -> Option<&[f32]> {
        self.maps.get(name).map(Vec::as_slice)
    }

    fn tensor(&self, name: &str) -> Option<&[f32]> {
        self.tensors.get(name).map(Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::probe;

    #[test]
    fn probes_sample_in_diffusers_order() {
        // Two channels of 64 pixels: channel 0 is 0..64, channel 1 is 64..128.
        let values: Vec<f32> = (0..64).flat_map(|pixel| [pixel as f32, 64.0 + pixel as f32]).collect();
        let probe = probe(&values, 2);
        assert_eq!(probe.len(), 68);
        assert_eq!(probe[0], 63.5);
        assert!((probe[1] - (128.0f32 * 129.0 / 12.0).sqrt()).abs() < 1e-4);
        assert_eq!((probe[2], probe[3]), (127.0, 128e-6));
        for (i, value) in probe[4..].iter().enumerate() {
            assert_eq!(*value, (i * 127 / 63) as f32);
        }
    }
}
