//! Parameters and FLOP against counts published with the architectures: exact, or at the printed precision.
//!
//! TFLOP are those of linear layers, 3×3 convolutions and self-attention (`QKᵀ` and `PV`). The published table leaves
//! out attention to the prompt's 77 tokens (at most 0.4 %), `QKᵀ` of the wanted layers, and what is constant; the one of
//! the whole UNet counts attention to the prompt.

mod common;

use common::{Reference, sd21_with, student, unet};
use maskov_diffusion::{DiffusionSettings, UnetConfig, unet_graph, vae_graph, verification_graph};
use maskov_graph::{Graph, Totals};
use maskov_model::Probes;
use serde_json::{Value, json};

struct Row {
    name: &'static str,
    config: Value,
    parameters: u64,
    /// Millions: 3×3 convolutions, linear layers and 1×1 convolutions, cross K and V, time, live.
    millions: [&'static str; 5],
    /// TFLOP to the last Q and K of the first two layers of the last block, at R = 64, 80, 96, 112, 128.
    both: [&'static str; 5],
    /// The same of the first layer alone, at R = 64, 96, 128.
    first: [&'static str; 3],
}

fn table() -> Vec<Row> {
    let heads = || json!([5, 10, 20, 20]);
    let full = (["0.70", "1.16", "1.79", "2.64", "3.75"], ["0.64", "1.59", "3.24"]);
    let base = (["0.48", "0.80", "1.23", "1.81", "2.56"], ["0.42", "1.03", "2.05"]);
    let small = (["0.47", "0.78", "1.21", "1.77", "2.51"], ["0.41", "1.01", "2.00"]);
    let tiny = (["0.45", "0.74", "1.15", "1.69", "2.41"], ["0.38", "0.95", "1.90"]);
    let row = |name, config, parameters, millions, (both, first)| Row {
        name,
        config,
        parameters,
        millions,
        both,
        first,
    };
    vec![
        row(
            "sd15",
            Reference::load("sd15").unet.0,
            859_520_964,
            ["541.0", "271.2", "19.2", "27.9", "833.2"],
            full,
        ),
        row(
            "sd21",
            Reference::load("sd21").unet.0,
            865_910_724,
            ["541.0", "271.2", "25.6", "27.9", "833.2"],
            full,
        ),
        row(
            "bk-sdm-base",
            student("base", json!(8), 768, false),
            579_384_964,
            ["370.5", "177.6", "12.3", "18.9", "565.3"],
            base,
        ),
        row(
            "bk-sdm-v2-base",
            student("base", heads(), 1024, true),
            583_480_964,
            ["370.5", "177.6", "16.4", "18.9", "565.3"],
            base,
        ),
        row(
            "bk-sdm-small",
            student("small", json!(8), 768, false),
            482_346_884,
            ["311.6", "144.8", "10.3", "15.6", "470.3"],
            small,
        ),
        row(
            "bk-sdm-v2-small",
            student("small", heads(), 1024, true),
            485_787_524,
            ["311.6", "144.8", "13.8", "15.6", "470.3"],
            small,
        ),
        row(
            "bk-sdm-tiny",
            student("tiny", json!(8), 768, false),
            323_384_964,
            ["164.1", "138.2", "10.3", "10.7", "311.3"],
            tiny,
        ),
        row(
            "bk_sdm_v2_tiny",
            Reference::load("bk_sdm_v2_tiny").unet.0,
            326_825_604,
            ["164.1", "138.2", "13.8", "10.7", "311.3"],
            tiny,
        ),
    ]
}

/// The paper's settings with the first `layers` self-attention layers of the last up block.
fn settings(unet: &UnetConfig, layers: usize) -> DiffusionSettings {
    let mut settings = DiffusionSettings::for_checkpoint(unet).expect("settings");
    let last = unet.up_blocks.len() - 1;
    let layer = |index| (format!("up_blocks.{last}.attentions.{index}.transformer_blocks.0.attn1"), 0.5);
    settings.common.attention = (0..layers).map(layer).collect();
    settings
}

fn to(graph: &Graph, name: &str) -> Totals {
    graph.pruned(&[graph.require(name).expect("an output")]).totals()
}

fn map(unet: &UnetConfig, layers: usize, resolution: usize) -> Totals {
    to(&unet_graph(unet, &settings(unet, layers), resolution).expect("a list"), "attention")
}

fn millions(count: u64) -> String {
    format!("{:.1}", count as f64 / 1e6)
}

fn tera(flop: u64) -> String {
    format!("{:.2}", flop as f64 / 1e12)
}

#[test]
fn parameters_are_the_published_ones() {
    for row in table() {
        let unet = unet(&row.config);
        let whole = to(&unet_graph(&unet, &settings(&unet, 2), 64).expect("a list"), "noise_pred").parameters;
        assert_eq!(whole.all(), row.parameters, "{}", row.name);
        let live = map(&unet, 2, 64).parameters.live();
        let found = [whole.conv3x3, whole.linear, whole.text, whole.time, live].map(millions);
        assert_eq!(found, row.millions, "{}", row.name);
    }
}

#[test]
fn flop_to_the_map_are_the_published_ones() {
    for row in table() {
        let unet = unet(&row.config);
        let both = [64, 80, 96, 112, 128].map(|resolution| tera(map(&unet, 2, resolution).flop.network()));
        assert_eq!(both, row.both, "{}", row.name);
        let first = [64, 96, 128].map(|resolution| tera(map(&unet, 1, resolution).flop.network()));
        assert_eq!(first, row.first, "{}", row.name);
        let flop = map(&unet, 2, 128).flop;
        assert_eq!(tera(flop.attention_map / 2), "0.17", "QKᵀ of one layer");
        assert!(flop.text_attention * 250 < flop.network(), "{}", row.name);
    }
}

#[test]
fn flop_of_the_whole_unet_and_the_vae_are_the_published_ones() {
    let configs = Reference::load("sd21").configs();
    let vae = configs.vae.expect("a VAE");
    for (resolution, whole, encoder) in [(64, "0.80", "1.12"), (96, "2.15", "2.61"), (128, "4.67", "4.88")] {
        let graph = unet_graph(&configs.unet, &settings(&configs.unet, 2), resolution).expect("a list");
        let flop = to(&graph, "noise_pred").flop;
        assert_eq!(tera(flop.network() + flop.text_attention), whole);
        let graph = vae_graph(&vae, resolution).expect("a list");
        assert_eq!(tera(graph.totals().flop.network()), encoder);
        // 68,327,328 bytes as f16.
        assert_eq!(graph.parameters(), 34_163_664);
    }
}

#[test]
fn depths_and_reversed_lists_count_as_sdxl_does() {
    // SDXL base without its embedding of sizes, which is refused: 2816 → 1280 → 1280, with biases.
    let embedding = 2816 * 1280 + 1280 + 1280 * 1280 + 1280;
    let config = unet(&sd21_with(&[
        ("block_out_channels", json!([320, 640, 1280])),
        ("down_block_types", json!(["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"])),
        ("up_block_types", json!(["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"])),
        ("attention_head_dim", json!([5, 10, 20])),
        ("cross_attention_dim", json!(2048)),
        ("transformer_layers_per_block", json!([1, 2, 10])),
    ]));
    assert_eq!(config.up_depths, [vec![10; 3], vec![2; 3], vec![1; 3]]);
    assert_eq!(config.mid_depth, 10);
    assert!(DiffusionSettings::for_checkpoint(&config).is_err(), "no attention at the top");
    let configs = maskov_diffusion::Configs { unet: config, vae: Reference::load("sd21").configs().vae };
    let settings = settings(&unet(&sd21_with(&[])), 2);
    let graph = verification_graph(&configs, &settings, 64, Probes::default()).expect("a list");
    assert_eq!(to(&graph, "noise_pred").parameters.all() - 34_163_664, 2_567_463_684 - embedding);
}
