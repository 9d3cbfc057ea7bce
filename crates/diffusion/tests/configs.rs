//! What a config may say, what its keys mean, and the sentence with which the rest is refused.

mod common;

use common::{Reference, fixture, refused, sd21_with, small, student, unet};
use maskov_diffusion::{
    Configs, DiffusionSettings, DownBlock, Latents, TextEmbedding, TextEncoderConfig, UnetConfig, UpBlock,
    VaeConfig, attention_graph,
};
use maskov_model::ModelError;
use serde_json::{Value, json};

#[test]
fn absent_keys_take_diffusers_defaults() {
    let config = UnetConfig::parse("{}").expect("all defaults");
    assert_eq!(config.block_out_channels, [320, 640, 1280, 1280]);
    assert_eq!(config.layers_per_block, [2; 4]);
    assert_eq!((config.heads, config.cross_attention_dims), (vec![8; 4], vec![1280; 4]));
    assert!(config.has_mid_block && !config.use_linear_projection && config.flip_sin_to_cos);
    assert_eq!(config.down_blocks[3], DownBlock::Plain);
    assert_eq!(config.up_blocks[0], UpBlock::Plain);
    assert_eq!((config.time_embedding_dim, config.norm_num_groups, config.norm_eps), (1280, 32, 1e-5));
    assert!(!unet(&sd21_with(&[("mid_block_type", Value::Null)])).has_mid_block, "an explicit null");
}

#[test]
fn head_counts_have_the_legacy_meaning() {
    assert_eq!(unet(&sd21_with(&[])).heads, [5, 10, 20, 20]);
    assert_eq!(unet(&sd21_with(&[("attention_head_dim", json!(8))])).heads, [8; 4]);
    let both = sd21_with(&[("num_attention_heads", json!([2, 4, 8, 8]))]);
    assert_eq!(unet(&both).heads, [2, 4, 8, 8]);
}

#[test]
fn numbers_and_lists_may_differ_by_level() {
    let config = unet(&sd21_with(&[
        ("layers_per_block", json!([1, 2, 3, 1])),
        ("transformer_layers_per_block", json!([1, 2, 3, 1])),
    ]));
    assert_eq!(config.down_depths, [vec![1], vec![2, 2], vec![3, 3, 3], vec![1]]);
    assert_eq!(config.up_depths, [vec![1; 2], vec![3; 4], vec![2; 3], vec![1; 2]]);
    let config = unet(&sd21_with(&[
        ("transformer_layers_per_block", json!([[1, 2], 2, 3, 4])),
        ("reverse_transformer_layers_per_block", json!([4, 3, [2, 1, 2], 1])),
    ]));
    assert_eq!(config.down_depths[0], [1, 2]);
    assert_eq!((&config.up_depths[2], config.mid_depth), (&vec![2, 1, 2], 4));
    for layers in 1..=3 {
        let configs = Configs { unet: unet(&sd21_with(&[("layers_per_block", json!(layers))])), ..sd21() };
        let settings = DiffusionSettings::for_checkpoint(&configs.unet).expect("settings");
        assert!(attention_graph(&configs, &settings, 8).is_ok(), "{layers} layers");
    }
}

#[test]
fn conditions_that_nobody_passes_are_ignored() {
    let lcm = sd21_with(&[
        ("time_cond_proj_dim", json!(256)),
        ("upcast_attention", json!(true)),
        ("sample_size", json!(96)),
        ("_name_or_path", json!("somewhere")),
        ("resnet_out_scale_factor", json!(1.0)),
        ("act_fn", json!("swish")),
        ("only_cross_attention", json!([false, false, false, false])),
    ]);
    assert_eq!(unet(&lcm), unet(&sd21_with(&[])));
}

#[test]
fn other_architectures_are_refused_by_key_and_value() {
    let keys = [
        ("addition_embed_type", json!("text_time")),
        ("class_embed_type", json!("timestep")),
        ("num_class_embeds", json!(1000)),
        ("dual_cross_attention", json!(true)),
        ("only_cross_attention", json!([true, false, false, false])),
        ("center_input_sample", json!(true)),
        ("act_fn", json!("gelu")),
        ("encoder_hid_dim", json!(4096)),
        ("resnet_time_scale_shift", json!("scale_shift")),
        ("downsample_padding", json!(0)),
        ("mid_block_scale_factor", json!(1.5)),
        ("conv_in_kernel", json!(1)),
        ("time_embedding_type", json!("fourier")),
        ("layers_per_block", json!(4)),
        ("norm_num_groups", Value::Null),
        ("_class_name", json!("SD3Transformer2DModel")),
    ];
    for (key, value) in keys {
        let error = refused(&sd21_with(&[(key, value.clone())]));
        assert!(matches!(&error, ModelError::Unsupported { key: named, .. } if named == key), "{error:?}");
        let sentence = error.to_string();
        assert!(
            sentence.contains(key) && (key == "layers_per_block" || sentence.contains(&value.to_string()))
        );
    }
}

#[test]
fn unknown_blocks_are_named() {
    let blocks = [
        (
            "down_block_types",
            json!(["CrossAttnDownBlock2D", "AttnDownBlock2D", "DownBlock2D", "DownBlock2D"]),
            "AttnDownBlock2D",
        ),
        ("up_block_types", json!(["UpBlock2D", "UpBlock2D", "UpBlock2D", "SkipUpBlock2D"]), "SkipUpBlock2D"),
        ("mid_block_type", json!("UNetMidBlock2D"), "UNetMidBlock2D"),
    ];
    for (key, value, name) in blocks {
        let error = refused(&sd21_with(&[(key, value)]));
        assert!(matches!(&error, ModelError::Unsupported { value, .. } if value.contains(name)), "{error:?}");
        assert!(error.to_string().contains(name) && error.to_string().contains(key));
    }
}

#[test]
fn wrong_kinds_of_values_are_refused() {
    let keys = [
        ("block_out_channels", json!([320, -1, 1280, 1280])),
        ("block_out_channels", json!([])),
        ("block_out_channels", json!([320, 640])),
        ("in_channels", json!(0)),
        ("in_channels", json!(1u64 << 40)),
        ("norm_eps", json!("small")),
        ("use_linear_projection", json!(1)),
        ("attention_head_dim", json!([5, 10])),
        ("transformer_layers_per_block", json!([[1, 2, 3], 1, 1, 1])),
        ("transformer_layers_per_block", json!([[1, 2], 1, 1, 1])),
    ];
    for (key, value) in keys {
        let error = refused(&sd21_with(&[(key, value)]));
        assert!(matches!(error, ModelError::Value { .. }), "{key}: {error:?}");
    }
    for text in ["", "[]", "{", "null"] {
        assert!(matches!(UnetConfig::parse(text), Err(ModelError::Json { .. })), "{text}");
    }
    // Numbers that contradict each other come to light when the list is built, with the operation's name.
    for (key, value) in [("attention_head_dim", json!(7)), ("norm_num_groups", json!(7))] {
        let configs = Configs { unet: unet(&sd21_with(&[(key, value)])), ..sd21() };
        let settings = DiffusionSettings::for_checkpoint(&configs.unet).expect("settings");
        assert!(matches!(attention_graph(&configs, &settings, 8), Err(ModelError::Graph(_))), "{key}");
    }
}

#[test]
fn latents_that_do_not_fit_the_unet_are_refused() {
    let refusal =
        |configs: &Configs, settings: &DiffusionSettings| match attention_graph(configs, settings, 64) {
            Err(ModelError::Contradiction { reason }) => reason,
            other => panic!("{:?}", other.map(|model| model.resolution)),
        };
    let mut configs = sd21();
    let settings = DiffusionSettings::for_checkpoint(&configs.unet).expect("settings");
    configs.unet.in_channels = 9;
    assert!(refusal(&configs, &settings).contains("inpainting"));
    configs.unet.in_channels = 4;
    configs.vae = None;
    assert!(refusal(&configs, &settings).contains("vae/config.json is missing"));

    let (configs, mut settings) = small();
    settings.latents = Latents::PixelUnshuffle { factor: 8, range: None, position_channels: 0 };
    assert!(refusal(&configs, &settings).contains("192"));
    let (configs, mut settings) = small();
    settings.text_embedding = TextEmbedding::EmptyPrompt;
    assert!(
        attention_graph(&configs, &settings, 32).is_ok(),
        "the prompt has the width that the UNet asks for"
    );
    settings.text_embedding = TextEmbedding::Zeros { tokens: 1, width: 33 };
    assert!(refusal(&configs, &settings).contains("33"));
}

#[test]
fn models_without_attention_at_the_top_are_refused() {
    let mut config = student("tiny", json!(8), 768, false);
    config["up_block_types"] = json!(["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"]);
    let error = DiffusionSettings::for_checkpoint(&unet(&config)).expect_err("SDXS");
    assert!(error.to_string().contains("up_block_types[2]") && error.to_string().contains("SDXS"));
}

#[test]
fn other_vaes_and_text_encoders_are_refused() {
    let vae = |key: &str, value: Value| {
        let mut config = Reference::load("sd15").vae.0;
        config[key] = value;
        VaeConfig::parse(&config.to_string())
    };
    assert!(vae("use_quant_conv", json!(false)).is_ok_and(|vae| !vae.use_quant_conv));
    for (key, value) in
        [("shift_factor", json!(0.1)), ("_class_name", json!("AutoencoderTiny")), ("act_fn", json!("relu"))]
    {
        assert!(matches!(vae(key, value), Err(ModelError::Unsupported { .. })), "{key}");
    }
    let attention =
        json!(["DownEncoderBlock2D", "AttnDownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D"]);
    assert!(matches!(vae("down_block_types", attention), Err(ModelError::Unsupported { .. })));
    let text = |key: &str, value: Value| {
        let mut config = Reference::load("sd15").text_encoder.0;
        config[key] = value;
        TextEncoderConfig::parse(&config.to_string())
    };
    assert!(matches!(text("hidden_act", json!("relu")), Err(ModelError::Unsupported { .. })));
    assert!(matches!(text("model_type", json!("t5")), Err(ModelError::Unsupported { .. })));
    assert!(matches!(text("pad_token_id", json!(-1)), Err(ModelError::Value { .. })));
}

#[test]
fn settings_are_read_whole_and_written_back() {
    let settings = DiffusionSettings::parse(&fixture("small-v1/settings.json")).expect("settings");
    assert_eq!(
        (settings.common.resolution, settings.timestep, settings.common.temperature),
        (48, 100.0, 0.65)
    );
    assert_eq!(settings.text_embedding, TextEmbedding::Zeros { tokens: 1, width: 32 });
    assert_eq!((settings.common.image_mean, settings.common.image_std), ([0.5; 3], [0.5; 3]), "of [-1, 1]");
    let written = serde_json::to_string(&settings).expect("JSON");
    assert_eq!(DiffusionSettings::parse(&written).expect("its own JSON"), settings);
    let paper = DiffusionSettings::for_checkpoint(&sd21().unet).expect("settings");
    assert_eq!(
        DiffusionSettings::parse(&serde_json::to_string(&paper).expect("JSON")).expect("its own JSON"),
        paper
    );
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let with = |key: &str, value: Value| {
        let mut settings: Value = serde_json::from_str(&fixture("small-v1/settings.json")).expect("JSON");
        settings[key] = value;
        DiffusionSettings::parse(&settings.to_string())
    };
    let latents = |factor: u32, range: Value, positions: u32| json!({"kind": "pixel_unshuffle", "factor": factor, "range": range, "position_channels": positions});
    assert!(with("latents", latents(8, json!([0, 1]), 0)).is_ok());
    let wrong = [
        ("latents", latents(0, json!([0, 1]), 2)),
        ("latents", latents(8, json!([1, 0]), 2)),
        ("latents", latents(8, json!([0, 1]), 1)),
        ("latents", json!({"kind": "wavelet"})),
        ("text_embedding", json!("ones [1, 1, 32]")),
        ("text_embedding", json!("zeros [1, 0, 32]")),
        ("temperature", json!(0)),
        ("timestep", json!(-1)),
        ("attention", json!({})),
        ("attention", json!({"up_blocks.2.attentions.0.transformer_blocks.0.attn1": -0.5})),
    ];
    for (key, value) in wrong {
        let error = with(key, value.clone()).expect_err("settings that make no sense");
        assert!(
            matches!(error, ModelError::Value { .. } | ModelError::Json { .. }),
            "{key} {value}: {error}"
        );
    }
}

fn sd21() -> Configs {
    Reference::load("sd21").configs()
}
