//! `Transformer2DModel` with its `BasicTransformerBlock`s.

use maskov_graph::{GraphBuilder, GraphError, Operation, Stored, Tap, TensorId};
use maskov_model::SelfAttention;

/// diffusers' constant for the group norm before `proj_in`, whatever the config's `norm_eps`.
const GROUP_NORM_EPS: f32 = 1e-6;
const LAYER_NORM_EPS: f32 = 1e-5;
/// Width of the feed-forward layer, in widths of the transformer.
const FEED_FORWARD: usize = 4;

/// What a UNet's transformers at one level have in common.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Transformers {
    pub(crate) heads: usize,
    pub(crate) groups: usize,
    pub(crate) linear_projection: bool,
    /// The text embedding, `[1, tokens, width]`.
    pub(crate) text: TensorId,
    /// Whether every self-attention layer also gives its map, named by its path.
    pub(crate) maps: bool,
}

/// `x + proj_out(blocks(proj_in(norm(x))))`; tokens are pixels, so nothing is reshaped.
pub(crate) fn transformer(
    list: &mut GraphBuilder,
    found: &mut Vec<SelfAttention>,
    path: &str,
    input: TensorId,
    depth: usize,
    common: Transformers,
) -> Result<TensorId, GraphError> {
    let channels = list.shape(input).channels;
    let stored = match common.linear_projection {
        true => Stored::Linear,
        false => Stored::Pointwise,
    };
    let hidden = list.group_norm(&format!("{path}.norm"), input, common.groups, GROUP_NORM_EPS)?;
    let mut hidden = list.linear(&format!("{path}.proj_in"), &[], hidden, channels, true, stored)?;
    for index in 0..depth {
        let path = format!("{path}.transformer_blocks.{index}");
        hidden = transformer_block(list, found, &path, hidden, common)?;
    }
    let hidden = list.linear(&format!("{path}.proj_out"), &[], hidden, channels, true, stored)?;
    list.op(path, Operation::Add { a: input, b: hidden })
}

fn transformer_block(
    list: &mut GraphBuilder,
    found: &mut Vec<SelfAttention>,
    path: &str,
    input: TensorId,
    common: Transformers,
) -> Result<TensorId, GraphError> {
    let at = |module: &str| format!("{path}.{module}");
    let normed = list.layer_norm(&at("norm1"), &[], input, LAYER_NORM_EPS)?;
    let (query, key, attended) = attention(list, &at("attn1"), normed, normed, common.heads)?;
    let tap = Tap { query, key, heads: common.heads, weight: 1.0 };
    if common.maps {
        let grid = [list.shape(query).height, list.shape(query).width];
        list.op(&at("attn1"), Operation::AttentionMap { taps: vec![tap.clone()], grid })?;
    }
    found.push(SelfAttention { path: at("attn1"), tap });
    let hidden = list.hidden_op(&at("attn1.add"), Operation::Add { a: input, b: attended })?;

    let normed = list.layer_norm(&at("norm2"), &[], hidden, LAYER_NORM_EPS)?;
    let (_, _, attended) = attention(list, &at("attn2"), normed, common.text, common.heads)?;
    let hidden = list.hidden_op(&at("attn2.add"), Operation::Add { a: hidden, b: attended })?;
    list.publish(&at("attn2"), attended)?;

    let normed = list.layer_norm(&at("norm3"), &[], hidden, LAYER_NORM_EPS)?;
    let channels = list.shape(input).channels;
    let wide =
        list.linear(&at("ff.net.0.proj"), &[], normed, 2 * FEED_FORWARD * channels, true, Stored::Linear)?;
    let gated = list.op(&at("ff.net.0"), Operation::Geglu { input: wide })?;
    let narrow = list.linear(&at("ff.net.2"), &[], gated, channels, true, Stored::Linear)?;
    list.publish(&at("ff"), narrow)?;
    list.op(path, Operation::Add { a: hidden, b: narrow })
}

/// Queries, keys and `to_out(softmax(QKᵀ/√d) V)`; `context` gives keys and values.
fn attention(
    list: &mut GraphBuilder,
    path: &str,
    input: TensorId,
    context: TensorId,
    heads: usize,
) -> Result<(TensorId, TensorId, TensorId), GraphError> {
    let at = |module: &str| format!("{path}.{module}");
    let channels = list.shape(input).channels;
    let query = list.linear(&at("to_q"), &[], input, channels, false, Stored::Linear)?;
    let key = list.linear(&at("to_k"), &[], context, channels, false, Stored::Linear)?;
    let value = list.linear(&at("to_v"), &[], context, channels, false, Stored::Linear)?;
    let operation = Operation::Attention { query, key, value, heads, causal: false };
    let mixed = list.hidden_op(&at("attention"), operation)?;
    let output = list.linear(&at("to_out.0"), &[], mixed, channels, true, Stored::Linear)?;
    Ok((query, key, output))
}
