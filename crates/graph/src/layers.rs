//! Operations together with their weights, named as PyTorch names them.

use crate::{Function, GraphBuilder, GraphError, Operation, Padding, TensorId, WeightId};

/// How a pointwise matrix is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// As a linear layer, `[out, in]`.
    Linear,
    /// As a 1×1 convolution, `[out, in, 1, 1]`.
    Pointwise,
    /// As a convolution of squares of that side, with that stride: `[out, in / side², side, side]`. The input is pixels that
    /// were unshuffled.
    Patches(usize),
}

impl GraphBuilder {
    /// A linear layer or 1×1 convolution with `PATH.weight` and, if `bias`, `PATH.bias`. `older` are former paths of
    /// the same layer in published checkpoints.
    pub fn linear(
        &mut self,
        path: &str,
        older: &[String],
        input: TensorId,
        out: usize,
        bias: bool,
        stored: Stored,
    ) -> Result<TensorId, GraphError> {
        let channels = self.shape(input).channels;
        let shape = match stored {
            Stored::Linear => vec![out, channels],
            Stored::Pointwise => vec![out, channels, 1, 1],
            Stored::Patches(side) => vec![out, channels / (side * side), side, side],
        };
        let aliases = |leaf: &str| older.iter().map(|path| format!("{path}.{leaf}")).collect();
        let weight = self.weight(&format!("{path}.weight"), aliases("weight"), &shape)?;
        let bias = match bias {
            true => Some(self.weight(&format!("{path}.bias"), aliases("bias"), &[out])?),
            false => None,
        };
        self.op(path, Operation::Linear { input, weight, bias })
    }

    /// A 3×3 convolution with `PATH.weight` and `PATH.bias`.
    pub fn conv3x3(
        &mut self,
        path: &str,
        input: TensorId,
        out: usize,
        stride: usize,
        padding: Padding,
    ) -> Result<TensorId, GraphError> {
        let channels = self.shape(input).channels;
        let weight = self.weight(&format!("{path}.weight"), Vec::new(), &[out, channels, 3, 3])?;
        let bias = Some(self.weight(&format!("{path}.bias"), Vec::new(), &[out])?);
        self.op(path, Operation::Conv3x3 { input, weight, bias, stride, padding })
    }

    /// Group normalisation with `PATH.weight` and `PATH.bias`.
    pub fn group_norm(
        &mut self,
        path: &str,
        input: TensorId,
        groups: usize,
        eps: f32,
    ) -> Result<TensorId, GraphError> {
        let (weight, bias) = self.scale_and_shift(path, &[], input)?;
        self.op(path, Operation::GroupNorm { input, weight, bias, groups, eps, silu: false })
    }

    /// Group normalisation, then SiLU, whose output is found as `activation` if that is given. One operation, unless
    /// the builder is [`GraphBuilder::unfused`].
    pub fn group_norm_silu(
        &mut self,
        path: &str,
        activation: Option<&str>,
        input: TensorId,
        groups: usize,
        eps: f32,
    ) -> Result<TensorId, GraphError> {
        let output = if self.unfused {
            let input = self.group_norm(path, input, groups, eps)?;
            let operation = Operation::Activation { input, function: Function::Silu };
            self.hidden_op(&format!("{path}.silu"), operation)?
        } else {
            let (weight, bias) = self.scale_and_shift(path, &[], input)?;
            self.hidden_op(path, Operation::GroupNorm { input, weight, bias, groups, eps, silu: true })?
        };
        if let Some(name) = activation {
            self.publish(name, output)?;
        }
        Ok(output)
    }

    /// Layer normalisation with `PATH.weight` and `PATH.bias`; `older` as in [`GraphBuilder::linear`].
    pub fn layer_norm(
        &mut self,
        path: &str,
        older: &[String],
        input: TensorId,
        eps: f32,
    ) -> Result<TensorId, GraphError> {
        let (weight, bias) = self.scale_and_shift(path, older, input)?;
        self.op(path, Operation::LayerNorm { input, weight, bias, eps })
    }

    /// A layer normalisation that several tensors go through: its weights are those of `path`, and the operation has a name
    /// of its own.
    pub fn shared_layer_norm(
        &mut self,
        path: &str,
        name: &str,
        input: TensorId,
        eps: f32,
    ) -> Result<TensorId, GraphError> {
        let (weight, bias) = self.scale_and_shift(path, &[], input)?;
        self.op(name, Operation::LayerNorm { input, weight, bias, eps })
    }

    fn scale_and_shift(
        &mut self,
        path: &str,
        older: &[String],
        input: TensorId,
    ) -> Result<(WeightId, WeightId), GraphError> {
        let channels = self.shape(input).channels;
        let aliases = |leaf: &str| older.iter().map(|path| format!("{path}.{leaf}")).collect();
        let weight = self.weight(&format!("{path}.weight"), aliases("weight"), &[channels])?;
        let bias = self.weight(&format!("{path}.bias"), aliases("bias"), &[channels])?;
        Ok((weight, bias))
    }
}
