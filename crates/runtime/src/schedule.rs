//! The order of a run: what once per model, what for every photo, and when a tensor is let go.

use std::collections::BTreeMap;

use maskov_graph::{Graph, Lifetime, Operation, TensorId};

use crate::{Result, RuntimeError, Values};

/// A graph, pruned to the wanted outputs, with everything an executor needs to walk it.
#[derive(Debug)]
pub(crate) struct Schedule {
    pub graph: Graph,
    /// Names and ids of the outputs.
    pub wanted: Vec<(String, TensorId)>,
    /// Operations that run once per model, in order.
    pub constant: Vec<usize>,
    /// Operations that run for every photo, in order.
    pub per_photo: Vec<usize>,
    /// Constant tensors that are kept as long as the model.
    pub kept: Vec<TensorId>,
    /// By operation: the tensors that nothing reads after it.
    pub dead_after: Vec<Vec<TensorId>>,
}

/// A walk through some of a list's operations.
pub(crate) struct Walked<'a> {
    /// Indices into the list, in order.
    pub ops: &'a [usize],
    /// What is there before the first of them.
    pub inputs: Vec<TensorId>,
    /// What is still needed after the last.
    pub kept: Vec<TensorId>,
}

impl Walked<'_> {
    /// Every tensor that the walk makes or is given, with the steps of the walk between which it is alive. Attention maps
    /// and embeddings are made elsewhere.
    pub fn lifetimes(&self, graph: &Graph) -> Vec<(TensorId, Lifetime)> {
        let end = self.ops.len().saturating_sub(1);
        let mut alive: BTreeMap<TensorId, Lifetime> =
            self.inputs.iter().map(|id| (*id, Lifetime { first: 0, last: 0 })).collect();
        for (step, &at) in self.ops.iter().enumerate() {
            let op = &graph.ops[at];
            for id in op.operation.inputs() {
                if let Some(alive) = alive.get_mut(&id) {
                    alive.last = step;
                }
            }
            if !matches!(op.operation, Operation::AttentionMap { .. } | Operation::Embedding(_)) {
                alive.insert(op.output, Lifetime { first: step, last: step });
            }
        }
        for id in &self.kept {
            if let Some(alive) = alive.get_mut(id) {
                alive.last = end;
            }
        }
        alive.into_iter().collect()
    }
}

impl Schedule {
    pub fn new(graph: &Graph, wanted: &[&str]) -> Result<Self> {
        let ids = wanted.iter().map(|name| graph.require(name)).collect::<Result<Vec<_>, _>>()?;
        let graph = graph.pruned(&ids);
        let ids = wanted.iter().map(|name| graph.require(name)).collect::<Result<Vec<_>, _>>()?;
        let split = graph.split(&ids);
        let mut dead_after = vec![Vec::new(); graph.ops.len()];
        for (index, lifetime) in graph.lifetimes(&ids).iter().enumerate() {
            let id = TensorId(index as u32);
            if !ids.contains(&id) && !split.kept.contains(&id) && !graph.ops.is_empty() {
                dead_after[lifetime.last].push(id);
            }
        }
        Ok(Self {
            wanted: wanted.iter().map(|name| (*name).to_owned()).zip(ids).collect(),
            constant: split.constant,
            per_photo: split.per_photo,
            kept: split.kept,
            dead_after,
            graph,
        })
    }

    /// The walk that is made once per model.
    pub fn constant_walk(&self) -> Walked<'_> {
        Walked { ops: &self.constant, inputs: self.input_ids(true), kept: self.kept.clone() }
    }

    /// The walk that is made for every photo.
    pub fn photo_walk(&self) -> Walked<'_> {
        let kept = self.wanted.iter().map(|(_, id)| *id).collect();
        Walked { ops: &self.per_photo, inputs: self.input_ids(false), kept }
    }

    fn input_ids(&self, constant: bool) -> Vec<TensorId> {
        let inputs = self.graph.inputs.iter().filter(|input| input.constant == constant);
        inputs.map(|input| input.tensor).collect()
    }

    /// The values of all inputs that are constant, or of all that are not; checked for presence and length.
    pub fn inputs<'a>(&self, given: &[Values<'a>], constant: bool) -> Result<Vec<(TensorId, &'a [f32])>> {
        let inputs = self.graph.inputs.iter().filter(|input| input.constant == constant);
        inputs.map(|input| Ok((input.tensor, self.input(given, input.tensor)?))).collect()
    }

    fn input<'a>(&self, given: &[Values<'a>], id: TensorId) -> Result<&'a [f32]> {
        let tensor = self.graph.tensor(id);
        let (name, expected) = (tensor.name.clone(), tensor.shape.len());
        let Some((_, values)) = given.iter().find(|(given, _)| *given == name) else {
            return Err(RuntimeError::InputMissing { name, len: expected });
        };
        if values.len() != expected {
            return Err(RuntimeError::InputLength { name, expected, found: values.len() });
        }
        Ok(values)
    }
}
