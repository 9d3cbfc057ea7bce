//! `Dinov2Layer`: attention and a feed-forward layer, each scaled channel by channel.

use maskov_graph::{Function, GraphBuilder, GraphError, Operation, Stored, Tap, TensorId};
use maskov_model::SelfAttention;

use crate::DinoConfig;
use crate::settings::{attention_path, layer_path};

/// Adds a layer; gives its output and its self-attention.
pub(crate) fn layer(
    list: &mut GraphBuilder,
    config: &DinoConfig,
    index: usize,
    input: TensorId,
) -> Result<(TensorId, SelfAttention), GraphError> {
    let path = layer_path(index);
    let at = |module: &str| format!("{path}.{module}");
    let (width, heads, eps) = (config.hidden_size, config.num_attention_heads, config.layer_norm_eps);

    let normed = list.layer_norm(&at("norm1"), &[], input, eps)?;
    let of_attention = |name: &str| format!("{}.{name}", attention_path(index));
    let mut projected =
        |name: &str| list.linear(&of_attention(name), &[], normed, width, config.qkv_bias, Stored::Linear);
    let (query, key, value) = (projected("query")?, projected("key")?, projected("value")?);
    let attention = Operation::Attention { query, key, value, heads, causal: false };
    let mixed = list.op(&attention_path(index), attention)?;
    let output = list.linear(&at("attention.output.dense"), &[], mixed, width, true, Stored::Linear)?;
    let scaled = layer_scale(list, &at("layer_scale1"), output)?;
    let hidden = list.hidden_op(&at("attention.add"), Operation::Add { a: scaled, b: input })?;

    let normed = list.layer_norm(&at("norm2"), &[], hidden, eps)?;
    let wide = list.linear(&at("mlp.fc1"), &[], normed, config.mlp_ratio * width, true, Stored::Linear)?;
    let activation = Operation::Activation { input: wide, function: Function::Gelu };
    let active = list.op(&at("mlp.activation"), activation)?;
    let narrow = list.linear(&at("mlp.fc2"), &[], active, width, true, Stored::Linear)?;
    let scaled = layer_scale(list, &at("layer_scale2"), narrow)?;
    let output = list.op(&path, Operation::Add { a: scaled, b: hidden })?;

    let tap = Tap { query, key, heads, weight: 1.0 };
    Ok((output, SelfAttention { path: attention_path(index), tap }))
}

fn layer_scale(list: &mut GraphBuilder, path: &str, input: TensorId) -> Result<TensorId, GraphError> {
    let channels = list.shape(input).channels;
    let weight = list.weight(&format!("{path}.lambda1"), Vec::new(), &[channels])?;
    list.op(path, Operation::LayerScale { input, weight })
}
