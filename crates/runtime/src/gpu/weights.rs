//! One weight of the list, from a file's tensor to the device.

use std::rc::Rc;

use maskov_gpu::{Buffer, Gpu};
use maskov_graph::{Graph, Operation, WeightId};
use maskov_kernels::matrix::{Format, Matrix};
use maskov_weights::{DType, HostTensor, MatrixShape, TensorInfo, pack_matrix_f16};

use crate::Result;

/// A weight as the kernels read it.
#[derive(Clone)]
pub(super) enum Weight {
    /// Of a linear layer or convolution: f16, q8 or q4.
    Matrix(Rc<Matrix>),
    /// Of a norm, or a bias: f32.
    Vector(Rc<Buffer>),
    /// Of an embedding, of which a few rows are taken once per model.
    Host(Rc<[f32]>),
}

/// What reads a weight decides how it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Of a linear layer: all extents behind the outputs are inputs.
    Linear,
    Conv3x3,
    Vector,
    Host,
}

/// The role of every weight, by [`WeightId`].
pub(super) fn roles(graph: &Graph) -> Vec<Role> {
    let mut roles = vec![Role::Vector; graph.weights.len()];
    let mut set = |id: WeightId, role| roles[id.0 as usize] = role;
    for op in &graph.ops {
        match &op.operation {
            Operation::Linear { weight, .. } => set(*weight, Role::Linear),
            Operation::Conv3x3 { weight, .. } => set(*weight, Role::Conv3x3),
            Operation::Embedding(_) => {
                op.operation.weights().into_iter().for_each(|weight| set(weight, Role::Host))
            }
            _ => {}
        }
    }
    roles
}

impl Weight {
    /// Room for a weight as its file has it, with anything in it. Matrices of f32, f16 and bf16 become f16, quantised ones
    /// stay as they are.
    pub fn create(gpu: &Gpu, role: Role, name: &str, info: &TensorInfo) -> Result<Self> {
        let shape = match role {
            Role::Host => return Ok(Self::Host(Rc::default())),
            Role::Vector => {
                let vector = gpu.create(name, info.shape.iter().product())?;
                return Ok(Self::Vector(Rc::new(vector)));
            }
            Role::Linear => vec![info.shape[0], info.shape[1..].iter().product()],
            Role::Conv3x3 => info.shape.clone(),
        };
        let matrix = MatrixShape::of(name, &shape)?;
        let format = match info.dtype {
            // Patches are quantised as a convolution is, and read as one row of inputs.
            _ if MatrixShape::new(&info.shape) != Some(matrix) => Format::F16,
            DType::Q8 => Format::Q8,
            DType::Q4 => Format::Q4,
            _ => Format::F16,
        };
        let extents = [matrix.outputs, matrix.inputs, matrix.taps];
        Ok(Self::Matrix(Rc::new(Matrix::create(gpu, name, format, extents)?)))
    }

    /// Takes the values of the tensor that it was made for.
    pub fn write(&mut self, gpu: &Gpu, tensor: &HostTensor) -> Result<()> {
        match self {
            Self::Vector(vector) => gpu.write(vector, &tensor.to_f32()?),
            Self::Host(values) => *values = tensor.to_f32()?.into(),
            Self::Matrix(matrix) if matrix.format == Format::F16 => {
                let of_one_tap = [matrix.outputs, matrix.inputs];
                let shape = if matrix.taps == 1 { &of_one_tap } else { tensor.shape() };
                let words = pack_matrix_f16(tensor.name(), &tensor.to_f32()?, shape)?;
                matrix.write(gpu, tensor.name(), &words, None)?;
            }
            Self::Matrix(matrix) => {
                let quantized = tensor.to_quantized()?;
                matrix.write(gpu, tensor.name(), &quantized.qweight, Some(&quantized.scales))?;
            }
        }
        Ok(())
    }
}
