//! One weight of the list, from a file's tensor to the device.

use std::rc::Rc;

use maskov_gpu::{Buffer, Gpu};
use maskov_graph::{Graph, Operation, WeightId};
use maskov_kernels::matrix::{Format, Matrix};
use maskov_weights::{DType, HostTensor, MatrixShape, pack_matrix_f16};

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

/// Uploads a weight. Matrices of f32, f16 and bf16 become f16, quantised ones stay as they are.
pub(super) fn upload(gpu: &Gpu, role: Role, tensor: &HostTensor) -> Result<Weight> {
    Ok(match role {
        Role::Linear => {
            let inputs = tensor.shape()[1..].iter().product();
            Weight::Matrix(Rc::new(upload_matrix(gpu, tensor, &[tensor.shape()[0], inputs])?))
        }
        Role::Conv3x3 => Weight::Matrix(Rc::new(upload_matrix(gpu, tensor, tensor.shape())?)),
        Role::Vector => Weight::Vector(Rc::new(gpu.upload(tensor.name(), &tensor.to_f32()?)?)),
        Role::Host => Weight::Host(tensor.to_f32()?.into()),
    })
}

/// `shape` is the tensor's, or what it means to a linear layer.
fn upload_matrix(gpu: &Gpu, tensor: &HostTensor, shape: &[usize]) -> Result<Matrix> {
    let name = tensor.name();
    let wanted = MatrixShape::new(shape);
    let format = match tensor.dtype() {
        DType::Q8 => Format::Q8,
        DType::Q4 => Format::Q4,
        _ => Format::F16,
    };
    if format != Format::F16 {
        let quantized = tensor.to_quantized()?;
        // Patches are quantised as a convolution is, and read as one row of inputs.
        if wanted == Some(quantized.matrix) {
            let extents = extents(quantized.matrix);
            let scales = Some(quantized.scales.as_slice());
            return Ok(Matrix::upload(gpu, name, format, extents, &quantized.qweight, scales)?);
        }
    }
    let words = pack_matrix_f16(name, &tensor.to_f32()?, shape)?;
    let extents = extents(wanted.expect("packing has checked the shape"));
    Ok(Matrix::upload(gpu, name, Format::F16, extents, &words, None)?)
}

fn extents(shape: MatrixShape) -> [usize; 3] {
    [shape.outputs, shape.inputs, shape.taps]
}
