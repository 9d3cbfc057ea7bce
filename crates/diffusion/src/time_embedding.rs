//! The embedding of the fixed timestep: constant, so that it is computed once per model.

use maskov_graph::{Embedding, Function, GraphBuilder, GraphError, Operation, Stored, TensorId};

use crate::UnetConfig;

/// `silu(linear_2(silu(linear_1(sinusoids))))`: every resnet applies SiLU first, so it is applied once for all.
pub(crate) fn time_embedding(
    list: &mut GraphBuilder,
    config: &UnetConfig,
    timestep: f32,
) -> Result<TensorId, GraphError> {
    let width = config.time_embedding_dim;
    let channels = config.block_out_channels[0];
    let UnetConfig { flip_sin_to_cos, freq_shift, .. } = *config;
    let sinusoids = Embedding::Timestep { timestep, channels, flip_sin_to_cos, freq_shift };
    let input = list.op("time_proj", Operation::Embedding(sinusoids))?;
    let input = list.linear("time_embedding.linear_1", &[], input, width, true, Stored::Linear)?;
    let silu = |input| Operation::Activation { input, function: Function::Silu };
    let input = list.op("time_embedding.act", silu(input))?;
    let input = list.linear("time_embedding.linear_2", &[], input, width, true, Stored::Linear)?;
    list.publish("time_embedding", input)?;
    list.hidden_op("time_embedding.silu", silu(input))
}
