//! An adapter on trial: the first layers of a model on it and on the CPU, their results compared and their times.
//!
//! Some drivers compute wrongly and say nothing, and some adapters are slower than the CPU; both shall be known before anybody
//! looks at a mask.

use std::rc::Rc;

use maskov_gpu::{AdapterChoice, Gpu};
use maskov_graph::{Graph, Operation};
use maskov_model::LARGEST_RESOLUTION;
use maskov_runtime::compare::nmse;
use maskov_runtime::{CpuExecutor, Executor, GpuExecutor, Values};
use maskov_weights::WeightSource;
use web_time::Instant;

use crate::network::milliseconds;
use crate::{Model, Result};

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trial {
    /// Whether the adapter computes on the CPU itself.
    pub is_software: bool,
    /// Whether it computed what the CPU did. One that failed did not.
    pub is_right: bool,
    /// Whether it was faster.
    pub is_faster: bool,
}

/// About a hundred milliseconds of WebAssembly on one thread.
const MAX_FLOP: u64 = 500_000_000;

/// Rounding weights to f16, as on the device, is off by 1e-5; one wrong kernel by 1 and more.
const MAX_NMSE: f64 = 1e-3;

/// Runs of which the best counts: something else may be using the cores.
const RUNS: usize = 2;

/// The name under which the first layers give their result.
const RESULT: &str = "trial";

/// Tries the best adapter there is. `None` where there is none.
///
/// # Errors
/// Those of the model and of reading its weights.
pub async fn try_adapter(model: &Model, source: &dyn WeightSource) -> Result<Option<Trial>> {
    let Ok(gpu) = Gpu::open(AdapterChoice::Any).await else { return Ok(None) };
    let gpu = Rc::new(gpu);
    let list = first_layers(model)?;
    let constants = model.constants(source, &mut ()).await?;
    let constants: Vec<_> = constants.iter().map(|(name, values)| (*name, values.as_slice())).collect();
    let image = image(&list);
    let inputs = [("image", image.as_slice())];
    let on_cpu = CpuExecutor::load(&list, &[RESULT], source, &constants, &mut ()).await?;
    let on_cpu = run(&on_cpu, &inputs).await?;
    let loaded = GpuExecutor::load(gpu.clone(), &list, &[RESULT], source, &constants, &mut ()).await;
    let on_adapter = match loaded {
        Ok(executor) => run(&executor, &inputs).await,
        Err(error) => Err(error.into()),
    };
    let is_software = gpu.caps().software;
    gpu.destroy();
    Ok(Some(judged(is_software, on_adapter.ok(), on_cpu)))
}

/// A result and its milliseconds.
type Timed = (Vec<f32>, f64);

fn judged(is_software: bool, on_adapter: Option<Timed>, (expected, cpu_ms): Timed) -> Trial {
    let Some((found, ms)) = on_adapter else {
        return Trial { is_software, is_right: false, is_faster: false };
    };
    Trial { is_software, is_right: nmse(&found, &expected) <= MAX_NMSE, is_faster: ms < cpu_ms }
}

async fn run<E: Executor>(executor: &E, inputs: &[Values<'_>]) -> Result<Timed> {
    let (mut values, mut best) = (Vec::new(), f64::INFINITY);
    // The first one compiles the kernels and does not count.
    for run in 0..=RUNS {
        let start = Instant::now();
        let mut outputs = executor.run(inputs, &mut ()).await?;
        if run > 0 {
            best = best.min(milliseconds(start));
        }
        values = outputs.tensors.remove(RESULT).unwrap_or_default();
    }
    Ok((values, best))
}

/// As much of the model's list as the trial may take, at the smallest R from 16 on that suits it.
fn first_layers(model: &Model) -> Result<Graph> {
    let mut resolution = 16;
    let list = loop {
        match model.graph(resolution) {
            Err(_) if resolution < LARGEST_RESOLUTION => resolution += 1,
            list => break list?.graph,
        }
    };
    let constant = list.constant_ops();
    let mut flop = 0;
    let mut last = None;
    for (op, is_constant) in list.ops.iter().zip(constant) {
        flop += list.op_flop(op);
        if matches!(op.operation, Operation::AttentionMap { .. }) || (last.is_some() && flop > MAX_FLOP) {
            break;
        }
        if !is_constant {
            last = Some(op.output);
        }
    }
    let last = last.unwrap_or(list.ops[0].output);
    let mut list = list;
    list.names.insert(RESULT.to_owned(), last);
    Ok(list.pruned(&[last]))
}

/// Something of everything: waves of all lengths.
fn image(list: &Graph) -> Vec<f32> {
    let image =
        list.inputs.iter().map(|input| list.tensor(input.tensor)).find(|tensor| tensor.name == "image");
    let len = image.map_or(0, |image| image.shape.len());
    (0..len).map(|i| (0.37 * i as f32).sin() * (0.0011 * i as f32).cos()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_or_slow_is_told() {
        let right = (vec![1.0, -2.0, 3.0], 10.0);
        let trial = |values: Vec<f32>, ms| judged(false, Some((values, ms)), right.clone());
        let good = Trial { is_software: false, is_right: true, is_faster: true };
        assert_eq!(trial(vec![1.001, -2.0, 3.0], 9.0), good);
        assert_eq!(trial(vec![1.0, -2.0, 3.0], 11.0), Trial { is_faster: false, ..good });
        for wrong in [vec![1.0, -2.0, 2.0], vec![1.0, f32::NAN, 3.0], Vec::new()] {
            assert!(!trial(wrong, 1.0).is_right);
        }
        let failed = judged(true, None, right.clone());
        assert_eq!(failed, Trial { is_software: true, is_right: false, is_faster: false });
    }
}
