//! What can be read off a list: what is dead, how long a tensor lives, what depends on constants alone.

use std::collections::HashMap;

use crate::{Graph, GraphError, Input, Op, Operation, TensorId, WeightId};

/// The operations between which a tensor must be kept, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    /// Index of the operation that makes it; 0 for an input.
    pub first: usize,
    /// Index of the last operation that reads it; that which makes it when none does; the last of the list when wanted.
    pub last: usize,
}

/// A list in two parts: what is computed once per model and what is computed for every photo.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Split {
    /// Indices of the operations that depend on constants alone, in order.
    pub constant: Vec<usize>,
    /// Indices of all other operations, in order.
    pub per_photo: Vec<usize>,
    /// Constant tensors that operations of the second part read, and wanted ones: kept as long as the model.
    pub kept: Vec<TensorId>,
}

impl Graph {
    /// The tensor of that public name, or an error that names it.
    pub fn require(&self, name: &str) -> Result<TensorId, GraphError> {
        self.find(name).ok_or_else(|| GraphError::NoSuchTensor { name: name.to_owned() })
    }

    /// The list without what the wanted tensors do not need: operations, tensors, inputs, weights and names. Ids are
    /// new: look tensors up by name.
    pub fn pruned(&self, wanted: &[TensorId]) -> Graph {
        let mut tensors = vec![false; self.tensors.len()];
        for id in wanted {
            tensors[id.0 as usize] = true;
        }
        let mut weights = vec![false; self.weights.len()];
        let mut ops = vec![false; self.ops.len()];
        for (index, op) in self.ops.iter().enumerate().rev() {
            if tensors[op.output.0 as usize] {
                ops[index] = true;
                op.operation.inputs().iter().for_each(|id| tensors[id.0 as usize] = true);
                op.operation.weights().iter().for_each(|id| weights[id.0 as usize] = true);
            }
        }
        self.only(&tensors, &weights, &ops)
    }

    fn only(&self, tensors: &[bool], weights: &[bool], ops: &[bool]) -> Graph {
        let tensor_ids = new_ids(tensors);
        let weight_ids = new_ids(weights);
        let tensor = |id: TensorId| TensorId(tensor_ids[&id.0]);
        let weight = |id: WeightId| WeightId(weight_ids[&id.0]);
        let is_kept = |id: TensorId| tensors[id.0 as usize];
        let remap = |op: &Op| Op {
            name: op.name.clone(),
            operation: op.operation.remapped(&tensor, &weight),
            output: tensor(op.output),
        };
        Graph {
            tensors: kept(&self.tensors, tensors),
            weights: kept(&self.weights, weights),
            inputs: (self.inputs.iter().filter(|input| is_kept(input.tensor)))
                .map(|input| Input { tensor: tensor(input.tensor), constant: input.constant })
                .collect(),
            ops: self.ops.iter().zip(ops).filter(|(_, kept)| **kept).map(|(op, _)| remap(op)).collect(),
            names: (self.names.iter().filter(|(_, id)| is_kept(**id)))
                .map(|(name, id)| (name.clone(), tensor(*id)))
                .collect(),
        }
    }

    /// For every tensor, by index, the operations between which it must be kept when the list runs once from the first
    /// operation to the last.
    pub fn lifetimes(&self, wanted: &[TensorId]) -> Vec<Lifetime> {
        let mut lifetimes = vec![Lifetime { first: 0, last: 0 }; self.tensors.len()];
        for (index, op) in self.ops.iter().enumerate() {
            lifetimes[op.output.0 as usize] = Lifetime { first: index, last: index };
            for id in op.operation.inputs() {
                lifetimes[id.0 as usize].last = index;
            }
        }
        for id in wanted {
            lifetimes[id.0 as usize].last = self.ops.len().saturating_sub(1);
        }
        lifetimes
    }

    /// For every operation, by index, whether it depends on constants alone: the text embedding, the timestep.
    pub fn constant_ops(&self) -> Vec<bool> {
        let tensors = self.constant_tensors();
        self.ops.iter().map(|op| tensors[op.output.0 as usize]).collect()
    }

    /// For every tensor, by index, whether it is the same for every photo.
    pub fn constant_tensors(&self) -> Vec<bool> {
        let mut constant = vec![false; self.tensors.len()];
        for input in &self.inputs {
            constant[input.tensor.0 as usize] = input.constant;
        }
        for op in &self.ops {
            constant[op.output.0 as usize] = op.operation.inputs().iter().all(|id| constant[id.0 as usize]);
        }
        constant
    }

    /// The list in two parts: once per model, and once per photo.
    pub fn split(&self, wanted: &[TensorId]) -> Split {
        let constant = self.constant_tensors();
        let mut is_kept = vec![false; self.tensors.len()];
        for id in wanted {
            is_kept[id.0 as usize] = constant[id.0 as usize];
        }
        let mut split = Split::default();
        for (index, op) in self.ops.iter().enumerate() {
            if constant[op.output.0 as usize] {
                split.constant.push(index);
                continue;
            }
            split.per_photo.push(index);
            for id in op.operation.inputs() {
                is_kept[id.0 as usize] |= constant[id.0 as usize];
            }
        }
        split.kept =
            (0..self.tensors.len() as u32).map(TensorId).filter(|id| is_kept[id.0 as usize]).collect();
        split
    }

    /// The largest number of bytes of f32 activations alive at any operation, inputs and wanted tensors included, when
    /// the list runs once from the first operation to the last.
    pub fn peak_live_bytes(&self, wanted: &[TensorId]) -> u64 {
        let mut steps = vec![0i128; self.ops.len() + 2];
        for (tensor, lifetime) in self.tensors.iter().zip(self.lifetimes(wanted)) {
            steps[lifetime.first] += i128::from(tensor.shape.bytes());
            steps[lifetime.last + 1] -= i128::from(tensor.shape.bytes());
        }
        let mut live = 0;
        steps.iter().fold(0, |peak, step| {
            live += step;
            peak.max(live)
        }) as u64
    }
}

fn new_ids(kept: &[bool]) -> HashMap<u32, u32> {
    let old = (0..kept.len() as u32).filter(|id| kept[*id as usize]);
    old.zip(0..).collect()
}

fn kept<T: Clone>(all: &[T], kept: &[bool]) -> Vec<T> {
    all.iter().zip(kept).filter(|(_, kept)| **kept).map(|(item, _)| item.clone()).collect()
}

impl Operation {
    pub(crate) fn remapped(
        &self,
        tensor: &dyn Fn(TensorId) -> TensorId,
        weight: &dyn Fn(WeightId) -> WeightId,
    ) -> Self {
        let mut operation = self.clone();
        let (tensors, weights) = operation.operands_mut();
        tensors.into_iter().for_each(|id| *id = tensor(*id));
        weights.into_iter().for_each(|id| *id = weight(*id));
        operation
    }
}
