//! The CPU executor: the kernels' twins, with GEMM-based forms of linear, convolution and attention.

mod attention;
mod compute;
mod conv;
mod gemm;
mod math;
mod pointwise;

pub use gemm::linear;

use std::borrow::Cow;
use std::collections::HashMap;

use maskov_graph::{Graph, Op, Operation, Tap, TensorId, WeightId};
use maskov_weights::WeightSource;
use web_time::Instant;

use self::conv::Convolution;
use crate::picture::picture;
use crate::schedule::Schedule;
use crate::weights::{read_all, step};
use crate::{Executor, Observer, Outputs, Result, RuntimeError, Step, Timings, Values};

/// A graph with f32 weights in memory.
#[derive(Debug)]
pub struct CpuExecutor {
    schedule: Schedule,
    /// By [`WeightId`], in the order that the computation reads; empty where only constants needed it.
    weights: Vec<Vec<f32>>,
    /// What was computed once per model and is read for every photo.
    constants: HashMap<TensorId, Vec<f32>>,
    /// By the output of the attention layer.
    tapped_layers: HashMap<TensorId, TappedLayer>,
}

/// An attention layer whose softmax is added to a map while it is at hand, instead of being computed twice.
#[derive(Debug)]
struct TappedLayer {
    map: TensorId,
    query: TensorId,
    key: TensorId,
    weight: f32,
}

impl TappedLayer {
    fn is_of(&self, tap: &Tap, map: TensorId) -> bool {
        (self.map, self.query, self.key) == (map, tap.query, tap.key)
    }
}

/// The activations that are alive, by [`TensorId`].
type Alive<'a> = Vec<Option<Cow<'a, [f32]>>>;

impl CpuExecutor {
    /// Reads the weights that the wanted outputs need and computes what is the same for every photo. `constants` are
    /// the values of the graph's constant inputs.
    ///
    /// Weights of every type become f32. Errors: all missing weights at once; unsound ones; unknown outputs.
    pub async fn load(
        graph: &Graph,
        wanted: &[&str],
        source: &dyn WeightSource,
        constants: &[Values<'_>],
        observer: &mut dyn Observer,
    ) -> Result<Self> {
        let schedule = Schedule::new(graph, wanted)?;
        let convolutions = convolutions(&schedule.graph);
        let mut weights = vec![Vec::new(); schedule.graph.weights.len()];
        read_all(&schedule.graph, source, observer, |id, tensor| {
            let values = tensor.to_f32()?;
            weights[id.0 as usize] = match convolutions.get(&id) {
                Some(convolution) => convolution.order_weights(&values),
                None => values,
            };
            Ok(())
        })
        .await?;
        let tapped_layers = tapped_layers(&schedule);
        let mut executor = Self { schedule, weights, constants: HashMap::new(), tapped_layers };
        executor.constants = executor.compute_constants(constants).await?;
        executor.drop_weights_of_constants();
        Ok(executor)
    }

    async fn compute_constants(&self, constants: &[Values<'_>]) -> Result<HashMap<TensorId, Vec<f32>>> {
        let mut alive = self.alive(self.schedule.inputs(constants, true)?)?;
        // Checked one by one: this happens once, and no later check would name the layer.
        self.walk(&self.schedule.constant, &mut alive, &mut (), Checked::EveryTensor).await?;
        let kept = self.schedule.kept.iter();
        Ok(kept.filter_map(|id| Some((*id, alive[id.0 as usize].take()?.into_owned()))).collect())
    }

    fn drop_weights_of_constants(&mut self) {
        let per_photo = self.schedule.per_photo.iter().map(|&op| &self.schedule.graph.ops[op].operation);
        let needed: Vec<WeightId> = per_photo.flat_map(Operation::weights).collect();
        let mut is_needed = vec![false; self.weights.len()];
        needed.iter().for_each(|id| is_needed[id.0 as usize] = true);
        for (weight, is_needed) in self.weights.iter_mut().zip(is_needed) {
            if !is_needed {
                *weight = Vec::new();
            }
        }
    }

    /// The constants and the given inputs, which must be finite.
    fn alive<'a>(&'a self, inputs: Vec<(TensorId, &'a [f32])>) -> Result<Alive<'a>> {
        let mut alive: Alive<'a> = vec![None; self.schedule.graph.tensors.len()];
        for (id, values) in &self.constants {
            alive[id.0 as usize] = Some(Cow::Borrowed(values));
        }
        for (id, values) in inputs {
            self.check(id, values)?;
            alive[id.0 as usize] = Some(Cow::Borrowed(values));
        }
        Ok(alive)
    }

    async fn walk(
        &self,
        ops: &[usize],
        alive: &mut Alive<'_>,
        observer: &mut dyn Observer,
        checked: Checked,
    ) -> Result<Timings> {
        let mut timings = Timings::default();
        for (index, &at) in ops.iter().enumerate() {
            let op = &self.schedule.graph.ops[at];
            step(observer, Step { index, count: ops.len(), name: &op.name }).await?;
            let start = Instant::now();
            let values = self.compute(op, alive);
            timings.ops.push((op.name.clone(), start.elapsed().as_secs_f64() * 1e3));
            if checked == Checked::EveryTensor && !is_finite(&values) {
                return Err(RuntimeError::NotFinite { name: op.name.clone() });
            }
            alive[op.output.0 as usize] = Some(Cow::Owned(values));
            for id in &self.schedule.dead_after[at] {
                alive[id.0 as usize] = None;
            }
        }
        Ok(timings)
    }

    fn check(&self, id: TensorId, values: &[f32]) -> Result<()> {
        if is_finite(values) {
            return Ok(());
        }
        Err(RuntimeError::NotFinite { name: self.schedule.graph.tensor(id).name.clone() })
    }

    /// Takes the wanted tensors, which must be finite.
    fn outputs(&self, alive: &mut Alive<'_>, timings: Timings) -> Result<Outputs<Vec<f32>>> {
        let maps = self.schedule.graph.ops.iter();
        let maps = maps.filter(|op| matches!(op.operation, Operation::AttentionMap { .. }));
        let is_map: Vec<TensorId> = maps.map(|op| op.output).collect();
        let mut outputs = Outputs { tensors: HashMap::new(), maps: HashMap::new(), timings };
        for (name, id) in &self.schedule.wanted {
            // Cloned, not taken: two names may mean one tensor.
            let values = alive[id.0 as usize].as_deref().expect("wanted tensors live to the end").to_vec();
            self.check(*id, &values)?;
            let into = if is_map.contains(id) { &mut outputs.maps } else { &mut outputs.tensors };
            into.insert(name.clone(), values);
        }
        Ok(outputs)
    }
}

impl Executor for CpuExecutor {
    type Map = Vec<f32>;

    fn graph(&self) -> &Graph {
        &self.schedule.graph
    }

    async fn run(&self, inputs: &[Values<'_>], observer: &mut dyn Observer) -> Result<Outputs<Vec<f32>>> {
        let inputs = self.schedule.inputs(inputs, false)?;
        let mut alive = self.alive(inputs.clone())?;
        let timings = self.walk(&self.schedule.per_photo, &mut alive, observer, Checked::OutputsOnly).await?;
        match self.outputs(&mut alive, timings) {
            Err(RuntimeError::NotFinite { name }) => {
                // Rare enough to walk again, which finds the layer where it began.
                let mut alive = self.alive(inputs)?;
                self.walk(&self.schedule.per_photo, &mut alive, observer, Checked::EveryTensor).await?;
                Err(RuntimeError::NotFinite { name })
            }
            outputs => outputs,
        }
    }

    async fn read_map(&self, map: &Vec<f32>) -> Result<Vec<f32>> {
        Ok(map.clone())
    }
}

/// Which tensors of a walk are looked at for NaN and infinity.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Checked {
    OutputsOnly,
    EveryTensor,
}

fn is_finite(values: &[f32]) -> bool {
    values.chunks(4096).all(|values| values.iter().fold(true, |all, value| all & value.is_finite()))
}

/// The convolution that reads each weight.
fn convolutions(graph: &Graph) -> HashMap<WeightId, Convolution> {
    let convolution = |op: &Op| match &op.operation {
        Operation::Conv3x3 { input, weight, stride, padding, .. } => {
            let input = graph.tensor(*input).shape;
            let (inputs, outputs) = (input.channels, graph.tensor(op.output).shape.channels);
            Some((*weight, Convolution { picture: picture(input, *stride, *padding), inputs, outputs }))
        }
        _ => None,
    };
    graph.ops.iter().filter_map(convolution).collect()
}

/// The attention layers of every photo that come before a map of which they are a layer.
fn tapped_layers(schedule: &Schedule) -> HashMap<TensorId, TappedLayer> {
    let ops: Vec<&Op> = schedule.per_photo.iter().map(|&op| &schedule.graph.ops[op]).collect();
    let mut tapped_layers = HashMap::new();
    for (at, map) in ops.iter().enumerate() {
        let Operation::AttentionMap { taps, .. } = &map.operation else { continue };
        for tap in taps {
            let layer = ops[..at].iter().find(|layer| is_layer(layer, tap));
            // Of a layer with more tokens than the map has the softmax is not the map's.
            let same_tokens = schedule.graph.tensor(tap.key).shape.rows()
                == schedule.graph.tensor(map.output).shape.channels;
            if let (Some(layer), true) = (layer, same_tokens) {
                let tapped =
                    TappedLayer { map: map.output, query: tap.query, key: tap.key, weight: tap.weight };
                tapped_layers.entry(layer.output).or_insert(tapped);
            }
        }
    }
    tapped_layers
}

fn is_layer(op: &Op, tap: &Tap) -> bool {
    let Operation::Attention { query, key, heads, causal: false, .. } = &op.operation else { return false };
    (*query, *key, *heads) == (tap.query, tap.key, tap.heads)
}
