//! `settings.json` of a DINOv2, or what was measured best.

use maskov_model::{ModelError, SETTINGS_FILE, Settings};
use serde::{Deserialize, Serialize};

use crate::DinoConfig;

/// How the map is read out of the network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum MapKind {
    /// The paper's: self-attention of the layers in `attention`, the class and register tokens dropped.
    Attention,
    /// How alike tokens are and how near: softmax over j of
    /// `(mean over the layers of cos(f_i, f_j)) / tau − d_ij² / (2 sigma²)`, f being a layer's output through the last norm.
    Affinity {
        /// Paths of the layers.
        layers: Vec<String>,
        /// Divides the cosine.
        tau: f32,
        /// Of the distance between token centres, in sides of the picture.
        sigma: f32,
    },
}

/// Everything about a model of this family that its config does not say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DinoSettings {
    /// What every family has.
    #[serde(flatten)]
    pub common: Settings,
    /// How the map is read out.
    pub map: MapKind,
}

impl DinoSettings {
    /// Reads `settings.json`.
    ///
    /// # Errors
    /// When it is none of this family, or a value is beside its range.
    pub fn parse(json: &str) -> Result<Self, ModelError> {
        let settings: Self = serde_json::from_str(json)
            .map_err(|error| ModelError::Json { component: SETTINGS_FILE, reason: error.to_string() })?;
        settings.common.check()?;
        if let MapKind::Affinity { layers, tau, sigma } = &settings.map {
            if layers.is_empty() {
                return Err(Settings::wrong("map.layers", "[]".to_owned(), "at least one layer"));
            }
            for (key, value) in [("map.tau", tau), ("map.sigma", sigma)] {
                if !value.is_finite() || *value <= 0.0 {
                    return Err(Settings::wrong(key, value.to_string(), "a number above 0"));
                }
            }
        }
        Ok(settings)
    }

    /// Settings of a published checkpoint: the affinity of the last layer and of that at three quarters of the depth, which
    /// makes far better masks than the last layer's attention. R is 48: at R = 32 masks are coarser, and the network is small
    /// beside a diffusion model's.
    pub fn for_checkpoint(config: &DinoConfig) -> Self {
        let last = config.num_hidden_layers - 1;
        let inner = (3 * config.num_hidden_layers / 4).saturating_sub(1);
        let mut layers = vec![layer_path(last)];
        if inner != last {
            layers.push(layer_path(inner));
        }
        let common = Settings {
            name: String::new(),
            resolution: 48,
            temperature: 0.65,
            // ImageNet's, which every DINOv2 was trained with.
            image_mean: [0.485, 0.456, 0.406],
            image_std: [0.229, 0.224, 0.225],
            attention: [(attention_path(last), 1.0)].into(),
            method: None,
        };
        Self { common, map: MapKind::Affinity { layers, tau: 0.05, sigma: 0.1 } }
    }
}

/// Path of a layer.
pub(crate) fn layer_path(index: usize) -> String {
    format!("encoder.layer.{index}")
}

/// Path of a layer's self-attention.
pub(crate) fn attention_path(index: usize) -> String {
    format!("{}.attention.attention", layer_path(index))
}
