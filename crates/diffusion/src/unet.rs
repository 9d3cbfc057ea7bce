//! `UNet2DConditionModel`: latents and text embedding to predicted noise.

use maskov_graph::{GraphBuilder, GraphError, Padding, TensorId};

use crate::blocks::Blocks;
use crate::resnet::Resnets;
use crate::time_embedding::time_embedding;
use maskov_model::SelfAttention;

use crate::transformer::Transformers;
use crate::{DownBlock, UnetConfig, UpBlock};

/// Adds the whole UNet, `noise_pred` last, and lists its self-attention layers. With `maps` each of them also gives its
/// attention map.
pub(crate) fn unet(
    list: &mut GraphBuilder,
    config: &UnetConfig,
    latents: TensorId,
    text: TensorId,
    timestep: f32,
    maps: bool,
) -> Result<Vec<SelfAttention>, GraphError> {
    let last = config.block_out_channels.len() - 1;
    let time = time_embedding(list, config, timestep)?;
    let common = |level: usize| Transformers {
        heads: config.heads[level],
        groups: config.norm_num_groups,
        linear_projection: config.use_linear_projection,
        text,
        maps,
    };
    let mut hidden = list.conv3x3("conv_in", latents, config.block_out_channels[0], 1, Padding::Same)?;
    let resnets = Resnets { groups: config.norm_num_groups, eps: config.norm_eps, time: Some(time) };
    let mut blocks = Blocks { list, resnets, found: Vec::new(), skips: vec![hidden] };

    for level in 0..=last {
        let attention = config.down_blocks[level] == DownBlock::CrossAttention;
        let depths = &config.down_depths[level];
        let layers: Vec<_> = depths.iter().map(|depth| attention.then(|| (*depth, common(level)))).collect();
        let (path, out) = (format!("down_blocks.{level}"), config.block_out_channels[level]);
        hidden = blocks.down(&path, hidden, out, &layers, level != last)?;
    }
    if config.has_mid_block {
        hidden = blocks.mid(hidden, config.mid_depth, common(last))?;
    }
    for index in 0..=last {
        let level = last - index;
        let attention = config.up_blocks[index] == UpBlock::CrossAttention;
        let depths = &config.up_depths[index];
        let layers: Vec<_> = depths.iter().map(|depth| attention.then(|| (*depth, common(level)))).collect();
        let (path, out) = (format!("up_blocks.{index}"), config.block_out_channels[level]);
        hidden = blocks.up(&path, hidden, out, &layers, index != last)?;
    }
    let found = blocks.found;
    let (groups, eps) = (config.norm_num_groups, config.norm_eps);
    let hidden = list.group_norm_silu("conv_norm_out", Some("conv_act"), hidden, groups, eps)?;
    let noise = list.conv3x3("conv_out", hidden, config.out_channels, 1, Padding::Same)?;
    list.publish("noise_pred", noise)?;
    Ok(found)
}
