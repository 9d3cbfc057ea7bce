//! A model's config files, without its weights.

use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use maskov_diffusion::{Configs, Settings, UnetConfig, VaeConfig};
use maskov_engine::Model;
use serde_json::{Map, Value};

use crate::files::read;

/// Config files by component.
#[derive(Default)]
pub struct Parts {
    /// The UNet's `config.json`.
    pub unet: Option<Value>,
    /// The VAE's.
    pub vae: Option<Value>,
    /// The text encoder's.
    pub text_encoder: Option<Value>,
    /// What a pack says of how its image is read and which layers make the map.
    pub settings: Option<Value>,
}

impl Parts {
    /// The model that these files are of; without settings it has the paper's.
    pub fn model(&self) -> Result<Model> {
        let unet = self.unet.as_ref().context("no config of a UNet, and the map is a UNet's")?;
        let unet = UnetConfig::parse(&unet.to_string())?;
        let vae = self.vae.as_ref().map(|vae| VaeConfig::parse(&vae.to_string())).transpose()?;
        let settings = match &self.settings {
            Some(settings) => Settings::parse(&settings.to_string())?,
            None => Settings::for_checkpoint(&unet)?,
        };
        Ok(Model::new(settings, Configs { unet, vae })?)
    }

    /// Reads what `path` is: a model folder, a pack, one `config.json`, or a file with a `config` for each component.
    pub fn read(path: &Path) -> Result<Self> {
        if path.is_dir() {
            return Self::read_folder(path);
        }
        let json = json(path)?;
        let object = json.as_object().ok_or_else(|| anyhow!("{} is no JSON object.", path.display()))?;
        Self::of_object(object).with_context(|| path.display().to_string())
    }

    fn read_folder(path: &Path) -> Result<Self> {
        let pack = path.join(maskov_weights::MANIFEST_NAME);
        if pack.is_file() {
            let manifest = maskov_weights::Manifest::parse(&read(&pack)?)?;
            let config = |component: &str| manifest.configs.get(component).cloned();
            return Ok(Self {
                unet: config("unet"),
                vae: config("vae"),
                text_encoder: config("text_encoder"),
                settings: Some(manifest.settings.clone()),
            });
        }
        let part = |file: &str| path.join(file).is_file().then(|| json(&path.join(file))).transpose();
        if let Some(Value::Object(config)) = part("config.json")? {
            return Self::of_object(&config).with_context(|| path.display().to_string());
        }
        let parts = Self {
            unet: part("unet/config.json")?,
            vae: part("vae/config.json")?,
            text_encoder: part("text_encoder/config.json")?,
            settings: part("settings.json")?,
        };
        if parts.unet.is_none() && parts.vae.is_none() && parts.text_encoder.is_none() {
            bail!(
                "{} has no pack.json, config.json or unet/config.json. Give a model folder or a config file.",
                path.display()
            );
        }
        Ok(parts)
    }

    fn of_object(object: &Map<String, Value>) -> Result<Self> {
        let part = |component: &str| object.get(component)?.get("config").cloned();
        let parts = Self {
            unet: part("unet"),
            vae: part("vae"),
            text_encoder: part("text_encoder"),
            settings: object.get("settings").cloned(),
        };
        if parts.unet.is_some() || parts.vae.is_some() || parts.text_encoder.is_some() {
            return Ok(parts);
        }
        let config = Some(Value::Object(object.clone()));
        let text = |key: &str| object.get(key).and_then(Value::as_str);
        match (text("_class_name"), text("model_type")) {
            (Some("UNet2DConditionModel"), _) => Ok(Self { unet: config, ..Self::default() }),
            (Some("AutoencoderKL"), _) => Ok(Self { vae: config, ..Self::default() }),
            (_, Some("clip_text_model")) => Ok(Self { text_encoder: config, ..Self::default() }),
            (class, model_type) => bail!(
                "a config of {} is not supported: take that of a UNet2DConditionModel, an AutoencoderKL or a CLIPTextModel",
                class.or(model_type).unwrap_or("unknown class")
            ),
        }
    }
}

fn json(path: &Path) -> Result<Value> {
    serde_json::from_slice(&read(path)?).with_context(|| format!("{} is no JSON", path.display()))
}
