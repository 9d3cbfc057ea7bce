//! One list from the image to the map, or to everything that can be verified.

use maskov_graph::{Graph, GraphBuilder, Operation, Shape, Tap, TensorId};
use maskov_model::{ModelError, ModelGraph, Probes, SelfAttention, check_resolution};

use crate::affinity::affinity;
use crate::embeddings::embeddings;
use crate::layer::layer;
use crate::settings::layer_path;
use crate::{DinoConfig, DinoSettings, MapKind};

/// The network in a list that grows.
struct Network<'a> {
    list: GraphBuilder,
    config: &'a DinoConfig,
    /// R.
    side: usize,
    /// Every layer's output.
    outputs: Vec<TensorId>,
    attention: Vec<SelfAttention>,
}

/// The list from `image` to `attention`, and nothing that the map does not need.
pub(crate) fn attention_graph(
    config: &DinoConfig,
    settings: &DinoSettings,
    resolution: usize,
) -> Result<ModelGraph, ModelError> {
    let mut network = Network::new(config, resolution)?;
    let taps = match &settings.map {
        MapKind::Attention => settings.common.taps(&network.attention)?,
        MapKind::Affinity { layers, tau, sigma } => vec![network.affinity(layers, *tau, *sigma)?],
    };
    let map = network.map("attention", taps)?;
    let graph = network.list.finish().pruned(&[map]);
    let image_side = resolution * config.patch_size;
    Ok(ModelGraph { attention: graph.require("attention")?, graph, resolution, image_side })
}

/// The whole list: `embeddings`, every module's output, `hidden_N` (layer N's output through the last norm, of the picture's
/// tokens), `last_hidden_state` in transformers' order, and both maps, `attention` and `affinity`.
pub(crate) fn verification_graph(
    config: &DinoConfig,
    settings: &DinoSettings,
    resolution: usize,
    probes: Probes,
) -> Result<Graph, ModelError> {
    let mut network = Network::new(config, resolution)?;
    if probes.attention_maps {
        for SelfAttention { path, tap } in network.attention.clone() {
            network.map(&format!("{path}.map"), vec![tap])?;
        }
    }
    network.last_hidden_state()?;
    let taps = settings.common.taps(&network.attention)?;
    network.map("attention", taps)?;
    if let MapKind::Affinity { layers, tau, sigma } = &settings.map {
        let tap = network.affinity(layers, *tau, *sigma)?;
        network.map("affinity", vec![tap])?;
    }
    Ok(network.list.finish())
}

impl<'a> Network<'a> {
    fn new(config: &'a DinoConfig, resolution: usize) -> Result<Self, ModelError> {
        check_resolution(resolution, 1)?;
        let mut list = GraphBuilder::new();
        let pixels = resolution * config.patch_size;
        let image = list.input("image", Shape { height: pixels, width: pixels, channels: 3 }, false)?;
        let mut hidden = embeddings(&mut list, config, image)?;
        let (mut outputs, mut attention) = (Vec::new(), Vec::new());
        for index in 0..config.num_hidden_layers {
            let (output, found) = layer(&mut list, config, index, hidden)?;
            hidden = output;
            outputs.push(output);
            attention.push(found);
        }
        Ok(Self { list, config, side: resolution, outputs, attention })
    }

    fn map(&mut self, name: &str, taps: Vec<Tap>) -> Result<TensorId, ModelError> {
        let grid = [self.side, self.side];
        Ok(self.list.op(name, Operation::AttentionMap { taps, grid })?)
    }

    /// A layer's output through the last norm, of the picture's tokens.
    fn features(&mut self, index: usize) -> Result<TensorId, ModelError> {
        let name = format!("hidden_{index}");
        let (height, width) = (self.side, self.side);
        let rows = Operation::Rows { input: self.outputs[index], first: 0, height, width };
        let rows = self.list.hidden_op(&format!("{name}.rows"), rows)?;
        Ok(self.list.shared_layer_norm("layernorm", &name, rows, self.config.layer_norm_eps)?)
    }

    fn affinity(&mut self, layers: &[String], tau: f32, sigma: f32) -> Result<Tap, ModelError> {
        let mut features = Vec::new();
        for path in layers {
            let Some(index) = (0..self.outputs.len()).find(|index| layer_path(*index) == *path) else {
                let known: Vec<_> = (0..self.outputs.len()).map(layer_path).collect();
                return Err(ModelError::NoSuchLayer { layer: path.clone(), known: known.join(", ") });
            };
            features.push(self.features(index)?);
        }
        Ok(affinity(&mut self.list, &features, self.side, tau, sigma)?)
    }

    /// The last norm's output with the class and register tokens in front.
    fn last_hidden_state(&mut self) -> Result<(), ModelError> {
        let (eps, special, picture) =
            (self.config.layer_norm_eps, self.config.special_tokens(), self.side * self.side);
        let last = self.outputs[self.outputs.len() - 1];
        let normed = self.list.layer_norm("layernorm", &[], last, eps)?;
        let mut rows = |first: usize, height: usize| {
            let rows = Operation::Rows { input: normed, first, height, width: 1 };
            self.list.hidden_op(&format!("last_hidden_state.{first}"), rows)
        };
        let (a, b) = (rows(picture, special)?, rows(0, picture)?);
        self.list.op("last_hidden_state", Operation::ConcatRows { a, b })?;
        Ok(())
    }
}
