//! What a model is, read from its pack or checkpoint.

use maskov_diffusion::{
    Configs, ModelError, ModelGraph, PROMPT_TOKENS, Settings, TextEmbedding, TextEncoderConfig, UnetConfig,
    VaeConfig, attention_graph, text_graph,
};
use maskov_runtime::{CpuExecutor, Executor, Observer};
use maskov_weights::WeightSource;

use crate::{EngineError, Result};

/// The tensor of a pack that holds the empty prompt's embedding, f32 `[1, 77, width]`, in place of a text encoder.
pub const TEXT_EMBEDDING: &str = "text_embedding";

/// A model's settings and configs.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// How it reads its image and which layers make the map.
    pub settings: Settings,
    /// Its networks.
    pub configs: Configs,
}

impl Model {
    /// Reads what a pack or checkpoint says about itself. A checkpoint without `settings.json` gets the paper's settings.
    ///
    /// # Errors
    /// When there is no UNet, or a config is not one that runs here.
    pub fn of(source: &dyn WeightSource) -> Result<Self> {
        // A UNet's folder alone is a model too.
        let unet = source.config("unet").or_else(|| source.config("model")).ok_or(EngineError::NoConfig)?;
        let unet = UnetConfig::parse(&unet.to_string())?;
        let vae = source.config("vae").map(|json| VaeConfig::parse(&json.to_string())).transpose()?;
        let settings = match source.settings() {
            Some(json) if !json.is_null() => Settings::parse(&json.to_string())?,
            _ => Settings::for_checkpoint(&unet)?,
        };
        Ok(Self { settings, configs: Configs { unet, vae } })
    }

    /// The list from a photo to the attention map at that R.
    ///
    /// # Errors
    /// When R does not fit the model.
    pub fn graph(&self, resolution: usize) -> Result<ModelGraph, ModelError> {
        attention_graph(&self.configs, &self.settings, resolution)
    }

    /// The values of the list's constant input: what the settings say, read or computed once.
    ///
    /// # Errors
    /// [`EngineError::NoTextEncoder`]; those of reading weights.
    pub async fn text_embedding(
        &self,
        source: &dyn WeightSource,
        observer: &mut dyn Observer,
    ) -> Result<Vec<f32>> {
        let shape = self.configs.text_shape(&self.settings)?;
        if let TextEmbedding::Zeros { .. } = self.settings.text_embedding {
            return Ok(vec![0.0; shape.len()]);
        }
        if source.info(TEXT_EMBEDDING).is_some() {
            return Ok(source.read(TEXT_EMBEDDING).await?.to_f32()?);
        }
        let config = source.config("text_encoder").ok_or(EngineError::NoTextEncoder)?;
        let config = TextEncoderConfig::parse(&config.to_string())?;
        if config.hidden_size != shape.channels || shape.rows() != PROMPT_TOKENS {
            let reason = format!(
                "the text encoder gives {} values a token and the UNet takes {}: take both from one checkpoint",
                config.hidden_size, shape.channels
            );
            return Err(ModelError::Contradiction { reason }.into());
        }
        let graph = text_graph(&config, &config.empty_prompt())?;
        let output = "last_hidden_state";
        // Once per model and small against the rest: the CPU's f32 is right on every device.
        let encoder = CpuExecutor::load(&graph, &[output], source, &[], observer).await?;
        let mut outputs = encoder.run(&[], observer).await?;
        Ok(outputs.tensors.remove(output).unwrap_or_default())
    }
}
