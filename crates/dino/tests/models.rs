//! What becomes of transformers' config files: the weights that the file has, published sizes, refusals.

use std::collections::BTreeMap;
use std::path::Path;

use maskov_dino::{Dino, DinoConfig, DinoModel, DinoSettings, MapKind};
use maskov_graph::Operation;
use maskov_model::{Architecture, ConfigFiles, Family, ModelError, Probes};
use maskov_weights::{MemorySource, SafeTensors};
use serde_json::{Value, json};

fn fixture(path: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/dinov2_tiny").join(path);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// DINOv2-small as the hub has it, some keys replaced.
fn small_with(keys: &[(&str, Value)]) -> Value {
    let mut config = json!({
        "model_type": "dinov2", "hidden_size": 384, "num_hidden_layers": 12, "num_attention_heads": 6,
        "mlp_ratio": 4, "image_size": 518, "patch_size": 14, "hidden_act": "gelu", "qkv_bias": true,
        "layer_norm_eps": 1e-6, "use_swiglu_ffn": false, "num_channels": 3
    });
    keys.iter().for_each(|(key, value)| config[*key] = value.clone());
    config
}

fn model(config: Value, settings: Option<Value>) -> Result<DinoModel, ModelError> {
    DinoModel::read(&ConfigFiles { components: [("model".to_owned(), config)].into(), settings })
}

#[test]
fn a_list_needs_the_files_weights_and_no_others() {
    for name in ["plain", "registers"] {
        let config = serde_json::from_slice(&fixture(&format!("{name}/config.json"))).unwrap();
        let source = MemorySource::new(name, fixture(&format!("{name}/model.safetensors")));
        let file = pollster::block_on(SafeTensors::open(Box::new(source))).unwrap();
        let tensors = file.tensors().iter().map(|tensor| (tensor.name.clone(), tensor.shape.clone()));
        let mut stored: BTreeMap<_, _> = tensors.collect();
        // Of training.
        stored.remove("embeddings.mask_token").expect("the hub's file has it");
        let graph = model(config, None).unwrap().verification_graph(10, Probes::default()).unwrap();
        let weights = graph.weights.iter().map(|weight| (weight.name.clone(), weight.shape.clone()));
        assert_eq!(weights.collect::<BTreeMap<_, _>>(), stored, "{name}");
    }
}

#[test]
fn sizes_are_the_published_ones() {
    let base = [("hidden_size", json!(768)), ("num_attention_heads", json!(12))];
    let large =
        [("hidden_size", json!(1024)), ("num_attention_heads", json!(16)), ("num_hidden_layers", json!(24))];
    // transformers' counts without the mask token, which is as wide as a token.
    for (keys, parameters) in
        [(&[][..], 22_056_576 - 384), (&base, 86_580_480 - 768), (&large, 304_368_640 - 1024)]
    {
        let graph = model(small_with(keys), None).unwrap().attention_graph(16).unwrap().graph;
        assert_eq!(graph.parameters(), parameters, "{keys:?}");
    }
}

#[test]
fn the_papers_map_needs_nothing_behind_its_last_queries_and_keys() {
    let mut model = model(small_with(&[]), None).unwrap();
    let layers: Vec<_> = model.settings().attention.keys().cloned().collect();
    assert_eq!(layers, ["encoder.layer.11.attention.attention"]);
    let MapKind::Affinity { layers, .. } = &model.settings.map else { panic!("the default") };
    assert_eq!(layers[..], ["encoder.layer.11", "encoder.layer.8"]);
    assert_eq!(model.attention_graph(8).unwrap().image_side, 8 * 14);

    model.settings.map = MapKind::Attention;
    let graph = model.attention_graph(8).unwrap().graph;
    assert!(graph.weights.iter().all(|weight| !weight.name.starts_with("encoder.layer.11.mlp")));
    let Operation::AttentionMap { taps, grid } = &graph.ops.last().unwrap().operation else {
        panic!("a map is the last operation")
    };
    let queries = graph.tensor(taps[0].query).shape;
    assert_eq!((*grid, queries.rows()), ([8, 8], 65), "the class token is in the softmax and not in the map");
}

#[test]
fn other_architectures_are_refused_by_key_and_value() {
    for (key, value) in [
        ("model_type", json!("dinov3_vit")),
        ("use_swiglu_ffn", json!(true)),
        ("hidden_act", json!("relu")),
        ("num_channels", json!(4)),
    ] {
        let error = DinoConfig::parse(&small_with(&[(key, value.clone())]).to_string()).unwrap_err();
        assert!(matches!(&error, ModelError::Unsupported { key: named, .. } if named == key), "{error:?}");
        assert!(error.to_string().contains(&value.to_string()), "{error}");
    }
    for (key, value) in [
        ("num_hidden_layers", json!(1000)),
        ("patch_size", json!(0)),
        ("image_size", json!(13)),
        ("qkv_bias", json!("yes")),
    ] {
        let error = DinoConfig::parse(&small_with(&[(key, value)]).to_string()).unwrap_err();
        assert!(matches!(&error, ModelError::Value { key: named, .. } if named == key), "{error:?}");
    }
    let heads = model(small_with(&[("num_attention_heads", json!(5))]), None).unwrap();
    assert!(matches!(heads.attention_graph(8), Err(ModelError::Graph(_))), "384 channels in 5 heads");
    assert_eq!(Dino.component_of(&small_with(&[("model_type", json!("dinov3_vit"))])), None);
}

#[test]
fn settings_are_read_whole_and_written_back() {
    let small = model(small_with(&[]), None).unwrap();
    let written = small.settings_json();
    assert_eq!(DinoSettings::parse(&written).unwrap(), small.settings);
    let with = |keys: Value| {
        let mut settings: Value = serde_json::from_str(&written).unwrap();
        settings["map"] = keys;
        model(small_with(&[]), Some(settings))
    };
    assert!(with(json!({"kind": "attention"})).is_ok());
    for (map, word) in [
        (json!({"kind": "magic"}), "affinity"),
        (json!({"kind": "affinity", "layers": [], "tau": 0.05, "sigma": 0.1}), "map.layers"),
        (json!({"kind": "affinity", "layers": ["a"], "tau": 0, "sigma": 0.1}), "map.tau"),
        (json!({"kind": "affinity", "layers": ["a"], "tau": 1, "sigma": -1}), "map.sigma"),
    ] {
        let error = with(map).unwrap_err().to_string();
        assert!(error.contains(word) && error.contains("settings.json"), "{error}");
    }
    let lost =
        with(json!({"kind": "affinity", "layers": ["encoder.layer.12"], "tau": 1, "sigma": 1})).unwrap();
    let error = lost.attention_graph(8).unwrap_err().to_string();
    assert!(error.contains("encoder.layer.12") && error.contains("encoder.layer.11"), "{error}");
}
