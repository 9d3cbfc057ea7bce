//! How a model reads its image and which of its layers make the map: `settings.json`, or the paper's defaults.

use std::collections::BTreeMap;

use maskov_model::{ModelError, SETTINGS_FILE, Settings};
use serde::{Deserialize, Serialize};

use crate::{UnetConfig, UpBlock};

/// Where the UNet's latents come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Latents {
    /// The VAE's encoder, from an image in [−1, 1].
    Vae,
    /// Squares of pixels as channels.
    PixelUnshuffle {
        /// Side of the squares.
        factor: usize,
        /// Smallest and largest value of an image channel: an older way to write `image_mean` and `image_std`, which it becomes
        /// when settings are read.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        range: Option<[f32; 2]>,
        /// 2 where x and y of each token's centre follow, else 0.
        position_channels: usize,
    },
}

/// What the cross-attention reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum TextEmbedding {
    /// The text encoder's output for the empty prompt, 77 tokens.
    EmptyPrompt,
    /// Zeros.
    Zeros {
        /// Number of tokens.
        tokens: usize,
        /// Values per token.
        width: usize,
    },
}

/// Everything about a model of this family that its configs do not say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DiffusionSettings {
    /// What every family has.
    #[serde(flatten)]
    pub common: Settings,
    /// Where the latents come from.
    pub latents: Latents,
    /// The timestep at which the UNet runs.
    pub timestep: f32,
    /// What the cross-attention reads.
    pub text_embedding: TextEmbedding,
}

/// Tokens of the empty prompt.
pub const PROMPT_TOKENS: usize = 77;

impl DiffusionSettings {
    /// Reads `settings.json`.
    pub fn parse(json: &str) -> Result<Self, ModelError> {
        let mut settings: Self = serde_json::from_str(json)
            .map_err(|error| ModelError::Json { component: SETTINGS_FILE, reason: error.to_string() })?;
        settings.take_range()?;
        settings.check()?;
        Ok(settings)
    }

    /// The paper's settings for a published checkpoint: t = 100, T = 0.65, the empty prompt, and the self-attention of
    /// the first two transformers of the last up block, half each.
    ///
    /// Where a block has one layer (BK-SDM, Segmind) the second of the two does not exist: distillation dropped it, and
    /// the student's second transformer stands for the teacher's third, whose weight is 0. The first one then makes the
    /// map alone. R is 64, which suits an integrated GPU; the authors took 128 for SD 2.0 and 112 for SD 1.1.
    pub fn for_checkpoint(unet: &UnetConfig) -> Result<Self, ModelError> {
        let top = unet.up_blocks.len() - 1;
        if unet.up_blocks[top] != UpBlock::CrossAttention {
            return Err(ModelError::Unsupported {
                component: "unet/config.json",
                key: format!("up_block_types[{top}]"),
                value: "\"UpBlock2D\"".to_owned(),
                advice: "a model without attention at the top resolution (SDXL, SDXS) gives no map; take SD 1.x, SD 2.x or BK-SDM"
                    .to_owned(),
            });
        }
        let layer = |index| format!("up_blocks.{top}.attentions.{index}.transformer_blocks.0.attn1");
        let attention = match unet.layers_per_block[0] {
            1 => BTreeMap::from([(layer(0), 1.0)]),
            _ => BTreeMap::from([(layer(0), 0.5), (layer(1), 0.5)]),
        };
        let common = Settings {
            name: String::new(),
            resolution: 64,
            temperature: 0.65,
            image_mean: [0.5; 3],
            image_std: [0.5; 3],
            attention,
            method: None,
        };
        let text_embedding = TextEmbedding::EmptyPrompt;
        Ok(Self { common, latents: Latents::Vae, timestep: 100.0, text_embedding })
    }

    fn take_range(&mut self) -> Result<(), ModelError> {
        let Latents::PixelUnshuffle { range, .. } = &mut self.latents else { return Ok(()) };
        let Some([low, high]) = range.take() else { return Ok(()) };
        if !(low.is_finite() && high.is_finite() && low < high) {
            let found = format!("[{low}, {high}]");
            return Err(Settings::wrong("latents.range", found, "the lower end, then the upper end"));
        }
        self.common.image_mean = [-low / (high - low); 3];
        self.common.image_std = [1.0 / (high - low); 3];
        Ok(())
    }

    fn check(&self) -> Result<(), ModelError> {
        self.common.check()?;
        if let Latents::PixelUnshuffle { factor, position_channels, .. } = self.latents {
            if !(1..=64).contains(&factor) {
                let expected = "a whole number from 1 to 64";
                return Err(Settings::wrong("latents.factor", factor.to_string(), expected));
            }
            if !matches!(position_channels, 0 | 2) {
                let found = position_channels.to_string();
                return Err(Settings::wrong("latents.position_channels", found, "0 or 2"));
            }
        }
        if !self.timestep.is_finite() || self.timestep < 0.0 {
            return Err(Settings::wrong("timestep", self.timestep.to_string(), "a number from 0"));
        }
        Ok(())
    }
}

impl TryFrom<String> for TextEmbedding {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text == "empty prompt" {
            return Ok(Self::EmptyPrompt);
        }
        let numbers = text.strip_prefix("zeros [1, ").and_then(|rest| rest.strip_suffix(']'));
        let number = |text: &str| text.trim().parse::<usize>().ok().filter(|n| (1..=1 << 14).contains(n));
        match numbers.and_then(|numbers| numbers.split_once(',')) {
            Some((tokens, width)) => match (number(tokens), number(width)) {
                (Some(tokens), Some(width)) => Ok(Self::Zeros { tokens, width }),
                _ => Err(format!("text_embedding `{text}` has no positive sizes")),
            },
            None => Err(format!(
                "text_embedding `{text}` is neither `empty prompt` nor `zeros [1, TOKENS, WIDTH]`"
            )),
        }
    }
}

impl From<TextEmbedding> for String {
    fn from(text: TextEmbedding) -> Self {
        match text {
            TextEmbedding::EmptyPrompt => "empty prompt".to_owned(),
            TextEmbedding::Zeros { tokens, width } => format!("zeros [1, {tokens}, {width}]"),
        }
    }
}
