//! `CLIPTextModel`: the token ids of a fixed prompt to `last_hidden_state`.

use maskov_graph::{Embedding, Function, Graph, GraphBuilder, GraphError, Operation, Stored, TensorId};
use serde_json::json;

use crate::PROMPT_TOKENS;
use maskov_model::{Fields, ModelError};

const FILE: &str = "text_encoder/config.json";
/// Rows of CLIP's own token table.
const VOCABULARY: usize = 49408;
const BEGIN: u32 = 49406;
const END: u32 = 49407;

/// A CLIP text encoder.
#[derive(Clone, Debug, PartialEq)]
pub struct TextEncoderConfig {
    /// Width of the embedding.
    pub hidden_size: usize,
    /// Width of the feed-forward layer.
    pub intermediate_size: usize,
    /// Number of layers.
    pub num_hidden_layers: usize,
    /// Number of heads.
    pub num_attention_heads: usize,
    /// Function between the two feed-forward layers.
    pub hidden_act: Function,
    /// Rows of the token table.
    pub vocab_size: usize,
    /// Rows of the position table.
    pub max_position_embeddings: usize,
    /// Added to the variance of every layer norm.
    pub layer_norm_eps: f32,
    /// Begin, end and padding as the config states them.
    special_tokens: [usize; 3],
}

impl TextEncoderConfig {
    /// Reads `text_encoder/config.json`.
    pub fn parse(json: &str) -> Result<Self, ModelError> {
        let fields = Fields::parse(FILE, json)?;
        let advice = "take the text encoder of SD 1.x or SD 2.x (CLIPTextModel)";
        fields.only("model_type", &[json!("clip_text_model")], advice)?;
        let hidden_act = match fields.text("hidden_act", "quick_gelu")?.as_str() {
            "quick_gelu" => Function::QuickGelu,
            "gelu" => Function::Gelu,
            other => return Err(fields.unsupported("hidden_act", &json!(other), advice)),
        };
        let layers = fields.count("num_hidden_layers", 12)?;
        let width = fields.count("hidden_size", 512)?.max(fields.count("intermediate_size", 2048)?);
        if layers > 128 || width > 1 << 14 {
            let value = json!(fields.given("num_hidden_layers"));
            return Err(fields.wrong(
                "num_hidden_layers",
                &value,
                "at most 128 layers of at most 16384 channels",
            ));
        }
        // An id of 0 is no count, so these are read on their own.
        let token = |key: &str, default: u64| match fields.given(key) {
            Some(value) => match value.as_u64() {
                Some(id) if id < 1 << 20 => Ok(id as usize),
                _ => Err(fields.wrong(key, value, "a token id")),
            },
            None => Ok(default as usize),
        };
        Ok(Self {
            hidden_size: fields.count("hidden_size", 512)?,
            intermediate_size: fields.count("intermediate_size", 2048)?,
            num_hidden_layers: layers,
            num_attention_heads: fields.count("num_attention_heads", 8)?,
            hidden_act,
            vocab_size: fields.count("vocab_size", VOCABULARY)?,
            max_position_embeddings: fields.count("max_position_embeddings", PROMPT_TOKENS)?,
            layer_norm_eps: fields.float("layer_norm_eps", 1e-5)?,
            special_tokens: [
                token("bos_token_id", BEGIN.into())?,
                token("eos_token_id", END.into())?,
                token("pad_token_id", 1)?,
            ],
        })
    }

    /// Token ids of the empty prompt: begin, end, then padding up to 77.
    ///
    /// With CLIP's own vocabulary the ids are the tokenizer's, as configs on the hub state wrong ones (0, 2, 1): the
    /// encoders with quick_gelu (OpenAI's, SD 1) pad with the end token, those with gelu (OpenCLIP's, SD 2) with 0. A
    /// smaller vocabulary has its ids in the config.
    pub fn empty_prompt(&self) -> Vec<u32> {
        let [begin, end, pad] = match self.vocab_size < VOCABULARY {
            true => self.special_tokens.map(|id| id as u32),
            false if self.hidden_act == Function::QuickGelu => [BEGIN, END, END],
            false => [BEGIN, END, 0],
        };
        let mut ids = vec![pad; PROMPT_TOKENS.min(self.max_position_embeddings)];
        for (id, special) in ids.iter_mut().zip([begin, end]) {
            *id = special;
        }
        ids
    }
}

/// The list from the token ids (usually [`TextEncoderConfig::empty_prompt`]) to `last_hidden_state`
/// `[1, tokens, hidden_size]`, after the final layer norm. Everything in it is constant.
pub fn text_graph(config: &TextEncoderConfig, ids: &[u32]) -> Result<Graph, ModelError> {
    let mut list = GraphBuilder::new();
    let (width, eps) = (config.hidden_size, config.layer_norm_eps);
    let mut table = |name: &str, rows: usize| {
        let path = format!("embeddings.{name}.weight");
        list.weight(&format!("text_model.{path}"), vec![path], &[rows, width])
    };
    let tokens = table("token_embedding", config.vocab_size)?;
    let positions = table("position_embedding", config.max_position_embeddings)?;
    let operation = Operation::Embedding(Embedding::Tokens { ids: ids.to_vec(), tokens, positions });
    let mut hidden = list.op("text_model.embeddings", operation)?;
    for index in 0..config.num_hidden_layers {
        hidden = layer(&mut list, config, &format!("encoder.layers.{index}"), hidden)?;
    }
    list.publish("text_model.encoder", hidden)?;
    let older = ["final_layer_norm".to_owned()];
    let hidden = list.layer_norm("text_model.final_layer_norm", &older, hidden, eps)?;
    list.publish("last_hidden_state", hidden)?;
    Ok(list.finish())
}

/// `path` without the leading `text_model`, which some files leave out.
fn layer(
    list: &mut GraphBuilder,
    config: &TextEncoderConfig,
    path: &str,
    input: TensorId,
) -> Result<TensorId, GraphError> {
    let (width, eps) = (config.hidden_size, config.layer_norm_eps);
    let at = |module: &str| format!("text_model.{path}.{module}");
    let older = |module: &str| [format!("{path}.{module}")];
    let linear = |list: &mut GraphBuilder, module: &str, input, out| {
        list.linear(&at(module), &older(module), input, out, true, Stored::Linear)
    };
    let normed = list.layer_norm(&at("layer_norm1"), &older("layer_norm1"), input, eps)?;
    let query = linear(list, "self_attn.q_proj", normed, width)?;
    let key = linear(list, "self_attn.k_proj", normed, width)?;
    let value = linear(list, "self_attn.v_proj", normed, width)?;
    let heads = config.num_attention_heads;
    let operation = Operation::Attention { query, key, value, heads, causal: true };
    let mixed = list.hidden_op(&at("self_attn.attention"), operation)?;
    let output = linear(list, "self_attn.out_proj", mixed, width)?;
    list.publish(&at("self_attn"), output)?;
    let hidden = list.hidden_op(&at("self_attn.add"), Operation::Add { a: input, b: output })?;

    let normed = list.layer_norm(&at("layer_norm2"), &older("layer_norm2"), hidden, eps)?;
    let wide = linear(list, "mlp.fc1", normed, config.intermediate_size)?;
    let activation = Operation::Activation { input: wide, function: config.hidden_act };
    let active = list.op(&at("mlp.activation_fn"), activation)?;
    let narrow = linear(list, "mlp.fc2", active, width)?;
    list.publish(&at("mlp"), narrow)?;
    list.op(&format!("text_model.{path}"), Operation::Add { a: hidden, b: narrow })
}
