//! What a list costs: parameters, floating-point operations, bytes of weights.
//!
//! FLOP are twice the multiply-adds of the matrix products: linear layers, convolutions, `QKᵀ` and `PV` of attention,
//! `QKᵀ` of an attention map. Norms, activations, softmax and additions are not counted.

use crate::{Graph, Op, Operation, Weight};

/// How the matrices of a model are stored. Norms, biases and embedding tables are f16 in all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// 16 bits a weight.
    F16,
    /// 8 bits a weight and an f16 scale per 32 inputs.
    Q8,
    /// 4 bits a weight and an f16 scale per 32 inputs.
    Q4,
}

/// Inputs of a quantised matrix that share a scale.
const GROUP_SIZE: u64 = 32;

impl Weight {
    /// Number of values.
    pub fn parameters(&self) -> u64 {
        self.shape.iter().map(|n| *n as u64).product()
    }
}

impl Graph {
    /// Number of values of all weights.
    pub fn parameters(&self) -> u64 {
        self.weights.iter().map(Weight::parameters).sum()
    }

    /// FLOP of the whole list.
    pub fn flop(&self) -> u64 {
        self.ops.iter().map(|op| self.op_flop(op)).sum()
    }

    /// FLOP of one operation.
    pub fn op_flop(&self, op: &Op) -> u64 {
        let shape = |id: &crate::TensorId| self.tensor(*id).shape;
        let rows = shape(&op.output).rows() as u64;
        match &op.operation {
            Operation::Linear { weight, .. } | Operation::Conv3x3 { weight, .. } => {
                2 * rows * self.weight(*weight).parameters()
            }
            Operation::Attention { query, key, .. } => {
                4 * rows * shape(key).rows() as u64 * shape(query).channels as u64
            }
            Operation::AttentionMap { taps } => taps
                .iter()
                .map(|tap| 2 * rows * rows * shape(&tap.query).channels as u64)
                .sum(),
            _ => 0,
        }
    }

    /// Bytes of all weights. A quantised matrix is padded to whole groups of 32 inputs; the f16 one is not padded.
    pub fn weight_bytes(&self, precision: Precision) -> u64 {
        let mut is_matrix = vec![false; self.weights.len()];
        for op in &self.ops {
            if let Operation::Linear { weight, .. } | Operation::Conv3x3 { weight, .. } = &op.operation {
                is_matrix[weight.0 as usize] = true;
            }
        }
        let bytes = |(weight, is_matrix): (&Weight, bool)| {
            let bytes_per_group = match precision {
                Precision::Q8 if is_matrix => GROUP_SIZE + 2,
                Precision::Q4 if is_matrix => GROUP_SIZE / 2 + 2,
                _ => return 2 * weight.parameters(),
            };
            let channels = weight.shape[1] as u64;
            weight.parameters() / channels * channels.div_ceil(GROUP_SIZE) * bytes_per_group
        };
        self.weights.iter().zip(is_matrix).map(bytes).sum()
    }
}
