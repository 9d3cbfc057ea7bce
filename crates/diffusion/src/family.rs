//! Stable Diffusion among the families of models.

use std::collections::BTreeMap;

use maskov_graph::Graph;
use maskov_model::{
    Architecture, ConfigFiles, Constant, ConstantValues, Family, Listing, ListingOptions, ModelError,
    ModelGraph, Probes, Settings,
};
use serde_json::Value;

use crate::{
    Configs, DiffusionSettings, TextEmbedding, TextEncoderConfig, UnetConfig, VaeConfig, attention_graph,
    text_graph, unet_graph, vae_graph, verification_graph,
};

const UNET: &str = "unet";
const VAE: &str = "vae";
const TEXT_ENCODER: &str = "text_encoder";
/// The component of a folder that holds a single one.
const ALONE: &str = "model";

/// The family: whatever is made of diffusers' `UNet2DConditionModel`.
#[derive(Clone, Copy, Debug)]
pub struct Diffusion;

/// A model of it.
#[derive(Clone, Debug, PartialEq)]
pub struct DiffusionModel {
    /// Its networks.
    pub configs: Configs,
    /// How they are used.
    pub settings: DiffusionSettings,
    files: ConfigFiles,
}

impl Family for Diffusion {
    fn name(&self) -> &'static str {
        "Stable Diffusion"
    }

    fn components(&self) -> &'static [&'static str] {
        &[UNET, VAE, TEXT_ENCODER, ALONE]
    }

    fn classes(&self) -> &'static [&'static str] {
        &["UNet2DConditionModel", "AutoencoderKL", "CLIPTextModel"]
    }

    fn component_of(&self, config: &Value) -> Option<&'static str> {
        let text = |key: &str| config.get(key).and_then(Value::as_str);
        match (text("_class_name"), text("model_type")) {
            (Some("UNet2DConditionModel"), _) => Some(UNET),
            (Some("AutoencoderKL"), _) => Some(VAE),
            (_, Some("clip_text_model")) => Some(TEXT_ENCODER),
            _ => None,
        }
    }

    fn read(&self, files: &ConfigFiles) -> Result<Box<dyn Architecture>, ModelError> {
        Ok(Box::new(DiffusionModel::read(files)?))
    }

    fn listings(&self, files: &ConfigFiles, options: &ListingOptions) -> Result<Vec<Listing>, ModelError> {
        let has_unet = unet_of(files).is_some();
        let mut listings = if has_unet { unet_listings(files, options)? } else { Vec::new() };
        if !has_unet && (options.whole || !options.attention.is_empty()) {
            let reason = "there is no UNet, so its whole list and its layers mean nothing here".to_owned();
            return Err(ModelError::Incomplete { reason });
        }
        if let Some(vae) = files.get(VAE) {
            let vae = VaeConfig::parse(&vae.to_string())?;
            listings.push(Listing {
                title: "VAE encoder, photo to latents".to_owned(),
                graph: vae_graph(&vae, options.resolution.unwrap_or(64))?,
                wanted: &["latents"],
                totals_only: has_unet,
            });
        }
        if let Some(text) = files.get(TEXT_ENCODER) {
            let text = TextEncoderConfig::parse(&text.to_string())?;
            listings.push(Listing {
                title: "text encoder, the empty prompt, once per model".to_owned(),
                graph: text_graph(&text, &text.empty_prompt())?,
                wanted: &["last_hidden_state"],
                totals_only: has_unet,
            });
        }
        Ok(listings)
    }

    fn text_graph(&self, files: &ConfigFiles, ids: &[u32]) -> Result<Option<Graph>, ModelError> {
        let config = files.get(TEXT_ENCODER).or_else(|| files.get(ALONE));
        let graph = |config: &Value| text_graph(&TextEncoderConfig::parse(&config.to_string())?, ids);
        config.map(graph).transpose()
    }
}

/// A UNet's folder alone is a model too.
fn unet_of(files: &ConfigFiles) -> Option<&Value> {
    files.get(UNET).or_else(|| files.get(ALONE))
}

fn unet_listings(files: &ConfigFiles, options: &ListingOptions) -> Result<Vec<Listing>, ModelError> {
    let mut model = DiffusionModel::read(files)?;
    if !options.attention.is_empty() {
        model.settings.common.attention = options.attention.clone();
    }
    let resolution = options.resolution.unwrap_or(model.settings.common.resolution);
    // The UNet alone needs neither the VAE's config nor its weights.
    let alone = unet_graph(&model.configs.unet, &model.settings, resolution)?;
    let lacks_vae = model.configs.vae.is_none();
    let (map, noise): (&[&str], &[&str]) = (&["attention"], &["noise_pred"]);
    let (title, graph, wanted) = if options.whole {
        match model.verification_graph(resolution, Probes::default()) {
            Ok(graph) => ("whole network, photo to noise", graph, noise),
            Err(_) if lacks_vae => ("whole UNet, latents to noise", alone.clone(), noise),
            Err(error) => return Err(error),
        }
    } else {
        match model.attention_graph(resolution) {
            Ok(whole) => ("photo to map", whole.graph, map),
            Err(_) if lacks_vae => ("UNet, latents to map", alone.clone(), map),
            Err(error) => return Err(error),
        }
    };
    let summary = |title: &str, wanted| Listing {
        title: title.to_owned(),
        graph: alone.clone(),
        wanted,
        totals_only: true,
    };
    Ok(vec![
        Listing { title: format!("{title}, R = {resolution}"), graph, wanted, totals_only: false },
        summary("UNet alone, to the map", map),
        summary("UNet alone, whole", noise),
    ])
}

impl DiffusionModel {
    /// Reads a model's files; without `settings.json` it has the paper's settings.
    ///
    /// # Errors
    /// When there is no UNet, or a config is not one that runs here.
    pub fn read(files: &ConfigFiles) -> Result<Self, ModelError> {
        let unet = unet_of(files).ok_or_else(|| ModelError::Incomplete {
            reason: "the model has no unet/config.json, so its layers are not known: take a model pack or a checkpoint \
                     folder in diffusers' layout"
                .to_owned(),
        })?;
        let unet = UnetConfig::parse(&unet.to_string())?;
        let vae = files.get(VAE).map(|json| VaeConfig::parse(&json.to_string())).transpose()?;
        let settings = match files.settings() {
            Some(json) => DiffusionSettings::parse(&json.to_string())?,
            None => DiffusionSettings::for_checkpoint(&unet)?,
        };
        Ok(Self { configs: Configs { unet, vae }, settings, files: files.clone() })
    }

    /// The text encoder's list for the empty prompt.
    fn prompt_graph(&self, width: usize) -> Result<Graph, ModelError> {
        let config = self.files.get(TEXT_ENCODER).ok_or_else(|| ModelError::Incomplete {
            reason: "the model needs the text embedding of the empty prompt, and it has neither a text_encoder/ nor the \
                     tensor text_embedding: take the whole checkpoint, or a pack made by `maskov pack`"
                .to_owned(),
        })?;
        let config = TextEncoderConfig::parse(&config.to_string())?;
        if config.hidden_size != width {
            let reason = format!(
                "the text encoder gives {} values a token and the UNet takes {width}: take both from one checkpoint",
                config.hidden_size
            );
            return Err(ModelError::Contradiction { reason });
        }
        text_graph(&config, &config.empty_prompt())
    }
}

impl Architecture for DiffusionModel {
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
        let unet = unet_of(&self.files).map(|unet| (UNET, unet));
        let vae = self.files.get(VAE).map(|vae| (VAE, vae));
        unet.into_iter().chain(vae).map(|(name, config)| (name.to_owned(), config.clone())).collect()
    }

    fn image_factor(&self) -> Result<usize, ModelError> {
        self.configs.image_factor(&self.settings)
    }

    fn attention_graph(&self, resolution: usize) -> Result<ModelGraph, ModelError> {
        attention_graph(&self.configs, &self.settings, resolution)
    }

    fn verification_graph(&self, resolution: usize, probes: Probes) -> Result<Graph, ModelError> {
        verification_graph(&self.configs, &self.settings, resolution, probes)
    }

    fn constants(&self) -> Result<Vec<Constant>, ModelError> {
        let shape = self.configs.text_shape(&self.settings)?;
        let values = match self.settings.text_embedding {
            TextEmbedding::Zeros { .. } => ConstantValues::Zeros,
            TextEmbedding::EmptyPrompt => ConstantValues::Stored(
                self.prompt_graph(shape.channels).map(|graph| (graph, "last_hidden_state")),
            ),
        };
        Ok(vec![Constant { name: "text_embedding", shape, values }])
    }

    /// The ends of the network and the time embedding.
    fn keeps_f16(&self, path: &str) -> bool {
        let ends = ["conv_in", "conv_out", "quant_conv"];
        ends.iter().any(|end| path == *end || path.ends_with(&format!(".{end}")))
            || path.starts_with("time_embedding.")
    }
}
