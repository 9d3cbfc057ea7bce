//! `ResnetBlock2D`, shared by the UNet and the VAE.

use maskov_graph::{GraphBuilder, GraphError, Operation, Padding, Stored, TensorId};

/// What all resnets of a network have in common.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Resnets {
    pub(crate) groups: usize,
    pub(crate) eps: f32,
    /// SiLU of the time embedding, `[1, width]`; the VAE has none.
    pub(crate) time: Option<TensorId>,
}

/// `shortcut(x) + conv2(silu(norm2(conv1(silu(norm1(x))) + time_emb_proj(silu(time)))))`.
pub(crate) fn resnet(
    list: &mut GraphBuilder,
    path: &str,
    input: TensorId,
    out: usize,
    common: Resnets,
) -> Result<TensorId, GraphError> {
    let Resnets { groups, eps, time } = common;
    let at = |module: &str| format!("{path}.{module}");
    let hidden = list.group_norm_silu(&at("norm1"), None, input, groups, eps)?;
    let mut hidden = list.conv3x3(&at("conv1"), hidden, out, 1, Padding::Same)?;
    if let Some(time) = time {
        let row = list.linear(&at("time_emb_proj"), &[], time, out, true, Stored::Linear)?;
        hidden = list.hidden_op(&at("time_emb_add"), Operation::AddRow { input: hidden, row })?;
    }
    // diffusers runs one module, `nonlinearity`, twice; a probe of it sees the second output.
    let hidden = list.group_norm_silu(&at("norm2"), Some(&at("nonlinearity")), hidden, groups, eps)?;
    let hidden = list.conv3x3(&at("conv2"), hidden, out, 1, Padding::Same)?;
    let shortcut = match list.shape(input).channels == out {
        true => input,
        false => list.linear(&at("conv_shortcut"), &[], input, out, true, Stored::Pointwise)?,
    };
    list.op(path, Operation::Add { a: shortcut, b: hidden })
}
