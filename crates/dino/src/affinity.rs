//! A map of how alike and how near tokens are, as the attention of one head.
//!
//! The square of a distance is a product of coordinates and a term for each end; the term of the query is the same in its
//! whole row, and a softmax does not see it. So features and coordinates, each with its scale, make queries and keys whose
//! `QKᵀ/√d` is the exponent, up to that term.

use maskov_graph::{Embedding, GraphBuilder, GraphError, Operation, Shape, Tap, TensorId};

/// Adds queries and keys over the picture's tokens. `features` are layers' outputs through the last norm, `[side², width]`
/// each; `tau` and `sigma` as in [`MapKind::Affinity`](crate::MapKind::Affinity).
pub(crate) fn affinity(
    list: &mut GraphBuilder,
    features: &[TensorId],
    side: usize,
    tau: f32,
    sigma: f32,
) -> Result<Tap, GraphError> {
    let width: usize = features.iter().map(|id| list.shape(*id).channels).sum();
    // What the attention divides by.
    let root = ((width + Embedding::COORDINATES) as f32).sqrt();
    // On both sides of the product.
    let scale = (root / (tau * features.len() as f32)).sqrt();
    let mut joined = None;
    for (index, input) in features.iter().enumerate() {
        let unit = list
            .hidden_op(&format!("affinity.unit.{index}"), Operation::L2Normalize { input: *input, scale })?;
        joined = Some(match joined {
            None => unit,
            Some(a) => {
                list.hidden_op(&format!("affinity.features.{index}"), Operation::Concat { a, b: unit })?
            }
        });
    }
    let joined = joined.ok_or_else(|| GraphError::Shape {
        op: "affinity".to_owned(),
        reason: "no layers to compare".to_owned(),
    })?;
    debug_assert_eq!(list.shape(joined), Shape { height: side, width: side, channels: width });
    let mut with_coordinates = |name: &str, of_keys: bool| {
        let coordinates = Embedding::Coordinates { side, sigma, scale: root, of_keys };
        let coordinates =
            list.hidden_op(&format!("affinity.{name}.coordinates"), Operation::Embedding(coordinates))?;
        list.hidden_op(&format!("affinity.{name}"), Operation::Concat { a: joined, b: coordinates })
    };
    let (query, key) = (with_coordinates("query", false)?, with_coordinates("key", true)?);
    Ok(Tap { query, key, heads: 1, weight: 1.0 })
}
