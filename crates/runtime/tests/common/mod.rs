//! What networks are compared with golden numbers by, on either executor, natively and in a browser.

use std::collections::HashMap;
use std::rc::Rc;

use maskov_gpu::testing::gpu;
use maskov_graph::Graph;
use maskov_runtime::{CpuExecutor, Executor, GpuExecutor, Values};
use maskov_weights::{Checkpoint, MemorySource, SafeTensors};

/// How far an executor may be from diffusers or transformers.
pub struct Bounds {
    pub nmse: f64,
    pub total_variation: f64,
    /// Largest error, as a share of that row's largest entry.
    pub largest: f64,
}

/// The file's own f32 weights; diffusers against itself: 1e-11, 3e-7.
pub const OWN_WEIGHTS: Bounds = Bounds { nmse: 1e-9, total_variation: 1e-5, largest: 1e-2 };
/// Weights rounded to f16 at load; the rounding alone: 4e-6, 2.5e-4, 0.3 %.
pub const ROUNDED_WEIGHTS: Bounds = Bounds { nmse: 1e-5, total_variation: 5e-4, largest: 1e-2 };

/// Where a network runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Device {
    Cpu,
    Gpu,
}

/// What a run gives on either device.
pub struct Run {
    pub tensors: HashMap<String, Vec<f32>>,
    pub maps: HashMap<String, Vec<f32>>,
}

/// Loads a list and runs it.
pub async fn run(
    device: Device,
    graph: &Graph,
    wanted: &[&str],
    checkpoint: &Checkpoint,
    constants: &[Values<'_>],
    image: &[f32],
) -> Run {
    match device {
        Device::Cpu => {
            finish(&CpuExecutor::load(graph, wanted, checkpoint, constants, &mut ()).await.unwrap(), image)
                .await
        }
        Device::Gpu => {
            let gpu = Rc::new(gpu().await);
            let executor =
                GpuExecutor::load(gpu, graph, wanted, checkpoint, constants, &mut ()).await.unwrap();
            finish(&executor, image).await
        }
    }
}

async fn finish<E: Executor>(executor: &E, image: &[f32]) -> Run {
    let outputs = executor.run(&[("image", image)], &mut ()).await.unwrap();
    let mut maps = HashMap::new();
    for (name, map) in &outputs.maps {
        maps.insert(name.clone(), executor.read_map(map).await.unwrap());
    }
    Run { tensors: outputs.tensors, maps }
}

/// A file that is embedded: there is no file system in a browser.
pub async fn open(name: &str, bytes: &'static [u8]) -> SafeTensors {
    SafeTensors::open(Box::new(MemorySource::new(name, bytes))).await.unwrap()
}

/// A golden tensor.
pub async fn values(golden: &SafeTensors, name: &str) -> Vec<f32> {
    golden.read(name).await.unwrap().to_f32().unwrap()
}
