//! Adds operations one by one, infers the shape of each output and refuses what does not fit.

use std::collections::HashMap;

use crate::infer::output_shape;
use crate::{Graph, GraphError, Input, Op, Operation, Shape, Tensor, TensorId, Weight, WeightId};

/// Grows a [`Graph`] in an order in which every tensor is made before it is read.
///
/// The layers of `layers.rs` (`linear`, `conv3x3`, …) add an operation together with its weights, named as PyTorch
/// names them: `PATH.weight`, `PATH.bias`.
#[derive(Clone, Debug, Default)]
pub struct GraphBuilder {
    pub(crate) graph: Graph,
    weight_ids: HashMap<String, WeightId>,
    /// Keep group norm and the SiLU behind it apart, so that both outputs have a name.
    pub(crate) unfused: bool,
}

impl GraphBuilder {
    /// An empty list.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty list in which group norm and SiLU stay two operations: for checking either output by name.
    pub fn unfused() -> Self {
        Self { unfused: true, ..Self::default() }
    }

    /// Adds an input; `constant` when it is the same for every photo.
    pub fn input(&mut self, name: &str, shape: Shape, constant: bool) -> Result<TensorId, GraphError> {
        let tensor = self.tensor(name, shape)?;
        self.publish(name, tensor)?;
        self.graph.inputs.push(Input { tensor, constant });
        Ok(tensor)
    }

    /// Adds a weight, or finds it again when the same name was added with the same shape.
    pub fn weight(
        &mut self,
        name: &str,
        aliases: Vec<String>,
        shape: &[usize],
    ) -> Result<WeightId, GraphError> {
        if let Some(&id) = self.weight_ids.get(name) {
            let known = &self.graph.weight(id).shape;
            if known != shape {
                return Err(GraphError::WeightShape {
                    weight: name.to_owned(),
                    known: known.clone(),
                    asked: shape.to_vec(),
                });
            }
            return Ok(id);
        }
        let id = WeightId(self.graph.weights.len() as u32);
        self.graph.weights.push(Weight { name: name.to_owned(), aliases, shape: shape.to_vec() });
        self.weight_ids.insert(name.to_owned(), id);
        Ok(id)
    }

    /// Adds an operation whose output gets the operation's name as its public name.
    pub fn op(&mut self, name: &str, operation: Operation) -> Result<TensorId, GraphError> {
        let tensor = self.hidden_op(name, operation)?;
        self.publish(name, tensor)?;
        Ok(tensor)
    }

    /// Adds an operation whose output is not the output of the module of that name and so cannot be found by it.
    pub fn hidden_op(&mut self, name: &str, operation: Operation) -> Result<TensorId, GraphError> {
        for id in operation.inputs() {
            if id.0 as usize >= self.graph.tensors.len() {
                return Err(GraphError::shape(name, format!("reads tensor {}, which nothing makes", id.0)));
            }
        }
        for id in operation.weights() {
            if id.0 as usize >= self.graph.weights.len() {
                return Err(GraphError::shape(name, format!("reads weight {}, which nobody added", id.0)));
            }
        }
        let shape =
            output_shape(&self.graph, &operation).map_err(|reason| GraphError::shape(name, reason))?;
        self.push(name, operation, shape)
    }

    /// Gives a tensor a public name (one tensor may have several).
    pub fn publish(&mut self, name: &str, tensor: TensorId) -> Result<(), GraphError> {
        match self.graph.names.insert(name.to_owned(), tensor) {
            Some(other) if other != tensor => Err(GraphError::NameTaken { name: name.to_owned() }),
            _ => Ok(()),
        }
    }

    /// The shape of a tensor.
    pub fn shape(&self, id: TensorId) -> Shape {
        self.graph.tensor(id).shape
    }

    /// The list.
    pub fn finish(self) -> Graph {
        self.graph
    }

    fn push(&mut self, name: &str, operation: Operation, shape: Shape) -> Result<TensorId, GraphError> {
        let output = self.tensor(name, shape)?;
        self.graph.ops.push(Op { name: name.to_owned(), operation, output });
        Ok(output)
    }

    fn tensor(&mut self, name: &str, shape: Shape) -> Result<TensorId, GraphError> {
        // Indices in shaders and on wasm32 have 32 bits.
        let len = [shape.height, shape.width, shape.channels]
            .iter()
            .try_fold(1u64, |len, &n| len.checked_mul(n as u64));
        match len {
            Some(0) => Err(GraphError::shape(name, format!("the output {shape} is empty"))),
            Some(len) if len <= u64::from(u32::MAX) => {
                let id = TensorId(self.graph.tensors.len() as u32);
                self.graph.tensors.push(Tensor { name: name.to_owned(), shape });
                Ok(id)
            }
            _ => Err(GraphError::shape(name, format!("the output {shape} has more than 2^32 values"))),
        }
    }
}
