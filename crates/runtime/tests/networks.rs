//! The CPU executor against diffusers and transformers: every stage that the golden files hold.

use std::path::{Path, PathBuf};

use maskov_diffusion::{
    Configs, Probes, Settings, TextEncoderConfig, UnetConfig, VaeConfig, attention_graph, text_graph,
    verification_graph,
};
use maskov_graph::Graph;
use maskov_runtime::compare::{channels_last, largest_error_in_row, mean_total_variation, nmse};
use maskov_runtime::{CpuExecutor, Executor, Outputs};
use maskov_weights::{Checkpoint, FileSource, SafeTensors, WeightSource};
use pollster::block_on;

/// diffusers against itself: 1e-11.
const NMSE: f64 = 1e-9;
/// diffusers against itself: 3e-7.
const TOTAL_VARIATION: f64 = 1e-5;

fn tiny(model: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/diffusers_tiny").join(model)
}

fn golden(path: &Path) -> SafeTensors {
    block_on(SafeTensors::open(Box::new(FileSource::open(path).unwrap()))).unwrap()
}

fn values(golden: &SafeTensors, name: &str) -> Vec<f32> {
    block_on(golden.read(name)).unwrap().to_f32().unwrap()
}

fn config(checkpoint: &Checkpoint, component: &str) -> Option<String> {
    checkpoint.config(component).map(|json| json.to_string())
}

fn configs(checkpoint: &Checkpoint) -> Configs {
    Configs {
        unet: UnetConfig::parse(&config(checkpoint, "unet").unwrap()).unwrap(),
        vae: config(checkpoint, "vae").map(|json| VaeConfig::parse(&json).unwrap()),
    }
}

fn run(
    graph: &Graph,
    wanted: &[&str],
    checkpoint: &Checkpoint,
    text: &[f32],
    image: &[f32],
) -> Outputs<Vec<f32>> {
    let text = [("text_embedding", text)];
    let executor = block_on(CpuExecutor::load(graph, wanted, checkpoint, &text, &mut ())).unwrap();
    block_on(executor.run(&[("image", image)], &mut ())).unwrap()
}

fn check_whole_network(model: &str) {
    let folder = tiny(model);
    let checkpoint = block_on(Checkpoint::open_folder(&folder)).unwrap();
    let golden = golden(&folder.join("golden.safetensors"));
    let configs = configs(&checkpoint);
    let settings = Settings::for_checkpoint(&configs.unet).unwrap();
    let probes = Probes { attention_maps: true, norms: true };
    let graph = verification_graph(&configs, &settings, 16, probes).unwrap();
    let image = channels_last(&values(&golden, "image"), 3);
    let stages: Vec<_> = golden
        .tensors()
        .iter()
        .filter(|stage| !["image", "text_embedding"].contains(&stage.name.as_str()))
        .collect();
    let public = |name: &str| name.trim_start_matches("act.").trim_start_matches("attn.").to_owned();
    let names: Vec<String> = stages.iter().map(|stage| public(&stage.name)).collect();
    let wanted: Vec<&str> = names.iter().map(String::as_str).collect();
    let outputs = run(&graph, &wanted, &checkpoint, &values(&golden, "text_embedding"), &image);
    for (stage, name) in stages.iter().zip(&names) {
        let expected = values(&golden, &stage.name);
        if stage.name.starts_with("attn.") {
            let (map, columns) = (&outputs.maps[name], stage.shape[1]);
            let variation = mean_total_variation(map, &expected, columns);
            let largest = largest_error_in_row(map, &expected, columns);
            println!("{model} {}: total variation {variation:.1e}, largest error {largest:.1e}", stage.name);
            assert!(variation <= TOTAL_VARIATION, "{}: total variation {variation:e}", stage.name);
        } else {
            let error = nmse(&outputs.tensors[name], &channels_last(&expected, stage.shape[1]));
            println!("{model} {}: NMSE {error:.1e}", stage.name);
            assert!(error <= NMSE, "{}: NMSE {error:e}", stage.name);
        }
    }
    assert!(stages.len() >= 18, "the golden file holds all its stages");
}

fn check_text_encoder(model: &str) {
    let folder = tiny(model);
    let checkpoint = block_on(Checkpoint::open_folder(&folder)).unwrap();
    let golden = golden(&folder.join("text_golden.safetensors"));
    let config = TextEncoderConfig::parse(&config(&checkpoint, "text_encoder").unwrap()).unwrap();
    let ids = block_on(golden.read("input_ids")).unwrap().to_i32().unwrap();
    let ids: Vec<u32> = ids.into_iter().map(|id| id as u32).collect();
    assert_eq!(ids, config.empty_prompt());
    let graph = text_graph(&config, &ids).unwrap();
    let wanted = ["last_hidden_state"];
    let executor = block_on(CpuExecutor::load(&graph, &wanted, &checkpoint, &[], &mut ())).unwrap();
    let outputs = block_on(executor.run(&[], &mut ())).unwrap();
    let error = nmse(&outputs.tensors["last_hidden_state"], &values(&golden, "last_hidden_state"));
    println!("{model} last_hidden_state: NMSE {error:.1e}");
    assert!(error <= NMSE, "NMSE {error:e}");
}

#[test]
fn sd1_shaped_network_matches_diffusers() {
    check_whole_network("sd1_shaped");
}

#[test]
fn sd2_shaped_network_matches_diffusers() {
    check_whole_network("sd2_shaped");
}

#[test]
fn sd1_shaped_text_encoder_matches_transformers() {
    check_text_encoder("sd1_shaped");
}

#[test]
fn sd2_shaped_text_encoder_matches_transformers() {
    check_text_encoder("sd2_shaped");
}

/// f16 weights in f32 arithmetic on both sides.
#[test]
fn embedded_model_matches_diffusers() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/models/small-v1");
    if !folder.is_dir() {
        println!(
            "skipped: ../shared/models/small-v1 is absent, so the embedded model's golden file was not checked"
        );
        return;
    }
    let checkpoint = block_on(Checkpoint::open_folder(&folder)).unwrap();
    let settings = Settings::parse(&checkpoint.settings().unwrap().to_string()).unwrap();
    let golden = golden(&folder.join("golden_32.safetensors"));
    let model = attention_graph(&configs(&checkpoint), &settings, 32).unwrap();
    let image = block_on(golden.read("image")).unwrap().to_u8().unwrap();
    let image: Vec<f32> = image.into_iter().map(|byte| f32::from(byte) / 127.5 - 1.0).collect();
    let text = model.graph.tensor(model.graph.find("text_embedding").unwrap()).shape;
    let text = vec![0.0; text.len()];
    let outputs = run(&model.graph, &["attention"], &checkpoint, &text, &image);
    let expected = values(&golden, "attention");
    let variation = mean_total_variation(&outputs.maps["attention"], &expected, 1024);
    let largest = largest_error_in_row(&outputs.maps["attention"], &expected, 1024);
    println!("attention: total variation {variation:.1e}, largest error {largest:.1e}");
    println!("{:.0} ms: {:?}", outputs.timings.total_ms(), outputs.timings.by_block());
    assert!(variation <= 1e-4, "total variation {variation:e}");
    assert!(largest <= 5e-3, "largest error {largest:e}");
}
