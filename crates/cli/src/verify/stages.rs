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

/// Values before the samples of a probe: mean, standard deviation, largest magnitude, count in millions.
pub const SUMMARY: usize = 4;

/// How far mean and standard deviation may be off as shares of the standard deviation, and the largest magnitude as a share of
/// itself.
const SUMMARY_BOUND: f64 = 1e-3;

fn summary_error(got: &[f32; SUMMARY], want: &[f32; SUMMARY]) -> f64 {
    let [mean, deviation, largest, count] = [0, 1, 2, 3].map(|i| f64::from(got[i]) - f64::from(want[i]));
    if count != 0.0 {
        return f64::INFINITY;
    }
    let of = [want[1], want[1], want[2]].map(f64::from);
    let errors = [mean / of[0], deviation / of[1], largest / of[2]].map(f64::abs);
    // `max` would drop a NaN.
    if errors.iter().any(|error| error.is_nan()) {
        f64::INFINITY
    } else {
        errors.into_iter().fold(0.0, f64::max)
    }
}

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

    /// The same with a normalised mean squared error of at most that.
    pub fn at_most(self, nmse: f64) -> Self {
        Self { nmse: self.nmse.min(nmse), ..self }
    }

    /// Samples of a module's output behind its summary.
    pub fn probe(&self, report: &mut Report, stage: &str, got: Option<&[f32]>, want: &[f32]) {
        let summaries = got.and_then(|got| got.first_chunk()).zip(want.first_chunk());
        let error = summaries.map_or(f64::INFINITY, |(got, want)| summary_error(got, want));
        report.line(stage, "mean, deviation, largest", error, SUMMARY_BOUND);
        let samples = got.and_then(|got| got.get(SUMMARY..));
        self.activation(report, stage, samples, want.get(SUMMARY..).unwrap_or_default());
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

#[cfg(test)]
mod tests {
    use super::summary_error;

    #[test]
    fn summaries_are_compared_by_their_deviation_and_by_themselves() {
        let want = [10.0, 2.0, 40.0, 0.5];
        let error = |got: [f32; 4]| summary_error(&got, &want);
        assert_eq!(error(want), 0.0);
        assert_eq!(error([10.5, 2.0, 40.0, 0.5]), 0.25);
        assert_eq!(error([10.0, 1.5, 40.0, 0.5]), 0.25);
        assert_eq!(error([10.0, 2.0, 50.0, 0.5]), 0.25);
        assert_eq!(error([10.0, 2.0, 40.0, 0.6]), f64::INFINITY, "another size");
        assert_eq!(error([f32::NAN, 2.0, 40.0, 0.5]), f64::INFINITY);
    }
}
