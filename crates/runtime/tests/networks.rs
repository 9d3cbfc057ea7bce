//! Both executors against diffusers and transformers, natively and in a browser: every stage that the golden files hold.
//! The embedded model's golden file, a third-party photo, is checked by `maskov verify` (crates/cli/tests).

mod common;

use std::collections::BTreeMap;

use maskov_diffusion::{
    Configs, DiffusionSettings, TextEncoderConfig, UnetConfig, VaeConfig, text_graph, verification_graph,
};
use maskov_model::Probes;
use maskov_runtime::compare::{channels_last, largest_error_in_row, mean_total_variation, nmse};
use maskov_weights::{Checkpoint, WeightSource};

use common::{Bounds, Device, OWN_WEIGHTS, ROUNDED_WEIGHTS, open, run, values};

/// A checkpoint of the hub's layout with its golden files, embedded: there is no file system in a browser.
struct Tiny {
    name: &'static str,
    /// Component, `config.json`, weights.
    components: [(&'static str, &'static str, &'static [u8]); 3],
    golden: &'static [u8],
    text_golden: &'static [u8],
}

macro_rules! fixture {
    ($model:literal, $file:expr) => {
        concat!("../../../tests/fixtures/diffusers_tiny/", $model, "/", $file)
    };
}

macro_rules! component {
    ($model:literal, $name:literal, $weights:literal) => {
        (
            $name,
            include_str!(fixture!($model, concat!($name, "/config.json"))),
            include_bytes!(fixture!($model, concat!($name, "/", $weights))),
        )
    };
}

macro_rules! tiny {
    ($name:literal) => {
        Tiny {
            name: $name,
            components: [
                component!($name, "unet", "diffusion_pytorch_model.safetensors"),
                component!($name, "vae", "diffusion_pytorch_model.safetensors"),
                component!($name, "text_encoder", "model.safetensors"),
            ],
            golden: include_bytes!(fixture!($name, "golden.safetensors")),
            text_golden: include_bytes!(fixture!($name, "text_golden.safetensors")),
        }
    };
}

static SD1_SHAPED: Tiny = tiny!("sd1_shaped");
static SD2_SHAPED: Tiny = tiny!("sd2_shaped");

impl Tiny {
    async fn checkpoint(&self) -> Checkpoint {
        let (mut files, mut configs) = (Vec::new(), BTreeMap::new());
        for (name, config, weights) in self.components {
            files.push(open(name, weights).await);
            configs.insert(name.to_owned(), serde_json::from_str(config).unwrap());
        }
        Checkpoint::new(files, configs, None).unwrap()
    }
}

fn config(checkpoint: &Checkpoint, component: &str) -> String {
    checkpoint.config(component).unwrap().to_string()
}

async fn check_whole_network(device: Device, tiny: &Tiny, bounds: &Bounds) {
    let checkpoint = tiny.checkpoint().await;
    let golden = open("golden", tiny.golden).await;
    let configs = Configs {
        unet: UnetConfig::parse(&config(&checkpoint, "unet")).unwrap(),
        vae: Some(VaeConfig::parse(&config(&checkpoint, "vae")).unwrap()),
    };
    let settings = DiffusionSettings::for_checkpoint(&configs.unet).unwrap();
    let probes = Probes { attention_maps: true, norms: true };
    let graph = verification_graph(&configs, &settings, 16, probes).unwrap();
    let is_input = |name: &str| ["image", "text_embedding"].contains(&name);
    let stages: Vec<_> = golden.tensors().iter().filter(|stage| !is_input(&stage.name)).collect();
    assert!(stages.len() >= 18, "the golden file holds all its stages");
    let public = |name: &str| name.trim_start_matches("act.").trim_start_matches("attn.").to_owned();
    let names: Vec<String> = stages.iter().map(|stage| public(&stage.name)).collect();
    let wanted: Vec<&str> = names.iter().map(String::as_str).collect();
    let image = channels_last(&values(&golden, "image").await, 3);
    let text = values(&golden, "text_embedding").await;
    let outputs = run(device, &graph, &wanted, &checkpoint, &[("text_embedding", &text)], &image).await;
    for (stage, name) in stages.iter().zip(&names) {
        let what = format!("{device:?} {} {}", tiny.name, stage.name);
        let expected = values(&golden, &stage.name).await;
        if stage.name.starts_with("attn.") {
            let (map, columns) = (&outputs.maps[name], stage.shape[1]);
            let variation = mean_total_variation(map, &expected, columns);
            let largest = largest_error_in_row(map, &expected, columns);
            println!("{what}: total variation {variation:.1e}, largest error {largest:.1e}");
            assert!(variation <= bounds.total_variation, "{what}: total variation {variation:e}");
            assert!(largest <= bounds.largest, "{what}: largest error {largest:e}");
        } else {
            let error = nmse(&outputs.tensors[name], &channels_last(&expected, stage.shape[1]));
            println!("{what}: NMSE {error:.1e}");
            assert!(error <= bounds.nmse, "{what}: NMSE {error:e}");
        }
    }
}

async fn check_text_encoder(device: Device, tiny: &Tiny, bounds: &Bounds) {
    let checkpoint = tiny.checkpoint().await;
    let golden = open("text_golden", tiny.text_golden).await;
    let config = TextEncoderConfig::parse(&config(&checkpoint, "text_encoder")).unwrap();
    let ids = golden.read("input_ids").await.unwrap().to_i32().unwrap();
    let ids: Vec<u32> = ids.into_iter().map(|id| id as u32).collect();
    assert_eq!(ids, config.empty_prompt());
    let graph = text_graph(&config, &ids).unwrap();
    let outputs = run(device, &graph, &["last_hidden_state"], &checkpoint, &[], &[]).await;
    let error = nmse(&outputs.tensors["last_hidden_state"], &values(&golden, "last_hidden_state").await);
    println!("{device:?} {} last_hidden_state: NMSE {error:.1e}", tiny.name);
    assert!(error <= bounds.nmse, "NMSE {error:e}");
}

#[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
async fn whole_networks_match_diffusers_on_the_cpu() {
    check_whole_network(Device::Cpu, &SD1_SHAPED, &OWN_WEIGHTS).await;
    check_whole_network(Device::Cpu, &SD2_SHAPED, &OWN_WEIGHTS).await;
}

#[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
async fn whole_networks_match_diffusers_on_the_gpu() {
    check_whole_network(Device::Gpu, &SD1_SHAPED, &ROUNDED_WEIGHTS).await;
    check_whole_network(Device::Gpu, &SD2_SHAPED, &ROUNDED_WEIGHTS).await;
}

#[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
async fn text_encoders_match_transformers_on_the_cpu() {
    check_text_encoder(Device::Cpu, &SD1_SHAPED, &OWN_WEIGHTS).await;
    check_text_encoder(Device::Cpu, &SD2_SHAPED, &OWN_WEIGHTS).await;
}

#[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
async fn text_encoders_match_transformers_on_the_gpu() {
    check_text_encoder(Device::Gpu, &SD1_SHAPED, &ROUNDED_WEIGHTS).await;
    check_text_encoder(Device::Gpu, &SD2_SHAPED, &ROUNDED_WEIGHTS).await;
}
