//! `unet/config.json` as diffusers reads it: defaults for absent keys, legacy meanings, refusals that name the key.

use serde_json::{Value, json};

use maskov_model::{Fields, ModelError};

const FILE: &str = "unet/config.json";
const LEVELS: usize = 8;
const LARGEST_CHANNELS: usize = 1 << 14;

/// A block on the way down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DownBlock {
    /// `CrossAttnDownBlock2D`: a transformer behind every resnet.
    CrossAttention,
    /// `DownBlock2D`: resnets only.
    Plain,
}

/// A block on the way up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpBlock {
    /// `CrossAttnUpBlock2D`: a transformer behind every resnet.
    CrossAttention,
    /// `UpBlock2D`: resnets only.
    Plain,
}

/// A `UNet2DConditionModel`. Lists have one entry per level, from the top resolution down; those of the way up are
/// already in the order of `up_blocks`.
#[derive(Clone, Debug, PartialEq)]
pub struct UnetConfig {
    /// Channels of the latents, position channels included.
    pub in_channels: usize,
    /// Channels of the predicted noise.
    pub out_channels: usize,
    /// Channels of each level.
    pub block_out_channels: Vec<usize>,
    /// Types of `down_blocks`.
    pub down_blocks: Vec<DownBlock>,
    /// Whether there is a `mid_block` (`UNetMidBlock2DCrossAttn`).
    pub has_mid_block: bool,
    /// Types of `up_blocks`.
    pub up_blocks: Vec<UpBlock>,
    /// Resnets of each of `down_blocks`; the up block of the same level has one more.
    pub layers_per_block: Vec<usize>,
    /// Transformer blocks behind each resnet of each of `down_blocks`.
    pub down_depths: Vec<Vec<usize>>,
    /// Transformer blocks of the mid block.
    pub mid_depth: usize,
    /// Transformer blocks behind each resnet of each of `up_blocks`.
    pub up_depths: Vec<Vec<usize>>,
    /// Attention heads of each level.
    pub heads: Vec<usize>,
    /// Width of the text embedding at each level.
    pub cross_attention_dims: Vec<usize>,
    /// Whether `proj_in` and `proj_out` are linear layers, not 1×1 convolutions.
    pub use_linear_projection: bool,
    /// Width of the time embedding.
    pub time_embedding_dim: usize,
    /// Whether the cosines of the timestep come first.
    pub flip_sin_to_cos: bool,
    /// Shift of the timestep's frequencies.
    pub freq_shift: f32,
    /// Groups of every group norm.
    pub norm_num_groups: usize,
    /// Added to the variance in the resnets and before `conv_out`.
    pub norm_eps: f32,
}

impl UnetConfig {
    /// Reads `unet/config.json`.
    pub fn parse(json: &str) -> Result<Self, ModelError> {
        let fields = Fields::parse(FILE, json)?;
        refuse_other_models(&fields)?;
        let block_out_channels = fields.counts("block_out_channels", &[320, 640, 1280, 1280])?;
        let levels = block_out_channels.len();
        refuse_sizes(&fields, &block_out_channels)?;
        let layers_per_block = fields.per_level("layers_per_block", 2, levels)?;
        if layers_per_block.iter().any(|layers| *layers > 3) {
            let value = json!(layers_per_block);
            return Err(fields.unsupported("layers_per_block", &value, "1 to 3 layers per block are known"));
        }
        let down_depths = fields.per_layer("transformer_layers_per_block", &layers_per_block)?;
        let heads_key = match fields.given("num_attention_heads") {
            Some(_) => "num_attention_heads",
            None => "attention_head_dim",
        };
        Ok(Self {
            in_channels: fields.count("in_channels", 4)?,
            out_channels: fields.count("out_channels", 4)?,
            down_blocks: down_blocks(&fields, levels)?,
            has_mid_block: has_mid_block(&fields)?,
            up_blocks: up_blocks(&fields, levels)?,
            mid_depth: down_depths[levels - 1][0],
            up_depths: up_depths(&fields, &layers_per_block, &down_depths)?,
            heads: fields.per_level(heads_key, 8, levels)?,
            cross_attention_dims: fields.per_level("cross_attention_dim", 1280, levels)?,
            use_linear_projection: fields.flag("use_linear_projection", false)?,
            time_embedding_dim: fields.count("time_embedding_dim", 4 * block_out_channels[0])?,
            flip_sin_to_cos: fields.flag("flip_sin_to_cos", true)?,
            freq_shift: fields.float("freq_shift", 0.0)?,
            norm_num_groups: fields.count("norm_num_groups", 32)?,
            norm_eps: fields.float("norm_eps", 1e-5)?,
            block_out_channels,
            layers_per_block,
            down_depths,
        })
    }

    /// What R must be a multiple of: the downsampling between the top level and the last.
    pub fn downsampling(&self) -> usize {
        1 << (self.block_out_channels.len() - 1)
    }
}

/// Keys that belong to architectures which Maskov does not run.
fn refuse_other_models(fields: &Fields) -> Result<(), ModelError> {
    const SD: &str = "take a checkpoint of SD 1.x, SD 2.x or BK-SDM";
    const SDXL: &str =
        "SDXL and its relatives have no attention at the top resolution; take SD 1.x, SD 2.x or BK-SDM";
    let (no, yes) = (json!(false), json!("default"));
    let silu = [json!("silu"), json!("swish")];
    fields.only("_class_name", &[json!("UNet2DConditionModel")], SD)?;
    fields.only("addition_embed_type", &[], SDXL)?;
    for key in [
        "class_embed_type",
        "num_class_embeds",
        "projection_class_embeddings_input_dim",
        "encoder_hid_dim",
        "encoder_hid_dim_type",
        "cross_attention_norm",
        "timestep_post_act",
        "time_embedding_act_fn",
    ] {
        fields.only(key, &[], SD)?;
    }
    for key in [
        "dual_cross_attention",
        "only_cross_attention",
        "mid_block_only_cross_attention",
        "center_input_sample",
        "class_embeddings_concat",
        "resnet_skip_time_act",
    ] {
        fields.only(key, std::slice::from_ref(&no), SD)?;
    }
    fields.only("act_fn", &silu, "only SiLU is known between the layers of a UNet")?;
    for key in ["attention_type", "resnet_time_scale_shift"] {
        fields.only(key, std::slice::from_ref(&yes), SD)?;
    }
    fields.only("time_embedding_type", &[json!("positional")], SD)?;
    for key in ["mid_block_scale_factor", "resnet_out_scale_factor", "downsample_padding"] {
        fields.only(key, &[json!(1)], SD)?;
    }
    for key in ["conv_in_kernel", "conv_out_kernel"] {
        fields.only(key, &[json!(3)], SD)?;
    }
    match fields.get("norm_num_groups") {
        Some(null @ Value::Null) => Err(fields.unsupported("norm_num_groups", null, SD)),
        _ => Ok(()),
    }
}

fn refuse_sizes(fields: &Fields, channels: &[usize]) -> Result<(), ModelError> {
    if channels.len() > LEVELS || channels.iter().any(|channels| *channels > LARGEST_CHANNELS) {
        let expected = format!("at most {LEVELS} levels of at most {LARGEST_CHANNELS} channels");
        return Err(fields.wrong("block_out_channels", &json!(channels), &expected));
    }
    Ok(())
}

fn down_blocks(fields: &Fields, levels: usize) -> Result<Vec<DownBlock>, ModelError> {
    let (attention, plain) = ("CrossAttnDownBlock2D", "DownBlock2D");
    let names = fields.texts("down_block_types", &[attention, attention, attention, plain])?;
    let block = |(index, name): (usize, &String)| match name.as_str() {
        "CrossAttnDownBlock2D" => Ok(DownBlock::CrossAttention),
        "DownBlock2D" => Ok(DownBlock::Plain),
        _ => Err(unknown_block(fields, &format!("down_block_types[{index}]"), name, &[attention, plain])),
    };
    let blocks = names.iter().enumerate().map(block).collect::<Result<_, _>>()?;
    fields.as_long_as("down_block_types", levels, blocks)
}

fn up_blocks(fields: &Fields, levels: usize) -> Result<Vec<UpBlock>, ModelError> {
    let (attention, plain) = ("CrossAttnUpBlock2D", "UpBlock2D");
    let names = fields.texts("up_block_types", &[plain, attention, attention, attention])?;
    let block = |(index, name): (usize, &String)| match name.as_str() {
        "CrossAttnUpBlock2D" => Ok(UpBlock::CrossAttention),
        "UpBlock2D" => Ok(UpBlock::Plain),
        _ => Err(unknown_block(fields, &format!("up_block_types[{index}]"), name, &[attention, plain])),
    };
    let blocks = names.iter().enumerate().map(block).collect::<Result<_, _>>()?;
    fields.as_long_as("up_block_types", levels, blocks)
}

/// The error of a block type that is none of the known ones.
pub(crate) fn unknown_block(fields: &Fields, key: &str, block: &str, known: &[&str]) -> ModelError {
    let known = known.join(", ");
    let advice = format!("block types that are known are {known}; take SD 1.x, SD 2.x or a BK-SDM model");
    fields.unsupported(key, &json!(block), &advice)
}

/// Absent means the default block, an explicit `null` none.
fn has_mid_block(fields: &Fields) -> Result<bool, ModelError> {
    const KNOWN: &str = "UNetMidBlock2DCrossAttn";
    match fields.get("mid_block_type") {
        Some(Value::Null) => Ok(false),
        _ => match fields.text("mid_block_type", KNOWN)? {
            name if name == KNOWN => Ok(true),
            name => Err(unknown_block(fields, "mid_block_type", &name, &[KNOWN, "null"])),
        },
    }
}

/// The depths of the way down in reverse, with one layer more each, unless the config gives them.
fn up_depths(fields: &Fields, layers: &[usize], down: &[Vec<usize>]) -> Result<Vec<Vec<usize>>, ModelError> {
    const KEY: &str = "reverse_transformer_layers_per_block";
    let layers: Vec<usize> = layers.iter().rev().map(|layers| layers + 1).collect();
    if fields.given(KEY).is_some() {
        return fields.per_layer(KEY, &layers);
    }
    if let Some(Value::Array(items)) = fields.given("transformer_layers_per_block")
        && let Some(item) = items.iter().find(|item| item.is_array())
    {
        let expected = format!("a number for each level, or `{KEY}` beside it");
        return Err(fields.wrong("transformer_layers_per_block", item, &expected));
    }
    Ok(down.iter().rev().zip(layers).map(|(depths, layers)| vec![depths[0]; layers]).collect())
}
