//! The UNet's blocks: down, mid and up.

use maskov_graph::{GraphBuilder, GraphError, Operation, Padding, TensorId};

use crate::resnet::{Resnets, resnet};
use maskov_model::SelfAttention;

use crate::transformer::{Transformers, transformer};

/// What is common to all blocks, and what grows while they are added.
pub(crate) struct Blocks<'a> {
    pub(crate) list: &'a mut GraphBuilder,
    pub(crate) resnets: Resnets,
    /// Every self-attention layer so far, in order.
    pub(crate) found: Vec<SelfAttention>,
    /// Outputs of the way down that the way up has not used yet.
    pub(crate) skips: Vec<TensorId>,
}

impl Blocks<'_> {
    /// `CrossAttnDownBlock2D` with a depth for each resnet's transformer, `DownBlock2D` with `None`.
    pub(crate) fn down(
        &mut self,
        path: &str,
        mut hidden: TensorId,
        out: usize,
        transformers: &[Option<(usize, Transformers)>],
        downsample: bool,
    ) -> Result<TensorId, GraphError> {
        for (index, attention) in transformers.iter().enumerate() {
            hidden = self.layer(path, index, hidden, out, *attention)?;
            self.skips.push(hidden);
        }
        if downsample {
            hidden =
                self.list.conv3x3(&format!("{path}.downsamplers.0.conv"), hidden, out, 2, Padding::Same)?;
            self.list.publish(&format!("{path}.downsamplers.0"), hidden)?;
            self.skips.push(hidden);
        }
        self.list.publish(path, hidden)?;
        Ok(hidden)
    }

    /// `UNetMidBlock2DCrossAttn`.
    pub(crate) fn mid(
        &mut self,
        hidden: TensorId,
        depth: usize,
        common: Transformers,
    ) -> Result<TensorId, GraphError> {
        let out = self.list.shape(hidden).channels;
        let hidden = self.layer("mid_block", 0, hidden, out, Some((depth, common)))?;
        let hidden = self.layer("mid_block", 1, hidden, out, None)?;
        self.list.publish("mid_block", hidden)?;
        Ok(hidden)
    }

    /// `CrossAttnUpBlock2D` with a depth for each resnet's transformer, `UpBlock2D` with `None`.
    pub(crate) fn up(
        &mut self,
        path: &str,
        mut hidden: TensorId,
        out: usize,
        transformers: &[Option<(usize, Transformers)>],
        upsample: bool,
    ) -> Result<TensorId, GraphError> {
        for (index, attention) in transformers.iter().enumerate() {
            // An up block has one resnet more than the down block, whose input is the skip for it.
            let Some(skip) = self.skips.pop() else {
                let reason = "the way down left no output for it".to_owned();
                return Err(GraphError::Shape { op: format!("{path}.resnets.{index}"), reason });
            };
            let join = Operation::Concat { a: hidden, b: skip };
            hidden = self.list.hidden_op(&format!("{path}.resnets.{index}.concat"), join)?;
            hidden = self.layer(path, index, hidden, out, *attention)?;
        }
        if upsample {
            let operation = Operation::UpsampleNearest { input: hidden };
            let wide = self.list.hidden_op(&format!("{path}.upsamplers.0.interpolate"), operation)?;
            hidden = self.list.conv3x3(&format!("{path}.upsamplers.0.conv"), wide, out, 1, Padding::Same)?;
            self.list.publish(&format!("{path}.upsamplers.0"), hidden)?;
        }
        self.list.publish(path, hidden)?;
        Ok(hidden)
    }

    fn layer(
        &mut self,
        path: &str,
        index: usize,
        input: TensorId,
        out: usize,
        attention: Option<(usize, Transformers)>,
    ) -> Result<TensorId, GraphError> {
        let hidden = resnet(self.list, &format!("{path}.resnets.{index}"), input, out, self.resnets)?;
        match attention {
            None => Ok(hidden),
            Some((depth, common)) => {
                let path = format!("{path}.attentions.{index}");
                transformer(self.list, &mut self.found, &path, hidden, depth, common)
            }
        }
    }
}
