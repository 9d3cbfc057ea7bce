//! What a model is, read from its pack or checkpoint.

use maskov_diffusion::{
    Configs, ModelError, ModelGraph, PROMPT_TOKENS, Settings, TextEmbedding, TextEncoderConfig, UnetConfig,
    VaeConfig, attention_graph, text_graph,
};
use maskov_runtime::{CpuExecutor, Executor, Observer};
use maskov_segment::Method;
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
    /// How its maps become masks: what the settings say, else the paper's, for a model whose masks nobody measured.
    pub method: Method,
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
        Self::new(settings, Configs { unet, vae })
    }

    /// A model of these settings.
    ///
    /// # Errors
    /// When the settings name a method that is not one, or constants beside their ranges.
    pub fn new(settings: Settings, configs: Configs) -> Result<Self> {
        let method = method_of(&settings)?;
        Ok(Self { settings, configs, method })
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

fn method_of(settings: &Settings) -> Result<Method> {
    let Some(json) = &settings.method else { return Ok(Method::M2n2) };
    let wrong = |expected: String| {
        let (key, found) = ("method".to_owned(), json.to_string());
        ModelError::Value { component: "settings.json", key, found, expected }
    };
    let method: Method = serde_json::from_value(json.clone()).map_err(|error| {
        wrong(format!("{{\"name\": \"m2n2\"}}, or {{\"name\": \"maskov\"}} with constants of it ({error})"))
    })?;
    let checked = method.settings(settings.temperature).validate();
    checked.map_err(|error| wrong(format!("constants in their ranges ({error})")))?;
    Ok(method)
}

#[cfg(test)]
mod tests {
    use maskov_diffusion::Settings;
    use maskov_segment::{MaskovSettings, Method};

    use super::method_of;

    fn settings(method: &str) -> Settings {
        let json = format!(
            r#"{{"latents": {{"kind": "vae"}}, "timestep": 100, "text_embedding": "zeros [1, 1, 32]", "resolution": 48,
                "temperature": 0.65, "attention": {{"a": 1.0}}{method}}}"#
        );
        Settings::parse(&json).unwrap()
    }

    #[test]
    fn a_model_names_its_method_and_constants() {
        assert_eq!(method_of(&settings("")).unwrap(), Method::M2n2);
        let ours = method_of(&settings(r#", "method": {"name": "maskov", "size_median": 0.2}"#)).unwrap();
        assert_eq!(ours, Method::Maskov(MaskovSettings { size_median: 0.2, ..MaskovSettings::default() }));
        for (method, word) in [
            (r#"{"name": "magic"}"#, "m2n2"),
            (r#"{"name": "maskov", "size": 1}"#, "unknown field"),
            (r#"{"name": "maskov", "smoothness": -1}"#, "smoothness is -1"),
            (r#""maskov""#, "name"),
        ] {
            let error = method_of(&settings(&format!(r#", "method": {method}"#))).unwrap_err().to_string();
            assert!(error.contains(word) && error.contains("settings.json"), "{error}");
        }
    }
}
