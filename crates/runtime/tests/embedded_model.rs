//! Both executors against diffusers on the embedded model, whose file holds f16 weights: so both compute with the very
//! same values. Its golden file holds a third-party photo and stays outside of the repository.
#![cfg(not(target_arch = "wasm32"))]

use std::rc::Rc;

use maskov_diffusion::{Configs, DiffusionSettings, UnetConfig, attention_graph, verification_graph};
use maskov_gpu::testing::gpu;
use maskov_graph::Graph;
use maskov_model::Probes;
use maskov_runtime::compare::{largest_error_in_row, mean_total_variation};
use maskov_runtime::{CpuExecutor, Executor, GpuExecutor};
use maskov_weights::{Checkpoint, FileSource, SafeTensors, WeightSource};
use pollster::block_on;

const RESOLUTION: usize = 32;
const TOKENS: usize = RESOLUTION * RESOLUTION;
const TOTAL_VARIATION: f64 = 1e-4;
/// As a share of the row's largest entry.
const LARGEST: f64 = 5e-3;

struct Golden {
    checkpoint: Checkpoint,
    configs: Configs,
    settings: DiffusionSettings,
    file: SafeTensors,
    image: Vec<f32>,
}

impl Golden {
    /// `None` where the folder is absent.
    fn open() -> Option<Self> {
        let folder = maskov_fixtures::shared("models/small-v1")?;
        let checkpoint = block_on(Checkpoint::open_folder(&folder)).unwrap();
        let settings = DiffusionSettings::parse(&checkpoint.settings().unwrap().to_string()).unwrap();
        let unet = UnetConfig::parse(&checkpoint.config("unet").unwrap().to_string()).unwrap();
        let source = FileSource::open(folder.join("golden_32.safetensors")).unwrap();
        let file = block_on(SafeTensors::open(Box::new(source))).unwrap();
        let bytes = block_on(file.read("image")).unwrap().to_u8().unwrap();
        let image = bytes.into_iter().map(|byte| f32::from(byte) / 127.5 - 1.0).collect();
        Some(Self { checkpoint, configs: Configs { unet, vae: None }, settings, file, image })
    }

    /// The map, and each wanted layer's own first 32 rows, by the executor that `load` makes.
    fn check<E: Executor>(&self, load: impl Fn(&Graph, &[&str]) -> E) {
        let model = attention_graph(&self.configs, &self.settings, RESOLUTION).unwrap();
        self.compare(&load(&model.graph, &["attention"]), "attention", "attention");
        let probes = Probes { attention_maps: true, norms: false };
        let whole = verification_graph(&self.configs, &self.settings, RESOLUTION, probes).unwrap();
        for layer in self.settings.common.attention.keys() {
            self.compare(&load(&whole, &[layer]), layer, &format!("attn.{layer}.rows_0_31"));
        }
    }

    fn compare<E: Executor>(&self, executor: &E, name: &str, stage: &str) {
        let outputs = block_on(executor.run(&[("image", &self.image)], &mut ())).unwrap();
        let map = block_on(executor.read_map(&outputs.maps[name])).unwrap();
        let expected = block_on(self.file.read(stage)).unwrap().to_f32().unwrap();
        let rows = &map[..expected.len()];
        let variation = mean_total_variation(rows, &expected, TOKENS);
        let largest = largest_error_in_row(rows, &expected, TOKENS);
        println!("{stage}: total variation {variation:.1e}, largest error {largest:.1e}");
        println!("{:.0} ms: {:.1?}", outputs.timings.total_ms(), outputs.timings.by_block());
        assert!(variation <= TOTAL_VARIATION, "{stage}: total variation {variation:e}");
        assert!(largest <= LARGEST, "{stage}: largest error {largest:e}");
    }
}

const TEXT: [(&str, &[f32]); 1] = [("text_embedding", &[0.0; 32])];

#[test]
fn embedded_model_matches_diffusers_on_the_cpu() {
    let Some(golden) = Golden::open() else { return };
    golden.check(|graph, wanted| {
        block_on(CpuExecutor::load(graph, wanted, &golden.checkpoint, &TEXT, &mut ())).unwrap()
    });
}

#[test]
fn embedded_model_matches_diffusers_on_the_gpu() {
    let Some(golden) = Golden::open() else { return };
    let gpu = Rc::new(block_on(gpu()));
    golden.check(|graph, wanted| {
        block_on(GpuExecutor::load(gpu.clone(), graph, wanted, &golden.checkpoint, &TEXT, &mut ())).unwrap()
    });
}
