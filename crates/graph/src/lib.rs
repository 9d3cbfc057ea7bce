//! A network as data: a list of typed operations over named tensors.
//!
//! One list serves both executors, the memory plan, progress, cancellation, timings by name, verification and the
//! dropping of everything behind the last wanted tensor. There is no GPU in here and there are no weights: a model is a
//! table that can be printed and tested anywhere.
//!
//! Activations are f32, channels-last: a [`Shape`] of `height × width` rows with `channels` values each, contiguous.
//! A matrix of tokens is the same thing, so reshapes between pictures and tokens cost nothing and do not appear.

mod alone;
mod analysis;
mod builder;
mod count;
mod error;
mod infer;
mod layers;
mod operation;
mod table;

pub use analysis::{Lifetime, Split};
pub use builder::GraphBuilder;
pub use count::{Flop, Parameters, Precision, Totals};
pub use error::GraphError;
pub use layers::Stored;
pub use operation::{Embedding, Function, Operation, Padding, Tap};
pub use table::Row;

use std::collections::HashMap;

/// Index of a tensor in [`Graph::tensors`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TensorId(pub u32);

/// Index of a weight in [`Graph::weights`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WeightId(pub u32);

/// Extent of an activation: `height × width` rows of `channels` values. Tokens of a text are `1 × tokens`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shape {
    /// Rows of the picture; 1 for a text.
    pub height: usize,
    /// Columns of the picture; the number of tokens for a text.
    pub width: usize,
    /// Values per row.
    pub channels: usize,
}

impl Shape {
    /// Number of rows (pixels, tokens).
    pub fn rows(&self) -> usize {
        self.height * self.width
    }

    /// Number of f32 values.
    pub fn len(&self) -> usize {
        self.rows() * self.channels
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Size as f32.
    pub fn bytes(&self) -> u64 {
        4 * self.len() as u64
    }
}

/// An activation: an input or the output of exactly one operation.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// The diffusers module path whose output it is, or the input's name.
    pub name: String,
    /// Its extent.
    pub shape: Shape,
}

/// A weight that the list needs, as the checkpoint names it.
#[derive(Clone, Debug, PartialEq)]
pub struct Weight {
    /// The diffusers name, verbatim.
    pub name: String,
    /// Older spellings of the same tensor in published checkpoints.
    pub aliases: Vec<String>,
    /// Shape as stored; a trailing `1 × 1` of a pointwise convolution may be present or absent in the file.
    pub shape: Vec<usize>,
}

/// An input of the list.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// What the caller fills.
    pub tensor: TensorId,
    /// Whether it is the same for every photo (the text embedding): all that hangs on constants alone is computed
    /// once per model.
    pub constant: bool,
}

/// One entry of the list.
#[derive(Clone, Debug, PartialEq)]
pub struct Op {
    /// The diffusers module path, used for progress, timings and errors.
    pub name: String,
    /// What is computed from what.
    pub operation: Operation,
    /// The tensor it fills.
    pub output: TensorId,
}

/// The list: operations in an order in which every tensor is made before it is read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Graph {
    /// All activations.
    pub tensors: Vec<Tensor>,
    /// All weights.
    pub weights: Vec<Weight>,
    /// What the caller fills before the first operation.
    pub inputs: Vec<Input>,
    /// The operations, in order.
    pub ops: Vec<Op>,
    /// Tensors by their public name: module outputs, attention maps, inputs.
    pub names: HashMap<String, TensorId>,
}

impl Graph {
    /// The tensor behind an id.
    pub fn tensor(&self, id: TensorId) -> &Tensor {
        &self.tensors[id.0 as usize]
    }

    /// The weight behind an id.
    pub fn weight(&self, id: WeightId) -> &Weight {
        &self.weights[id.0 as usize]
    }

    /// The tensor of that public name.
    pub fn find(&self, name: &str) -> Option<TensorId> {
        self.names.get(name).copied()
    }
}
