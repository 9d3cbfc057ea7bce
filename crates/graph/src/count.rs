//! What a list costs: parameters, floating-point operations, bytes of weights.
//!
//! FLOP are twice the multiply-adds of the matrix products: linear layers, convolutions, `QKᵀ` and `PV` of attention,
//! `QKᵀ` of an attention map. Norms, activations, softmax and additions are not counted.
//!
//! Published counts of Stable Diffusion up to the map leave out what [`Totals`] keeps apart: attention to the prompt's 77
//! tokens (below 0.4 %), `QKᵀ` of the map, and what is computed once per model. Those of the whole UNet count the first.

use crate::{Graph, Op, Operation, Weight};

/// Sums over a list, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Values of weights.
    pub parameters: Parameters,
    /// Twice the multiply-adds.
    pub flop: Flop,
}

/// Values of weights, each counted once, under the first that applies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parameters {
    /// Of operations that depend on constant inputs alone: K and V of the text.
    pub text: u64,
    /// Of operations that depend on no input: the time embedding and its projections.
    pub time: u64,
    /// Of 3×3 convolutions, biases included.
    pub conv3x3: u64,
    /// Of linear layers and 1×1 convolutions, biases included.
    pub linear: u64,
    /// Of all other operations: norms, tables.
    pub other: u64,
}

/// FLOP, each counted once, under the first that applies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flop {
    /// Of everything that is computed once per model.
    pub once: u64,
    /// Of 3×3 convolutions.
    pub conv3x3: u64,
    /// Of linear layers and 1×1 convolutions.
    pub linear: u64,
    /// `QKᵀ` and `PV` of attention to constants: the text.
    pub text_attention: u64,
    /// `QKᵀ` and `PV` of self-attention.
    pub self_attention: u64,
    /// `QKᵀ` of attention maps.
    pub attention_map: u64,
}

impl Parameters {
    /// All of them.
    pub fn all(&self) -> u64 {
        self.live() + self.text
    }

    /// Those that remain when the text's K and V are kept as constants.
    pub fn live(&self) -> u64 {
        self.time + self.conv3x3 + self.linear + self.other
    }
}

impl Flop {
    /// Linear layers, convolutions and self-attention: the network without the map, the text and the constants, as
    /// published tables count it.
    pub fn network(&self) -> u64 {
        self.conv3x3 + self.linear + self.self_attention
    }

    /// All that a photo costs.
    pub fn per_photo(&self) -> u64 {
        self.network() + self.text_attention + self.attention_map
    }
}

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

    /// Parameters and FLOP by kind.
    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        let constant = self.constant_tensors();
        let fixed = self.fixed_tensors();
        let mut is_counted = vec![false; self.weights.len()];
        for op in &self.ops {
            let is_constant = constant[op.output.0 as usize];
            let flop = &mut totals.flop;
            *match &op.operation {
                _ if is_constant => &mut flop.once,
                Operation::Conv3x3 { .. } => &mut flop.conv3x3,
                Operation::Attention { key, .. } if constant[key.0 as usize] => &mut flop.text_attention,
                Operation::Attention { .. } => &mut flop.self_attention,
                Operation::AttentionMap { .. } => &mut flop.attention_map,
                _ => &mut flop.linear,
            } += self.op_flop(op);
            let parameters = &mut totals.parameters;
            let kind = match &op.operation {
                _ if fixed[op.output.0 as usize] => &mut parameters.time,
                _ if is_constant => &mut parameters.text,
                Operation::Conv3x3 { .. } => &mut parameters.conv3x3,
                Operation::Linear { .. } => &mut parameters.linear,
                _ => &mut parameters.other,
            };
            for id in op.operation.weights() {
                if !std::mem::replace(&mut is_counted[id.0 as usize], true) {
                    *kind += self.weight(id).parameters();
                }
            }
        }
        totals
    }

    /// For every tensor, by index, whether it depends on no input at all.
    fn fixed_tensors(&self) -> Vec<bool> {
        let mut fixed = vec![false; self.tensors.len()];
        for op in &self.ops {
            fixed[op.output.0 as usize] = op.operation.inputs().iter().all(|id| fixed[id.0 as usize]);
        }
        fixed
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
            Operation::AttentionMap { taps, .. } => {
                let of_tap = |tap: &crate::Tap| {
                    2 * rows * shape(&tap.key).rows() as u64 * shape(&tap.query).channels as u64
                };
                taps.iter().map(of_tap).sum()
            }
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
