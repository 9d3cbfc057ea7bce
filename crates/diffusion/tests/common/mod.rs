//! The reference models: configs and shapes as diffusers and transformers state them.

#![allow(dead_code, reason = "every test file uses some of these")]

use std::collections::BTreeMap;
use std::path::Path;

use maskov_diffusion::{Configs, DiffusionSettings, TextEncoderConfig, UnetConfig, VaeConfig};
use maskov_model::ModelError;
use serde_json::{Value, json};

/// Names and shapes of a component's tensors.
pub type Shapes = BTreeMap<String, Vec<usize>>;

pub const FULL_SIZE: [&str; 3] = ["sd15", "sd21", "bk_sdm_v2_tiny"];

pub struct Reference {
    pub unet: (Value, Shapes),
    pub vae: (Value, Shapes),
    pub text_encoder: (Value, Shapes),
}

impl Reference {
    pub fn load(model: &str) -> Self {
        let spec: Value = serde_json::from_str(&fixture(&format!("shapes/{model}.json"))).expect("JSON");
        let part = |component: &str| {
            let shapes = serde_json::from_value(spec[component]["shapes"].clone()).expect("shapes");
            (spec[component]["config"].clone(), shapes)
        };
        Self { unet: part("unet"), vae: part("vae"), text_encoder: part("text_encoder") }
    }

    pub fn configs(&self) -> Configs {
        Configs {
            unet: unet(&self.unet.0),
            vae: Some(VaeConfig::parse(&self.vae.0.to_string()).expect("vae")),
        }
    }

    pub fn text_config(&self) -> TextEncoderConfig {
        TextEncoderConfig::parse(&self.text_encoder.0.to_string()).expect("text encoder")
    }
}

pub fn small() -> (Configs, DiffusionSettings) {
    let unet = UnetConfig::parse(&fixture("small-v1/config.json")).expect("unet");
    let settings = DiffusionSettings::parse(&fixture("small-v1/settings.json")).expect("settings");
    (Configs { unet, vae: None }, settings)
}

pub fn fixture(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures").join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub fn unet(config: &Value) -> UnetConfig {
    UnetConfig::parse(&config.to_string()).expect("a config that is supported")
}

pub fn refused(config: &Value) -> ModelError {
    UnetConfig::parse(&config.to_string()).expect_err("a config that is refused")
}

/// The config of SD 2.1 with some keys replaced.
pub fn sd21_with(keys: &[(&str, Value)]) -> Value {
    let mut config = Reference::load("sd21").unet.0;
    for (key, value) in keys {
        config[*key] = value.clone();
    }
    config
}

/// BK-SDM's students: `heads` and `width` from their teacher.
pub fn student(kind: &str, heads: Value, width: usize, linear: bool) -> Value {
    let mut config = sd21_with(&[
        ("layers_per_block", json!(1)),
        ("attention_head_dim", heads),
        ("cross_attention_dim", json!(width)),
        ("use_linear_projection", json!(linear)),
    ]);
    if kind != "base" {
        config["mid_block_type"] = Value::Null;
    }
    if kind == "tiny" {
        config["block_out_channels"] = json!([320, 640, 1280]);
        config["down_block_types"] = json!(vec!["CrossAttnDownBlock2D"; 3]);
        config["up_block_types"] = json!(vec!["CrossAttnUpBlock2D"; 3]);
    }
    config
}
