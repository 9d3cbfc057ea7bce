//! The operations of a network, each distinct one measured alone at its real shape.

use std::collections::HashMap;
use std::rc::Rc;

use anyhow::Result;
use maskov_gpu::{Gpu, Span};
use maskov_graph::{Graph, Operation};
use maskov_runtime::{GpuExecutor, fits_bindings};
use maskov_weights::{DType, HostTensor, LocalFuture, TensorInfo, WeightSource};
use serde_json::Value;

use super::peaks::Peaks;
use super::table::{Table, Work};
use crate::bench::median;
use crate::progress::counted;

/// Runs that are measured, after one that compiles.
const RUNS: usize = 3;
/// Milliseconds that an operation may take before fewer of its rows are measured: a software adapter's bound.
const LONGEST_MS: f64 = 400.0;
/// The shares of the peaks that are reached at the least, to foresee what takes too long.
const LEAST_OF_FMA: f64 = 0.02;
const LEAST_OF_READ: f64 = 0.1;

/// An operation that occurs in a list, and how often.
struct Distinct {
    index: usize,
    count: usize,
}

/// Measures every distinct operation that a photo costs. `dtype` says how the matrix of a weight is stored.
pub async fn measure(
    gpu: &Rc<Gpu>,
    graph: &Graph,
    dtype: &dyn Fn(&str) -> DType,
    peaks: &Peaks,
    assumed: &Peaks,
) -> Result<Table> {
    let all = distinct(graph, dtype);
    let bar = counted("measuring operations", all.len() as u64);
    let mut table = Table::default();
    for Distinct { index, count } in all {
        let cut = cut(gpu, graph, index, peaks)?;
        table.scaled += if cut > 1 { count } else { 0 };
        let alone = graph.alone(index, cut)?;
        let spans = time(gpu, &alone, dtype).await?;
        let (whole, measured) = (graph.alone(index, 1)?, alone.op_flop(&alone.ops[0]) as f64);
        let flop = whole.op_flop(&whole.ops[0]) as f64;
        let values = |list: &Graph| list.tensor(list.ops[0].output).shape.len() as f64;
        let scale = if measured > 0.0 { flop / measured } else { values(&whole) / values(&alone) };
        for work in works(&spans, flop) {
            let times = count as f64;
            let scaled = Work {
                dispatches: times * work.dispatches,
                ms: times * scale * work.ms,
                flop: times * work.flop,
                bytes: times * scale * work.bytes,
                ..work
            };
            table.add(scaled, assumed);
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(table)
}

/// The operations that a photo costs, those of equal shapes once.
fn distinct(graph: &Graph, dtype: &dyn Fn(&str) -> DType) -> Vec<Distinct> {
    let constant = graph.constant_ops();
    let mut places = HashMap::new();
    let mut all: Vec<Distinct> = Vec::new();
    for (index, op) in graph.ops.iter().enumerate().filter(|(index, _)| !constant[*index]) {
        let shapes: Vec<_> = op.operation.inputs().iter().map(|id| graph.tensor(*id).shape).collect();
        let weights: Vec<_> = op
            .operation
            .weights()
            .iter()
            .map(|id| (graph.weight(*id).shape.clone(), dtype(&graph.weight(*id).name)))
            .collect();
        let heads = match &op.operation {
            Operation::Attention { heads, .. } => *heads,
            _ => 0,
        };
        let key = (op.operation.label(), shapes, weights, heads, graph.tensor(op.output).shape);
        let place = *places.entry(key).or_insert(all.len());
        match all.get_mut(place) {
            Some(known) => known.count += 1,
            None => all.push(Distinct { index, count: 1 }),
        }
    }
    all
}

/// By how much the height has to be divided: until all of it can be bound and nothing takes too long.
fn cut(gpu: &Gpu, graph: &Graph, index: usize, peaks: &Peaks) -> Result<usize> {
    let most_flop = LEAST_OF_FMA * peaks.fma_f32 * LONGEST_MS / 1e3;
    let most_bytes = LEAST_OF_READ * peaks.read * LONGEST_MS / 1e3;
    let mut cut = 1;
    loop {
        let alone = graph.alone(index, cut)?;
        let bytes: u64 = alone.tensors.iter().map(|tensor| tensor.shape.bytes()).sum();
        let is_small = fits_bindings(&alone, gpu.caps().max_binding_bytes).is_ok()
            && bytes as f64 <= most_bytes
            && alone.op_flop(&alone.ops[0]) as f64 <= most_flop;
        let lowest = alone.inputs.iter().map(|input| alone.tensor(input.tensor).shape.height).max();
        // Below it a stride or a square of pixels would no longer divide.
        if is_small || lowest.unwrap_or(0) <= 8 || graph.alone(index, 2 * cut).is_err() {
            return Ok(cut);
        }
        cut *= 2;
    }
}

/// Milliseconds and bytes of every dispatch of an operation, the median of some runs.
async fn time(gpu: &Rc<Gpu>, alone: &Graph, dtype: &dyn Fn(&str) -> DType) -> Result<Vec<Span>> {
    let source = Random { list: alone, dtype };
    let wanted = alone.ops[0].name.clone();
    let executor = GpuExecutor::load(gpu.clone(), alone, &[&wanted], &source, &[], &mut ()).await?;
    let inputs: Vec<_> = alone
        .inputs
        .iter()
        .map(|input| alone.tensor(input.tensor))
        .map(|tensor| (tensor.name.as_str(), random(tensor.shape.len())))
        .collect();
    let inputs: Vec<_> = inputs.iter().map(|(name, values)| (*name, values.as_slice())).collect();
    executor.time_dispatches(&inputs).await?;
    let mut runs = Vec::new();
    for _ in 0..RUNS {
        runs.push(executor.time_dispatches(&inputs).await?);
    }
    let mut spans = runs[0].clone();
    for (at, span) in spans.iter_mut().enumerate() {
        span.ms = median(&runs.iter().map(|run| run[at].ms).collect::<Vec<_>>());
    }
    Ok(spans)
}

/// The dispatches of an operation of `flop`. Each of its kernels that multiplies does all of them: a map's row sums repeat
/// the products of the map.
fn works(spans: &[Span], flop: f64) -> Vec<Work> {
    let multiplies =
        |kernel: &str| ["linear", "conv2d", "attention"].iter().any(|stem| kernel.starts_with(stem));
    let of_kernel = |kernel: &str| spans.iter().filter(|span| span.name == kernel).count() as f64;
    let work = |span: &Span| {
        let flop = if multiplies(&span.name) { flop / of_kernel(&span.name) } else { 0.0 };
        Work { flop, ..Work::of(span) }
    };
    spans.iter().map(work).collect()
}

/// Small values of both signs, the same each time.
fn random(len: usize) -> Vec<f32> {
    let mut state = 1u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..len).map(|_| 0.1 * next()).collect()
}

/// Weights of any values for the list of one operation.
struct Random<'a> {
    list: &'a Graph,
    dtype: &'a dyn Fn(&str) -> DType,
}

impl WeightSource for Random<'_> {
    fn names(&self) -> Vec<&str> {
        self.list.weights.iter().map(|weight| weight.name.as_str()).collect()
    }
    fn info(&self, name: &str) -> Option<TensorInfo> {
        let weight = self.list.weights.iter().find(|weight| weight.name == name)?;
        let dtype = if weight.shape.len() == 1 { DType::F32 } else { (self.dtype)(name) };
        Some(TensorInfo { shape: weight.shape.clone(), dtype })
    }
    fn read<'a>(&'a self, name: &'a str) -> LocalFuture<'a, maskov_weights::Result<HostTensor>> {
        Box::pin(async move {
            let info = self
                .info(name)
                .ok_or_else(|| maskov_weights::WeightsError::Missing(vec![name.to_owned()]))?;
            let values = random(info.shape.iter().product());
            HostTensor::from_f32(name, &info.shape, &values)?.to_dtype(info.dtype)
        })
    }
    fn config(&self, _: &str) -> Option<&Value> {
        None
    }
    fn settings(&self) -> Option<&Value> {
        None
    }
}

#[cfg(test)]
mod tests {
    use maskov_graph::{GraphBuilder, Padding, Shape};

    use super::*;

    #[test]
    fn equal_operations_are_measured_once_and_constants_never() {
        let mut list = GraphBuilder::new();
        let image = list.input("image", Shape { height: 8, width: 8, channels: 4 }, false).unwrap();
        let text = list.input("text", Shape { height: 1, width: 7, channels: 4 }, true).unwrap();
        let first = list.conv3x3("first", image, 4, 1, Padding::Same).unwrap();
        let second = list.conv3x3("second", first, 4, 1, Padding::Same).unwrap();
        list.conv3x3("wider", second, 8, 1, Padding::Same).unwrap();
        list.conv3x3("of_text", text, 4, 1, Padding::Same).unwrap();
        let all = distinct(&list.finish(), &|_| DType::F16);
        let counts: Vec<_> = all.iter().map(|one| (one.index, one.count)).collect();
        assert_eq!(counts, [(0, 2), (2, 1)]);
    }

    #[test]
    fn a_kernel_that_multiplies_does_all_flop_and_others_none() {
        let span = |name: &str| Span { name: name.to_owned(), ms: 1.0, bound_bytes: 4 };
        let spans = ["attention_row_stats", "attention_map", "attention_map", "normalize_rows"].map(span);
        let flop: Vec<_> = works(&spans, 10.0).iter().map(|work| work.flop).collect();
        assert_eq!(flop, [10.0, 5.0, 5.0, 0.0]);
    }
}
