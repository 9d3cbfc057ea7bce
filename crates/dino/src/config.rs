//! `config.json` as transformers reads it.

use maskov_model::{Fields, ModelError};
use serde_json::json;

const FILE: &str = "config.json";
const ADVICE: &str = "take DINOv2 small, base or large, with or without registers";

/// A `Dinov2Model` or `Dinov2WithRegistersModel`.
#[derive(Clone, Debug, PartialEq)]
pub struct DinoConfig {
    /// Width of a token.
    pub hidden_size: usize,
    /// Number of layers.
    pub num_hidden_layers: usize,
    /// Number of heads.
    pub num_attention_heads: usize,
    /// Width of the feed-forward layer, in widths of a token.
    pub mlp_ratio: usize,
    /// Added to the variance of every layer norm.
    pub layer_norm_eps: f32,
    /// Whether queries, keys and values have a bias.
    pub qkv_bias: bool,
    /// Side of a patch in pixels.
    pub patch_size: usize,
    /// Patches along each axis of the pictures that the position table was made for.
    pub table_side: usize,
    /// Register tokens behind the class token.
    pub num_register_tokens: usize,
}

impl DinoConfig {
    /// Reads `config.json`.
    ///
    /// # Errors
    /// When it is of another architecture, or a value is beside its range.
    pub fn parse(json: &str) -> Result<Self, ModelError> {
        let fields = Fields::parse(FILE, json)?;
        let model_type = fields.text("model_type", "")?;
        let default_registers = match model_type.as_str() {
            "dinov2" => 0,
            "dinov2_with_registers" => 4,
            other => return Err(fields.unsupported("model_type", &json!(other), ADVICE)),
        };
        fields.only("hidden_act", &[json!("gelu")], ADVICE)?;
        fields.only("use_swiglu_ffn", &[json!(false)], ADVICE)?;
        fields.only("num_channels", &[json!(3)], "a photo has three channels")?;
        let config = Self {
            hidden_size: fields.count("hidden_size", 768)?,
            num_hidden_layers: fields.count("num_hidden_layers", 12)?,
            num_attention_heads: fields.count("num_attention_heads", 12)?,
            mlp_ratio: fields.count("mlp_ratio", 4)?,
            layer_norm_eps: fields.float("layer_norm_eps", 1e-6)?,
            qkv_bias: fields.flag("qkv_bias", true)?,
            patch_size: fields.count("patch_size", 14)?,
            table_side: 0,
            num_register_tokens: match default_registers {
                0 => 0,
                registers => fields.count("num_register_tokens", registers)?,
            },
        };
        let image_size = fields.count("image_size", 224)?;
        let sound = [
            ("num_hidden_layers", config.num_hidden_layers, 128),
            ("hidden_size", config.hidden_size, 1 << 14),
            ("mlp_ratio", config.mlp_ratio, 16),
            ("num_register_tokens", config.num_register_tokens, 64),
            ("patch_size", config.patch_size, 64),
            ("image_size", image_size, 1 << 14),
        ];
        if let Some((key, found, most)) = sound.into_iter().find(|(_, found, most)| found > most) {
            return Err(fields.wrong(key, &json!(found), &format!("at most {most}")));
        }
        match image_size / config.patch_size {
            0 => Err(fields.wrong("image_size", &json!(image_size), "at least one patch")),
            table_side => Ok(Self { table_side, ..config }),
        }
    }

    /// Class and register tokens.
    pub fn special_tokens(&self) -> usize {
        1 + self.num_register_tokens
    }
}
