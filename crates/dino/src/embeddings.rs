//! `Dinov2Embeddings`: the picture's patches with their positions, then the class and register tokens.

use maskov_graph::{Embedding, GraphBuilder, GraphError, Operation, Stored, TensorId};

use crate::DinoConfig;

/// Adds the tokens, `[R² + special tokens, hidden_size]`, from the image `[R · patch, R · patch, 3]`.
pub(crate) fn embeddings(
    list: &mut GraphBuilder,
    config: &DinoConfig,
    image: TensorId,
) -> Result<TensorId, GraphError> {
    let width = config.hidden_size;
    let patch = config.patch_size;
    let pixels = Operation::PixelUnshuffle { input: image, factor: patch, positions: false };
    let pixels = list.hidden_op("embeddings.patches", pixels)?;
    let projection = "embeddings.patch_embeddings.projection";
    let patches = list.linear(projection, &[], pixels, width, true, Stored::Patches(patch))?;

    let table_rows = 1 + config.table_side * config.table_side;
    let table = list.weight("embeddings.position_embeddings", Vec::new(), &[1, table_rows, width])?;
    let class = list.weight("embeddings.cls_token", Vec::new(), &[1, 1, width])?;
    let registers = match config.num_register_tokens {
        0 => None,
        count => Some(list.weight("embeddings.register_tokens", Vec::new(), &[1, count, width])?),
    };
    let side = list.shape(patches).height;
    // As transformers has it, whatever the reason.
    let antialias = config.num_register_tokens > 0;
    let positions = Operation::Embedding(Embedding::Positions { table, side, antialias });
    let positions = list.hidden_op("embeddings.positions", positions)?;
    let placed = list.hidden_op("embeddings.add", Operation::Add { a: patches, b: positions })?;
    let special = Operation::Embedding(Embedding::SpecialTokens { class, table, registers });
    let special = list.hidden_op("embeddings.special_tokens", special)?;
    list.op("embeddings", Operation::ConcatRows { a: placed, b: special })
}
