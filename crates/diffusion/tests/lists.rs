//! What a list holds: the names that golden files use, what is constant, what is dead, sizes that fit.

mod common;

use std::collections::BTreeSet;

use common::{Reference, sd21_with, small, unet};
use maskov_diffusion::{
    Configs, DiffusionSettings, VaeConfig, attention_graph, text_graph, verification_graph,
};
use maskov_graph::{Embedding, Function, Operation, Padding, Shape};
use maskov_model::{LARGEST_RESOLUTION, ModelError, Probes};
use serde_json::{Value, json};

/// Two levels, as small as they go.
fn tiny(keys: &[(&str, Value)]) -> Configs {
    let mut config = sd21_with(&[
        ("block_out_channels", json!([32, 64])),
        ("down_block_types", json!(["CrossAttnDownBlock2D", "DownBlock2D"])),
        ("up_block_types", json!(["UpBlock2D", "CrossAttnUpBlock2D"])),
        ("attention_head_dim", json!([2, 4])),
        ("cross_attention_dim", json!(48)),
    ]);
    for (key, value) in keys {
        config[*key] = value.clone();
    }
    let vae = json!({
        "block_out_channels": [32, 64], "layers_per_block": 2,
        "down_block_types": ["DownEncoderBlock2D", "DownEncoderBlock2D"],
    });
    Configs { unet: unet(&config), vae: Some(VaeConfig::parse(&vae.to_string()).expect("a VAE")) }
}

#[test]
fn golden_names_are_found() {
    let configs = tiny(&[]);
    let settings = DiffusionSettings::for_checkpoint(&configs.unet).expect("settings");
    let probes = Probes { attention_maps: true, norms: false };
    let graph = verification_graph(&configs, &settings, 16, probes).expect("a list");
    let shape = |name: &str| {
        let Shape { height, width, channels } = graph.tensor(graph.require(name).expect("a name")).shape;
        [height, width, channels]
    };
    let expected = [
        ("image", [32, 32, 3]),
        ("latents", [16, 16, 4]),
        ("text_embedding", [1, 77, 48]),
        ("conv_in", [16, 16, 32]),
        ("conv_out", [16, 16, 4]),
        ("noise_pred", [16, 16, 4]),
        ("down_blocks.0", [8, 8, 32]),
        ("down_blocks.1", [8, 8, 64]),
        ("mid_block", [8, 8, 64]),
        ("up_blocks.0", [16, 16, 64]),
        ("up_blocks.1", [16, 16, 32]),
        ("time_embedding", [1, 1, 128]),
        ("time_embedding.act", [1, 1, 128]),
        ("time_embedding.linear_1", [1, 1, 128]),
        ("time_embedding.linear_2", [1, 1, 128]),
        ("down_blocks.0.attentions.1.transformer_blocks.0.attn1", [16, 16, 256]),
        ("mid_block.attentions.0.transformer_blocks.0.attn1", [8, 8, 64]),
        ("up_blocks.1.attentions.2.transformer_blocks.0.attn1", [16, 16, 256]),
        ("up_blocks.1.attentions.2.transformer_blocks.0.attn2", [16, 16, 32]),
        ("up_blocks.1.attentions.2.transformer_blocks.0.ff", [16, 16, 32]),
        ("down_blocks.0.resnets.1.nonlinearity", [16, 16, 32]),
        ("down_blocks.0.downsamplers.0", [8, 8, 32]),
        ("up_blocks.0.upsamplers.0.conv", [16, 16, 64]),
        ("conv_act", [16, 16, 32]),
    ];
    for (name, expected) in expected {
        assert_eq!(shape(name), expected, "{name}");
    }
    let maps = graph.ops.iter().filter(|op| matches!(op.operation, Operation::AttentionMap { .. }));
    assert_eq!(maps.count(), 6);
    assert_eq!(graph.find("conv_norm_out"), None);
    let apart =
        verification_graph(&configs, &settings, 16, Probes { norms: true, ..probes }).expect("a list");
    assert!(apart.find("conv_norm_out").is_some() && apart.find("conv_act").is_some());
    let names: BTreeSet<_> = graph.ops.iter().map(|op| &op.name).collect();
    assert_eq!(names.len(), graph.ops.len(), "names of operations are unique");
}

#[test]
fn text_and_time_are_computed_once() {
    for configs in [Reference::load("sd15").configs(), small().0] {
        let (settings, resolution) = match configs.vae {
            Some(_) => (DiffusionSettings::for_checkpoint(&configs.unet).expect("settings"), 64),
            None => (small().1, 48),
        };
        let model = attention_graph(&configs, &settings, resolution).expect("a list");
        let graph = &model.graph;
        let is_text = |name: &str| name.ends_with(".attn2.to_k") || name.ends_with(".attn2.to_v");
        let is_row = |name: &str| name.ends_with(".time_emb_proj");
        for (op, constant) in graph.ops.iter().zip(graph.constant_ops()) {
            let expected = is_text(&op.name) || is_row(&op.name) || op.name.starts_with("time_");
            assert_eq!(constant, expected, "{}", op.name);
        }
        let split = graph.split(&[model.attention]);
        for id in &split.kept {
            let name = &graph.tensor(*id).name;
            assert!(is_text(name) || is_row(name), "{name}");
        }
        let rows = graph.ops.iter().filter(|op| is_text(&op.name) || is_row(&op.name)).count();
        assert_eq!(split.kept.len(), rows);
        assert!(rows > 20);
    }
}

#[test]
fn the_list_ends_with_the_last_wanted_query_and_key() {
    let (configs, settings) = small();
    let model = attention_graph(&configs, &settings, 32).expect("a list");
    let names: Vec<_> = model.graph.ops.iter().map(|op| op.name.as_str()).collect();
    let layer = "up_blocks.2.attentions.1.transformer_blocks.0.attn1";
    let [.., query, key, map] = names[..] else { panic!("a short list") };
    assert_eq!([query, key, map], [&format!("{layer}.to_q"), &format!("{layer}.to_k"), "attention"]);
    let Operation::AttentionMap { taps, .. } = &model.graph.ops[names.len() - 1].operation else {
        panic!("no map");
    };
    assert_eq!(taps.iter().map(|tap| (tap.heads, tap.weight)).collect::<Vec<_>>(), [(2, 0.5), (2, 0.5)]);
    assert_eq!(model.graph.tensor(model.attention).shape, Shape { height: 32, width: 32, channels: 1024 });
    let wanted = ["image", "text_embedding", "latents"].map(|name| model.graph.find(name).is_some());
    assert_eq!(wanted, [true; 3]);

    let mut first = settings;
    first.common.attention.insert(layer.to_owned(), 0.0);
    let shorter = attention_graph(&configs, &first, 32).expect("a list").graph;
    assert!(shorter.ops.len() < names.len() && shorter.find("up_blocks.2.resnets.1").is_none());
}

#[test]
fn students_take_the_layer_that_distillation_left() {
    let settings = |model: &str| {
        let settings =
            DiffusionSettings::for_checkpoint(&Reference::load(model).configs().unet).expect("settings");
        settings.common.attention.into_iter().collect::<Vec<_>>()
    };
    let layer = |block, index| format!("up_blocks.{block}.attentions.{index}.transformer_blocks.0.attn1");
    assert_eq!(settings("sd21"), [(layer(3, 0), 0.5), (layer(3, 1), 0.5)]);
    assert_eq!(settings("bk_sdm_v2_tiny"), [(layer(2, 0), 1.0)]);
}

#[test]
fn a_layer_that_is_not_there_is_named() {
    let (configs, mut settings) = small();
    for layer in [
        "up_blocks.3.attentions.0.transformer_blocks.0.attn1",
        "mid_block.attentions.0.transformer_blocks.0.attn1",
    ] {
        settings.common.attention = [(layer.to_owned(), 1.0)].into();
        let error = attention_graph(&configs, &settings, 32).expect_err("no such layer");
        assert!(matches!(&error, ModelError::NoSuchLayer { layer: named, .. } if named == layer));
        assert!(error.to_string().contains("up_blocks.2.attentions.1"), "{error}");
    }
}

#[test]
fn a_resolution_that_does_not_fit_says_which_do() {
    let (configs, settings) = small();
    let error = |resolution| match attention_graph(&configs, &settings, resolution) {
        Ok(_) => String::new(),
        Err(error) => error.to_string(),
    };
    assert!(error(30).contains("multiple of 4") && error(30).ends_with("try 28 or 32"));
    assert!(error(0).ends_with("try 4"));
    assert!(error(1000).ends_with("try 192"));
    assert_eq!((error(4), error(LARGEST_RESOLUTION)), (String::new(), String::new()));
    let sd = Reference::load("sd21").configs();
    let settings = DiffusionSettings::for_checkpoint(&sd.unet).expect("settings");
    let error = attention_graph(&sd, &settings, 100).expect_err("no multiple of 8");
    assert!(error.to_string().ends_with("try 96 or 104"), "{error}");
}

#[test]
fn norms_and_paddings_are_diffusers_own() {
    let configs = tiny(&[]);
    let settings = DiffusionSettings::for_checkpoint(&configs.unet).expect("settings");
    let graph = verification_graph(&configs, &settings, 16, Probes::default()).expect("a list");
    for op in &graph.ops {
        let (name, is_vae) = (op.name.as_str(), op.name.starts_with("encoder."));
        match op.operation {
            Operation::GroupNorm { eps, silu, .. } => {
                let is_transformer = name.ends_with(".norm") || name.ends_with("group_norm");
                assert_eq!(eps, if is_vae || is_transformer { 1e-6 } else { 1e-5 }, "{name}");
                assert_eq!(silu, !is_transformer, "{name}");
            }
            Operation::LayerNorm { eps, .. } => assert_eq!(eps, 1e-5, "{name}"),
            Operation::Conv3x3 { stride, padding, .. } => {
                assert_eq!(stride == 2, name.contains("downsamplers"), "{name}");
                assert_eq!(padding == Padding::RightBottom, is_vae && stride == 2, "{name}");
            }
            Operation::ScaledHead { channels, scale, .. } => assert_eq!((channels, scale), (4, 0.18215)),
            Operation::Embedding(Embedding::Timestep { timestep, flip_sin_to_cos, freq_shift, .. }) => {
                assert_eq!((timestep, flip_sin_to_cos, freq_shift), (100.0, true, 0.0));
            }
            _ => {}
        }
    }
}

#[test]
fn the_empty_prompt_is_padded_as_its_family_does() {
    let ids = |model: &str| Reference::load(model).text_config().empty_prompt();
    let (sd1, sd2) = (ids("sd15"), ids("sd21"));
    assert_eq!((sd1.len(), sd2.len()), (77, 77));
    assert_eq!(sd1[..3], [49406, 49407, 49407]);
    assert_eq!(sd2[..3], [49406, 49407, 0]);

    let small = json!({
        "hidden_size": 40, "intermediate_size": 96, "num_hidden_layers": 3, "num_attention_heads": 4,
        "hidden_act": "quick_gelu", "vocab_size": 1002, "bos_token_id": 1000, "eos_token_id": 1001, "pad_token_id": 0,
    });
    let config = maskov_diffusion::TextEncoderConfig::parse(&small.to_string()).expect("a text encoder");
    assert_eq!(config.empty_prompt()[..4], [1000, 1001, 0, 0]);
    let graph = text_graph(&config, &config.empty_prompt()).expect("a list");
    let output = graph.tensor(graph.require("last_hidden_state").expect("an output")).shape;
    assert_eq!(output, Shape { height: 1, width: 77, channels: 40 });
    assert!(graph.constant_ops().iter().all(|constant| *constant));
    for op in &graph.ops {
        match op.operation {
            Operation::Attention { causal, heads, .. } => assert_eq!((causal, heads), (true, 4)),
            Operation::Activation { function, .. } => assert_eq!(function, Function::QuickGelu),
            _ => {}
        }
    }
}
