//! Both executors against diffusers and transformers: every stage that the golden files hold.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use maskov_diffusion::{
    Configs, Probes, Settings, TextEncoderConfig, UnetConfig, VaeConfig, attention_graph, text_graph,
    verification_graph,
};
use maskov_gpu::{AdapterChoice, Gpu};
use maskov_graph::Graph;
use maskov_runtime::compare::{channels_last, largest_error_in_row, mean_total_variation, nmse};
use maskov_runtime::{CpuExecutor, Executor, GpuExecutor, Timings};
use maskov_weights::{Checkpoint, FileSource, SafeTensors, WeightSource};
use pollster::block_on;

/// How far an executor may be from diffusers.
struct Bounds {
    nmse: f64,
    total_variation: f64,
    /// Largest error, as a share of that row's largest entry.
    largest: f64,
}

/// The file's own f32 weights; diffusers against itself: 1e-11, 3e-7.
const OWN_WEIGHTS: Bounds = Bounds { nmse: 1e-9, total_variation: 1e-5, largest: 1e-2 };
/// Weights rounded to f16 at load; the rounding alone: 4e-6, 2.5e-4, 0.3 %.
const ROUNDED_WEIGHTS: Bounds = Bounds { nmse: 1e-5, total_variation: 5e-4, largest: 1e-2 };
/// The file's weights are f16 already.
const F16_WEIGHTS: Bounds = Bounds { nmse: 1e-5, total_variation: 1e-4, largest: 5e-3 };

#[derive(Clone, Copy, Debug, PartialEq)]
enum Device {
    Cpu,
    Gpu,
}

/// What a run gives on either device.
struct Run {
    tensors: HashMap<String, Vec<f32>>,
    maps: HashMap<String, Vec<f32>>,
    timings: Timings,
}

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
    device: Device,
    graph: &Graph,
    wanted: &[&str],
    checkpoint: &Checkpoint,
    text: &[f32],
    image: &[f32],
) -> Run {
    let text = [("text_embedding", text)];
    match device {
        Device::Cpu => block_on(async {
            finish(&CpuExecutor::load(graph, wanted, checkpoint, &text, &mut ()).await.unwrap(), image).await
        }),
        Device::Gpu => block_on(async {
            let gpu = Rc::new(
                Gpu::open(AdapterChoice::Any).await.expect("`cargo xtask setup` brings a software adapter"),
            );
            finish(&GpuExecutor::load(gpu, graph, wanted, checkpoint, &text, &mut ()).await.unwrap(), image)
                .await
        }),
    }
}

async fn finish<E: Executor>(executor: &E, image: &[f32]) -> Run {
    let outputs = executor.run(&[("image", image)], &mut ()).await.unwrap();
    let mut maps = HashMap::new();
    for (name, map) in &outputs.maps {
        maps.insert(name.clone(), executor.read_map(map).await.unwrap());
    }
    Run { tensors: outputs.tensors, maps, timings: outputs.timings }
}

fn check_whole_network(device: Device, model: &str, bounds: &Bounds) {
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
    let outputs = run(device, &graph, &wanted, &checkpoint, &values(&golden, "text_embedding"), &image);
    for (stage, name) in stages.iter().zip(&names) {
        let expected = values(&golden, &stage.name);
        if stage.name.starts_with("attn.") {
            let (map, columns) = (&outputs.maps[name], stage.shape[1]);
            let variation = mean_total_variation(map, &expected, columns);
            let largest = largest_error_in_row(map, &expected, columns);
            println!(
                "{device:?} {model} {}: total variation {variation:.1e}, largest error {largest:.1e}",
                stage.name
            );
            assert!(variation <= bounds.total_variation, "{}: total variation {variation:e}", stage.name);
            assert!(largest <= bounds.largest, "{}: largest error {largest:e}", stage.name);
        } else {
            let error = nmse(&outputs.tensors[name], &channels_last(&expected, stage.shape[1]));
            println!("{device:?} {model} {}: NMSE {error:.1e}", stage.name);
            assert!(error <= bounds.nmse, "{}: NMSE {error:e}", stage.name);
        }
    }
    assert!(stages.len() >= 18, "the golden file holds all its stages");
}

fn check_text_encoder(device: Device, model: &str, bounds: &Bounds) {
    let folder = tiny(model);
    let checkpoint = block_on(Checkpoint::open_folder(&folder)).unwrap();
    let golden = golden(&folder.join("text_golden.safetensors"));
    let config = TextEncoderConfig::parse(&config(&checkpoint, "text_encoder").unwrap()).unwrap();
    let ids = block_on(golden.read("input_ids")).unwrap().to_i32().unwrap();
    let ids: Vec<u32> = ids.into_iter().map(|id| id as u32).collect();
    assert_eq!(ids, config.empty_prompt());
    let graph = text_graph(&config, &ids).unwrap();
    let outputs = run(device, &graph, &["last_hidden_state"], &checkpoint, &[], &[]);
    let error = nmse(&outputs.tensors["last_hidden_state"], &values(&golden, "last_hidden_state"));
    println!("{device:?} {model} last_hidden_state: NMSE {error:.1e}");
    assert!(error <= bounds.nmse, "NMSE {error:e}");
}

#[test]
fn whole_networks_match_diffusers_on_the_cpu() {
    check_whole_network(Device::Cpu, "sd1_shaped", &OWN_WEIGHTS);
    check_whole_network(Device::Cpu, "sd2_shaped", &OWN_WEIGHTS);
}

#[test]
fn whole_networks_match_diffusers_on_the_gpu() {
    check_whole_network(Device::Gpu, "sd1_shaped", &ROUNDED_WEIGHTS);
    check_whole_network(Device::Gpu, "sd2_shaped", &ROUNDED_WEIGHTS);
}

#[test]
fn text_encoders_match_transformers_on_the_cpu() {
    check_text_encoder(Device::Cpu, "sd1_shaped", &OWN_WEIGHTS);
    check_text_encoder(Device::Cpu, "sd2_shaped", &OWN_WEIGHTS);
}

#[test]
fn text_encoders_match_transformers_on_the_gpu() {
    check_text_encoder(Device::Gpu, "sd1_shaped", &ROUNDED_WEIGHTS);
    check_text_encoder(Device::Gpu, "sd2_shaped", &ROUNDED_WEIGHTS);
}

#[test]
fn embedded_model_matches_diffusers_on_the_cpu() {
    check_embedded_model(Device::Cpu);
}

#[test]
fn embedded_model_matches_diffusers_on_the_gpu() {
    check_embedded_model(Device::Gpu);
}

/// f16 weights in f32 arithmetic on both sides.
fn check_embedded_model(device: Device) {
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
    let outputs = run(device, &model.graph, &["attention"], &checkpoint, &text, &image);
    let expected = values(&golden, "attention");
    let variation = mean_total_variation(&outputs.maps["attention"], &expected, 1024);
    let largest = largest_error_in_row(&outputs.maps["attention"], &expected, 1024);
    println!("{device:?} attention: total variation {variation:.1e}, largest error {largest:.1e}");
    println!("{:.0} ms: {:?}", outputs.timings.total_ms(), outputs.timings.by_block());
    assert!(variation <= F16_WEIGHTS.total_variation, "total variation {variation:e}");
    assert!(largest <= F16_WEIGHTS.largest, "largest error {largest:e}");
}
