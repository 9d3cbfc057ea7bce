//! Names and shapes of every weight against diffusers' and transformers' own, both ways.

mod common;

use std::collections::BTreeSet;

use common::{FULL_SIZE, Reference, Shapes, fixture, small};
use maskov_diffusion::{DiffusionSettings, attention_graph, text_graph, verification_graph};
use maskov_graph::{Graph, Weight};
use maskov_model::Probes;

/// The shapes that the weights must have, by the name under which the checkpoint has them.
fn matched<'a>(weights: &'a [Weight], shapes: &Shapes) -> BTreeSet<&'a str> {
    let mut used = BTreeSet::new();
    for weight in weights {
        let names = std::iter::once(&weight.name).chain(&weight.aliases);
        let Some(name) = names.into_iter().find(|name| shapes.contains_key(*name)) else {
            panic!("the list needs `{}`, which diffusers does not have", weight.name);
        };
        assert_eq!(shapes[name], weight.shape, "{name}");
        assert!(used.insert(name.as_str()), "`{name}` is used twice");
    }
    used
}

fn unused(weights: &[Weight], shapes: &Shapes) -> Vec<String> {
    let used = matched(weights, shapes);
    shapes.keys().filter(|name| !used.contains(name.as_str())).cloned().collect()
}

fn only(graph: &Graph, is_wanted: impl Fn(&str) -> bool) -> Vec<Weight> {
    graph.weights.iter().filter(|weight| is_wanted(&weight.name)).cloned().collect()
}

fn is_vae(name: &str) -> bool {
    name.starts_with("encoder.") || name.starts_with("quant_conv.")
}

#[test]
fn full_size_weights_are_those_of_diffusers() {
    for model in FULL_SIZE {
        let reference = Reference::load(model);
        let configs = reference.configs();
        let settings = DiffusionSettings::for_checkpoint(&configs.unet).expect("settings");
        let graph = verification_graph(&configs, &settings, 64, Probes::default()).expect("a list");

        let unet = only(&graph, |name| !is_vae(name));
        assert_eq!(unused(&unet, &reference.unet.1), Vec::<String>::new(), "{model}");

        let left = unused(&only(&graph, is_vae), &reference.vae.1);
        let is_decoder = |name: &String| name.starts_with("decoder.") || name.starts_with("post_quant_conv.");
        assert!(left.iter().all(is_decoder) && left.len() > 100, "{model}: {left:?}");

        let text = reference.text_config();
        let graph = text_graph(&text, &text.empty_prompt()).expect("a list");
        assert_eq!(unused(&graph.weights, &reference.text_encoder.1), Vec::<String>::new(), "{model}");
    }
}

#[test]
fn a_wrong_shape_or_name_is_noticed() {
    let reference = Reference::load("bk_sdm_v2_tiny");
    let configs = reference.configs();
    let settings = DiffusionSettings::for_checkpoint(&configs.unet).expect("settings");
    let graph = verification_graph(&configs, &settings, 64, Probes::default()).expect("a list");
    let unet = only(&graph, |name| !is_vae(name));
    let mut shapes = reference.unet.1.clone();
    shapes.get_mut("conv_in.weight").expect("conv_in").swap(0, 1);
    assert!(std::panic::catch_unwind(|| unused(&unet, &shapes)).is_err());
    shapes.remove("conv_in.weight");
    assert!(std::panic::catch_unwind(|| unused(&unet, &shapes)).is_err());
    shapes = reference.unet.1;
    shapes.insert("one.more".to_owned(), vec![1]);
    assert_eq!(unused(&unet, &shapes), ["one.more"]);
}

#[test]
fn the_vae_attention_is_found_by_both_namings() {
    let configs = Reference::load("sd21").configs();
    let settings = DiffusionSettings::for_checkpoint(&configs.unet).expect("settings");
    let graph = attention_graph(&configs, &settings, 64).expect("a list").graph;
    let path = "encoder.mid_block.attentions.0";
    for (name, older) in [("to_q", "query"), ("to_k", "key"), ("to_v", "value"), ("to_out.0", "proj_attn")] {
        for leaf in ["weight", "bias"] {
            let name = format!("{path}.{name}.{leaf}");
            let weight = graph.weights.iter().find(|weight| weight.name == name).expect("the layer");
            assert_eq!(weight.aliases, [format!("{path}.{older}.{leaf}")]);
        }
    }
}

#[test]
fn the_embedded_model_needs_its_file_without_the_dead_end() {
    let shapes: Shapes = serde_json::from_str(&fixture("small-v1/shapes.json")).expect("shapes");
    let (configs, settings) = small();
    let whole = verification_graph(&configs, &settings, 48, Probes::default()).expect("a list");
    assert_eq!(unused(&whole.weights, &shapes), Vec::<String>::new());

    let model = attention_graph(&configs, &settings, 48).expect("a list");
    assert_eq!((model.resolution, model.image_side), (48, 384));
    let last = "up_blocks.2.attentions.1";
    let block = format!("{last}.transformer_blocks.0");
    let is_dead = |name: &&String| {
        let dead_parts = ["attn1.to_v", "attn1.to_out", "attn2", "norm2", "norm3", "ff"];
        ["conv_norm_out.", "conv_out.", &format!("{last}.proj_out.")]
            .iter()
            .any(|part| name.starts_with(part))
            || dead_parts.iter().any(|part| name.starts_with(&format!("{block}.{part}.")))
    };
    let dead: Vec<_> = shapes.keys().filter(is_dead).cloned().collect();
    assert_eq!(dead.len(), 22);
    let mut left = unused(&model.graph.weights, &shapes);
    left.sort();
    assert_eq!(left, dead);
}
