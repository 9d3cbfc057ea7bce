//! The encoder of `AutoencoderKL`: image to scaled latents, the mean of the posterior.

use maskov_graph::{GraphBuilder, GraphError, Operation, Padding, Stored, TensorId};
use serde_json::json;

use crate::config::unknown_block;
use crate::resnet::{Resnets, resnet};
use maskov_model::{Fields, ModelError};

const FILE: &str = "vae/config.json";
/// diffusers' constant for every norm of the VAE.
const EPS: f32 = 1e-6;

/// The parts of an `AutoencoderKL` that its encoder needs.
#[derive(Clone, Debug, PartialEq)]
pub struct VaeConfig {
    /// Channels of the image.
    pub in_channels: usize,
    /// Channels of the latents.
    pub latent_channels: usize,
    /// Channels of each level.
    pub block_out_channels: Vec<usize>,
    /// Resnets of each level.
    pub layers_per_block: usize,
    /// Groups of every group norm.
    pub norm_num_groups: usize,
    /// Whether the middle has a self-attention layer.
    pub mid_block_add_attention: bool,
    /// Whether `quant_conv` follows the encoder.
    pub use_quant_conv: bool,
    /// What the latents are multiplied with.
    pub scaling_factor: f32,
}

impl VaeConfig {
    /// Reads `vae/config.json`.
    pub fn parse(json: &str) -> Result<Self, ModelError> {
        let fields = Fields::parse(FILE, json)?;
        let advice = "take the VAE of SD 1.x or SD 2.x (AutoencoderKL)";
        fields.only("_class_name", &[json!("AutoencoderKL")], advice)?;
        fields.only("act_fn", &[json!("silu"), json!("swish")], advice)?;
        for key in ["shift_factor", "latents_mean", "latents_std"] {
            fields.only(key, &[], advice)?;
        }
        let block_out_channels = fields.counts("block_out_channels", &[64])?;
        if block_out_channels.len() > 6 || block_out_channels.iter().any(|channels| *channels > 1 << 14) {
            let expected = "at most 6 levels of at most 16384 channels";
            return Err(fields.wrong("block_out_channels", &json!(block_out_channels), expected));
        }
        let known = "DownEncoderBlock2D";
        let blocks = fields.texts("down_block_types", &[known])?;
        if let Some((index, name)) = blocks.iter().enumerate().find(|(_, name)| *name != known) {
            return Err(unknown_block(&fields, &format!("down_block_types[{index}]"), name, &[known]));
        }
        fields.as_long_as("down_block_types", block_out_channels.len(), blocks)?;
        let layers_per_block = fields.count("layers_per_block", 1)?;
        if layers_per_block > 8 {
            let value = json!(layers_per_block);
            return Err(fields.unsupported("layers_per_block", &value, "1 to 8 layers per block are known"));
        }
        Ok(Self {
            in_channels: fields.count("in_channels", 3)?,
            latent_channels: fields.count("latent_channels", 4)?,
            block_out_channels,
            layers_per_block,
            norm_num_groups: fields.count("norm_num_groups", 32)?,
            mid_block_add_attention: fields.flag("mid_block_add_attention", true)?,
            use_quant_conv: fields.flag("use_quant_conv", true)?,
            scaling_factor: fields.float("scaling_factor", 0.18215)?,
        })
    }

    /// Pixels of the image per token, on each axis.
    pub fn downsampling(&self) -> usize {
        1 << (self.block_out_channels.len() - 1)
    }
}

/// Adds the encoder; the output is `latents`, already times `scaling_factor`.
pub(crate) fn vae_encoder(
    list: &mut GraphBuilder,
    config: &VaeConfig,
    image: TensorId,
) -> Result<TensorId, GraphError> {
    let groups = config.norm_num_groups;
    let resnets = Resnets { groups, eps: EPS, time: None };
    let mut hidden =
        list.conv3x3("encoder.conv_in", image, config.block_out_channels[0], 1, Padding::Same)?;
    let last = config.block_out_channels.len() - 1;
    for (level, out) in config.block_out_channels.iter().enumerate() {
        let path = format!("encoder.down_blocks.{level}");
        for index in 0..config.layers_per_block {
            hidden = resnet(list, &format!("{path}.resnets.{index}"), hidden, *out, resnets)?;
        }
        if level != last {
            let conv = format!("{path}.downsamplers.0.conv");
            hidden = list.conv3x3(&conv, hidden, *out, 2, Padding::RightBottom)?;
            list.publish(&format!("{path}.downsamplers.0"), hidden)?;
        }
        list.publish(&path, hidden)?;
    }
    let channels = config.block_out_channels[last];
    hidden = resnet(list, "encoder.mid_block.resnets.0", hidden, channels, resnets)?;
    if config.mid_block_add_attention {
        hidden = attention(list, "encoder.mid_block.attentions.0", hidden, groups)?;
    }
    hidden = resnet(list, "encoder.mid_block.resnets.1", hidden, channels, resnets)?;
    list.publish("encoder.mid_block", hidden)?;
    let activation = Some("encoder.conv_act");
    hidden = list.group_norm_silu("encoder.conv_norm_out", activation, hidden, groups, EPS)?;
    // Mean and log variance.
    let moments = 2 * config.latent_channels;
    hidden = list.conv3x3("encoder.conv_out", hidden, moments, 1, Padding::Same)?;
    list.publish("encoder", hidden)?;
    if config.use_quant_conv {
        hidden = list.linear("quant_conv", &[], hidden, moments, true, Stored::Pointwise)?;
    }
    let (channels, scale) = (config.latent_channels, config.scaling_factor);
    list.op("latents", Operation::ScaledHead { input: hidden, channels, scale })
}

/// One head over all pixels; published SD 1.x and 2.x checkpoints carry the older names of its layers.
fn attention(
    list: &mut GraphBuilder,
    path: &str,
    input: TensorId,
    groups: usize,
) -> Result<TensorId, GraphError> {
    let channels = list.shape(input).channels;
    let normed = list.group_norm(&format!("{path}.group_norm"), input, groups, EPS)?;
    let mut linear = |name: &str, older: &str, input| {
        let older = [format!("{path}.{older}")];
        list.linear(&format!("{path}.{name}"), &older, input, channels, true, Stored::Linear)
    };
    let query = linear("to_q", "query", normed)?;
    let key = linear("to_k", "key", normed)?;
    let value = linear("to_v", "value", normed)?;
    let operation = Operation::Attention { query, key, value, heads: 1, causal: false };
    let mixed = list.hidden_op(&format!("{path}.attention"), operation)?;
    let older = [format!("{path}.proj_attn")];
    let output = list.linear(&format!("{path}.to_out.0"), &older, mixed, channels, true, Stored::Linear)?;
    list.op(path, Operation::Add { a: input, b: output })
}
