//! A list on a device, all wanted stages as values; and how far they may be off.

use std::collections::HashMap;
use std::rc::Rc;

use anyhow::Result;
use maskov_engine::Device;
use maskov_graph::Graph;
use maskov_runtime::compare::{largest_error_in_row, mean_total_variation, nmse};
use maskov_runtime::{CpuExecutor, Executor, GpuExecutor, Observer, Values};
use maskov_weights::{DType, WeightSource};

use super::report::Report;
use crate::progress::Steps;

/// What was computed, by the list's names: activations channels-last, maps `[tokens, tokens]`.
pub struct Stages {
    pub tensors: HashMap<String, Vec<f32>>,
    pub maps: HashMap<String, Vec<f32>>,
}

/// Loads the list's weights and runs it.
pub async fn run(
    device: &Device,
    graph: &Graph,
    wanted: &[&str],
    source: &dyn WeightSource,
    constants: &[Values<'_>],
    inputs: &[Values<'_>],
) -> Result<Stages> {
    let loading = &mut Steps::new("loading");
    match device {
        Device::Cpu => {
            let executor = CpuExecutor::load(graph, wanted, source, constants, loading).await?;
            finish(&executor, inputs, &mut Steps::new("computing")).await
        }
        Device::Gpu(gpu) => {
            let executor =
                GpuExecutor::load(Rc::clone(gpu), graph, wanted, source, constants, loading).await?;
            finish(&executor, inputs, &mut Steps::new("computing")).await
        }
    }
}

async fn finish<E: Executor>(
    executor: &E,
    inputs: &[Values<'_>],
    observer: &mut dyn Observer,
) -> Result<Stages> {
    let outputs = executor.run(inputs, observer).await?;
    let mut maps = HashMap::new();
    for (name, map) in &outputs.maps {
        maps.insert(name.clone(), executor.read_map(map).await?);
    }
    Ok(Stages { tensors: outputs.tensors, maps })
}

/// How far a network may be off.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    nmse: f64,
    total_variation: f64,
    /// Largest error as a share of its row's largest entry; not asked for where the total variation says it all.
    largest: Option<f64>,
}

/// The file's own f32 weights (diffusers against itself: 1e-11, 3e-7).
const OWN: Bounds = Bounds { nmse: 1e-9, total_variation: 1e-5, largest: None };
/// f32 weights rounded to f16 at load (rounding alone: 4e-6, 2.5e-4, 0.3 %).
const ROUNDED: Bounds = Bounds { nmse: 1e-5, total_variation: 5e-4, largest: Some(1e-2) };
/// Weights that are f16 in the file.
const F16: Bounds = Bounds { nmse: 1e-5, total_variation: 1e-4, largest: Some(5e-3) };

impl Bounds {
    /// By the weights that the list reads, and where it runs.
    pub fn of(source: &dyn WeightSource, graph: &Graph, device: &Device) -> Self {
        let is_f32 = graph.weights.iter().any(|weight| {
            let names = std::iter::once(&weight.name).chain(&weight.aliases);
            let info = names.into_iter().find_map(|name| source.info(name));
            info.is_some_and(|info| info.dtype == DType::F32)
        });
        match (is_f32, device) {
            (true, Device::Cpu) => OWN,
            (true, Device::Gpu(_)) => ROUNDED,
            (false, _) => F16,
        }
    }

    pub fn activation(&self, report: &mut Report, stage: &str, got: Option<&[f32]>, want: &[f32]) {
        report.line(stage, "NMSE", got.map_or(f64::INFINITY, |got| nmse(got, want)), self.nmse);
    }

    pub fn map(&self, report: &mut Report, stage: &str, got: Option<&[f32]>, want: &[f32], columns: usize) {
        let error = |measure: fn(&[f32], &[f32], usize) -> f64| {
            got.map_or(f64::INFINITY, |got| measure(got, want, columns))
        };
        report.line(stage, "mean total variation", error(mean_total_variation), self.total_variation);
        if let Some(largest) = self.largest {
            report.line(stage, "largest error of a row", error(largest_error_in_row), largest);
        }
    }
}
