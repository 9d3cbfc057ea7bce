//! The families of models that run here: the one place that names them.

use maskov_diffusion::Diffusion;
use maskov_dino::Dino;
use maskov_graph::Graph;
use maskov_model::{Architecture, ConfigFiles, Family, Listing, ListingOptions, ModelError};
use maskov_weights::WeightSource;
use serde_json::Value;

/// In the order in which they are asked. The last one reads what no other knows, and says what is wrong with it.
const FAMILIES: [&dyn Family; 2] = [&Dino, &Diffusion];

/// The components that a checkpoint may have a `config.json` of, each once; `model` where a folder holds a single one.
pub fn components() -> Vec<&'static str> {
    let mut all: Vec<&str> = FAMILIES.iter().flat_map(|family| family.components()).copied().collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// The component that a `config.json` is of, whatever its family.
pub fn component_of(config: &Value) -> Option<&'static str> {
    FAMILIES.iter().find_map(|family| family.component_of(config))
}

/// The classes whose `config.json` runs here, for messages.
pub fn classes() -> Vec<&'static str> {
    FAMILIES.iter().flat_map(|family| family.classes()).copied().collect()
}

/// What a source of weights says about itself.
pub(crate) fn config_files(source: &dyn WeightSource) -> ConfigFiles {
    let config = |component: &'static str| Some((component.to_owned(), source.config(component)?.clone()));
    ConfigFiles {
        components: components().into_iter().filter_map(config).collect(),
        settings: source.settings().cloned(),
    }
}

pub(crate) fn read(files: &ConfigFiles) -> Result<Box<dyn Architecture>, ModelError> {
    family_of(files).read(files)
}

/// The lists that files describe, for printing.
///
/// # Errors
/// When a file is not one that runs here, or is missing.
pub fn listings(files: &ConfigFiles, options: &ListingOptions) -> Result<Vec<Listing>, ModelError> {
    family_of(files).listings(files, options)
}

/// The list from token ids to `last_hidden_state`; `None` where there is no text encoder.
///
/// # Errors
/// When its config is not one that runs here, or the ids are beyond its table.
pub fn text_graph(source: &dyn WeightSource, ids: &[u32]) -> Result<Option<Graph>, ModelError> {
    let files = config_files(source);
    family_of(&files).text_graph(&files, ids)
}

fn family_of(files: &ConfigFiles) -> &'static dyn Family {
    let knows_one = |family: &dyn Family| {
        let mut configs = files.components.values();
        configs.any(|config| family.component_of(config).is_some())
    };
    let last = FAMILIES[FAMILIES.len() - 1];
    FAMILIES.into_iter().find(|family| knows_one(*family)).unwrap_or(last)
}
