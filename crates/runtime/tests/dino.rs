//! DINOv2 on both executors against transformers, natively and in a browser: plain and with registers, its position table
//! interpolated as transformers does either. The real weights are checked by `maskov verify` (crates/cli/tests).

mod common;

use std::collections::BTreeMap;

use maskov_dino::DinoModel;
use maskov_model::{Architecture, ConfigFiles, Probes};
use maskov_runtime::compare::{channels_last, largest_error_in_row, mean_total_variation, nmse};
use maskov_weights::Checkpoint;

use common::{Bounds, Device, OWN_WEIGHTS, ROUNDED_WEIGHTS, open, run, values};

/// R of the golden files; the position table has 5 × 5.
const RESOLUTION: usize = 10;

struct Tiny {
    name: &'static str,
    config: &'static str,
    weights: &'static [u8],
    golden: &'static [u8],
}

macro_rules! tiny {
    ($name:literal) => {
        Tiny {
            name: $name,
            config: include_str!(concat!("../../../tests/fixtures/dinov2_tiny/", $name, "/config.json")),
            weights: include_bytes!(concat!(
                "../../../tests/fixtures/dinov2_tiny/",
                $name,
                "/model.safetensors"
            )),
            golden: include_bytes!(concat!(
                "../../../tests/fixtures/dinov2_tiny/",
                $name,
                "/golden.safetensors"
            )),
        }
    };
}

static PLAIN: Tiny = tiny!("plain");
static REGISTERS: Tiny = tiny!("registers");

async fn check(device: Device, tiny: &Tiny, bounds: &Bounds) {
    let config: serde_json::Value = serde_json::from_str(tiny.config).unwrap();
    let components = BTreeMap::from([("model".to_owned(), config)]);
    let model = DinoModel::read(&ConfigFiles { components: components.clone(), settings: None }).unwrap();
    let file = open(tiny.name, tiny.weights).await;
    let checkpoint = Checkpoint::new(vec![file], components, None).unwrap();
    let golden = open("golden", tiny.golden).await;
    let graph = model.verification_graph(RESOLUTION, Probes::default()).unwrap();
    let image = channels_last(&values(&golden, "pixel_values").await, 3);
    let wanted = ["last_hidden_state", "attention"];
    let found = run(device, &graph, &wanted, &checkpoint, &[], &image).await;

    let error = nmse(&found.tensors["last_hidden_state"], &values(&golden, "last_hidden_state").await);
    let want = values(&golden, "attention").await;
    let variation = mean_total_variation(&found.maps["attention"], &want, RESOLUTION * RESOLUTION);
    let largest = largest_error_in_row(&found.maps["attention"], &want, RESOLUTION * RESOLUTION);
    println!("{device:?} {}: NMSE {error:.1e}, variation {variation:.1e}, {largest:.1e}", tiny.name);
    assert!(error <= bounds.nmse, "NMSE {error:e}");
    assert!(variation <= bounds.total_variation.min(1e-4), "total variation {variation:e}");
    assert!(largest <= bounds.largest, "largest error {largest:e}");
}

#[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
async fn dinov2_matches_transformers_on_the_cpu() {
    check(Device::Cpu, &PLAIN, &OWN_WEIGHTS).await;
    check(Device::Cpu, &REGISTERS, &OWN_WEIGHTS).await;
}

#[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
async fn dinov2_matches_transformers_on_the_gpu() {
    check(Device::Gpu, &PLAIN, &ROUNDED_WEIGHTS).await;
    check(Device::Gpu, &REGISTERS, &ROUNDED_WEIGHTS).await;
}
