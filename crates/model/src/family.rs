//! Families of models, and models of them.

use std::collections::BTreeMap;
use std::fmt::Debug;

use maskov_graph::{Graph, Shape, TensorId};
use serde_json::Value;

use crate::{ConfigFiles, ModelError, Settings};

/// A family of models: what its config files are and how they are read.
pub trait Family: Sync {
    /// Its name in messages.
    fn name(&self) -> &'static str;

    /// The components that a checkpoint of it may have a `config.json` of.
    fn components(&self) -> &'static [&'static str];

    /// The classes whose `config.json` it reads, for messages.
    fn classes(&self) -> &'static [&'static str];

    /// The component that this `config.json` is of; `None` where it is of no model of this family.
    fn component_of(&self, config: &Value) -> Option<&'static str>;

    /// Reads a model's files; without `settings.json` it has the paper's settings.
    ///
    /// # Errors
    /// When a file is not one that runs here, or is missing.
    fn read(&self, files: &ConfigFiles) -> Result<Box<dyn Architecture>, ModelError>;

    /// The lists that files describe, for printing; of a component alone, too.
    ///
    /// # Errors
    /// As [`Family::read`].
    fn listings(&self, files: &ConfigFiles, options: &ListingOptions) -> Result<Vec<Listing>, ModelError>;

    /// The list from these token ids to `last_hidden_state`; `None` where there is no text encoder.
    ///
    /// # Errors
    /// When its config is not one that runs here, or the ids are beyond its table.
    fn text_graph(&self, files: &ConfigFiles, ids: &[u32]) -> Result<Option<Graph>, ModelError> {
        let _ = (files, ids);
        Ok(None)
    }
}

/// A model of some family: its configs and settings, read.
pub trait Architecture: Debug {
    /// What is the same for every family.
    fn settings(&self) -> &Settings;

    /// The same, to be changed.
    fn settings_mut(&mut self) -> &mut Settings;

    /// All settings as the text of `settings.json`, the family's own among them.
    fn settings_json(&self) -> String;

    /// The config files that a pack of it must hold, under the names of their components.
    fn packed_configs(&self) -> BTreeMap<String, Value>;

    /// Pixels of the image per token, on each axis.
    ///
    /// # Errors
    /// When settings and configs contradict each other.
    fn image_factor(&self) -> Result<usize, ModelError>;

    /// The list from `image` to `attention`, and nothing that the map does not need.
    ///
    /// # Errors
    /// When R does not fit the model, or its files contradict each other.
    fn attention_graph(&self, resolution: usize) -> Result<ModelGraph, ModelError>;

    /// The whole list: the output of every module by its path, and what `probes` asks for. [`Graph::pruned`] reduces it.
    ///
    /// # Errors
    /// As [`Architecture::attention_graph`].
    fn verification_graph(&self, resolution: usize, probes: Probes) -> Result<Graph, ModelError>;

    /// The constant inputs of its lists.
    ///
    /// # Errors
    /// When settings and configs contradict each other.
    fn constants(&self) -> Result<Vec<Constant>, ModelError>;

    /// Whether the matrix of that path loses too much when it is quantised. Layers that the map is made of are kept anyway.
    fn keeps_f16(&self, path: &str) -> bool;
}

/// A list from an image to a map.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelGraph {
    /// Input `image` `[side, side, 3]`, and constant ones; output `attention`.
    pub graph: Graph,
    /// The map, `[R², R²]`.
    pub attention: TensorId,
    /// R, the side of the token grid.
    pub resolution: usize,
    /// Side of the image in pixels.
    pub image_side: usize,
}

/// What a list for verification shows besides the outputs of modules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Probes {
    /// The map of every self-attention layer, by the layer's path.
    pub attention_maps: bool,
    /// Outputs of the group norms that SiLU follows, which are one operation otherwise.
    pub norms: bool,
}

/// An input that is the same for every photo.
#[derive(Clone, Debug, PartialEq)]
pub struct Constant {
    /// Its name as an input and, where its values are computed, as a tensor of a pack.
    pub name: &'static str,
    /// Its shape.
    pub shape: Shape,
    /// Where its values come from.
    pub values: ConstantValues,
}

/// Where a constant's values come from.
#[derive(Clone, Debug, PartialEq)]
pub enum ConstantValues {
    /// Zeros.
    Zeros,
    /// A tensor of the model under the constant's name. Where there is none, the output of a list that is run once; or the
    /// error that says why there is no such list.
    Stored(Result<(Graph, &'static str), ModelError>),
}

/// A list to be printed.
#[derive(Clone, Debug, PartialEq)]
pub struct Listing {
    /// What it is.
    pub title: String,
    /// The list.
    pub graph: Graph,
    /// The tensors that are wanted of it.
    pub wanted: &'static [&'static str],
    /// Whether its totals are enough.
    pub totals_only: bool,
}

/// What is to be printed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListingOptions {
    /// R; the model's own where absent.
    pub resolution: Option<usize>,
    /// The layers of the map; the model's own where there are none.
    pub attention: BTreeMap<String, f32>,
    /// The whole network instead of the part that the map needs.
    pub whole: bool,
}
