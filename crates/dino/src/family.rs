//! DINOv2 among the families of models.

use std::collections::BTreeMap;

use maskov_graph::Graph;
use maskov_model::{
    Architecture, ConfigFiles, Constant, Family, Listing, ListingOptions, ModelError, ModelGraph, Probes,
    Settings,
};
use serde_json::Value;

use crate::model::{attention_graph, verification_graph};
use crate::{DinoConfig, DinoSettings, MapKind};

/// The one component: the folder itself.
const MODEL: &str = "model";

/// The family: transformers' `Dinov2Model`, with registers and without.
#[derive(Clone, Copy, Debug)]
pub struct Dino;

/// A model of it.
#[derive(Clone, Debug, PartialEq)]
pub struct DinoModel {
    /// The network.
    pub config: DinoConfig,
    /// How it is used.
    pub settings: DinoSettings,
    file: Value,
}

impl Family for Dino {
    fn name(&self) -> &'static str {
        "DINOv2"
    }

    fn components(&self) -> &'static [&'static str] {
        &[MODEL]
    }

    fn classes(&self) -> &'static [&'static str] {
        &["Dinov2Model", "Dinov2WithRegistersModel"]
    }

    fn component_of(&self, config: &Value) -> Option<&'static str> {
        let model_type = config.get("model_type").and_then(Value::as_str)?;
        ["dinov2", "dinov2_with_registers"].contains(&model_type).then_some(MODEL)
    }

    fn read(&self, files: &ConfigFiles) -> Result<Box<dyn Architecture>, ModelError> {
        Ok(Box::new(DinoModel::read(files)?))
    }

    fn listings(&self, files: &ConfigFiles, options: &ListingOptions) -> Result<Vec<Listing>, ModelError> {
        let mut model = DinoModel::read(files)?;
        if !options.attention.is_empty() {
            model.settings.common.attention = options.attention.clone();
            model.settings.map = MapKind::Attention;
        }
        let resolution = options.resolution.unwrap_or(model.settings.common.resolution);
        let (title, graph, wanted): (_, _, &[&str]) = match options.whole {
            true => {
                let graph = model.verification_graph(resolution, Probes::default())?;
                ("whole network, photo to tokens", graph, &["last_hidden_state"])
            }
            false => ("photo to map", model.attention_graph(resolution)?.graph, &["attention"]),
        };
        let title = format!("{title}, R = {resolution}");
        Ok(vec![Listing { title, graph, wanted, totals_only: false }])
    }
}

impl DinoModel {
    /// Reads a model's files; without `settings.json` it has those of a published checkpoint.
    ///
    /// # Errors
    /// When there is no config, or it is not one that runs here.
    pub fn read(files: &ConfigFiles) -> Result<Self, ModelError> {
        let file = files.get(MODEL).ok_or_else(|| ModelError::Incomplete {
            reason: "the model has no config.json, so its layers are not known: take the whole checkpoint"
                .to_owned(),
        })?;
        let config = DinoConfig::parse(&file.to_string())?;
        let settings = match files.settings() {
            Some(json) => DinoSettings::parse(&json.to_string())?,
            None => DinoSettings::for_checkpoint(&config),
        };
        Ok(Self { config, settings, file: file.clone() })
    }
}

impl Architecture for DinoModel {
    fn settings(&self) -> &Settings {
        &self.settings.common
    }

    fn settings_mut(&mut self) -> &mut Settings {
        &mut self.settings.common
    }

    fn settings_json(&self) -> String {
        serde_json::to_string(&self.settings).expect("strings and numbers always serialise")
    }

    fn packed_configs(&self) -> BTreeMap<String, Value> {
        [(MODEL.to_owned(), self.file.clone())].into()
    }

    fn image_factor(&self) -> Result<usize, ModelError> {
        Ok(self.config.patch_size)
    }

    fn attention_graph(&self, resolution: usize) -> Result<ModelGraph, ModelError> {
        attention_graph(&self.config, &self.settings, resolution)
    }

    fn verification_graph(&self, resolution: usize, probes: Probes) -> Result<Graph, ModelError> {
        verification_graph(&self.config, &self.settings, resolution, probes)
    }

    fn constants(&self) -> Result<Vec<Constant>, ModelError> {
        Ok(Vec::new())
    }

    /// The first layer.
    fn keeps_f16(&self, path: &str) -> bool {
        path == "embeddings.patch_embeddings.projection"
    }
}
