//! What can be wrong with a list while it is built.

/// A list that does not fit together; it comes from a config that contradicts itself.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum GraphError {
    /// An operation does not fit its inputs or weights.
    #[error("operation `{op}`: {reason}; check the config that the list was built from")]
    Shape {
        /// Name of the operation.
        op: String,
        /// What does not fit, with the numbers.
        reason: String,
    },
    /// Two tensors want the same public name.
    #[error("two tensors are named `{name}`; check the config that the list was built from")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// One weight is asked for with two shapes.
    #[error(
        "weight `{weight}` is needed as {known:?} and as {asked:?}; check the config that the list was built from"
    )]
    WeightShape {
        /// Name of the weight.
        weight: String,
        /// The shape it was added with.
        known: Vec<usize>,
        /// The other shape.
        asked: Vec<usize>,
    },
    /// A tensor was asked for by a name that the list does not have.
    #[error("the list has no tensor `{name}`; `maskov graph CONFIG` prints the names it has")]
    NoSuchTensor {
        /// The name.
        name: String,
    },
}

impl GraphError {
    pub(crate) fn shape(op: &str, reason: String) -> Self {
        Self::Shape { op: op.to_owned(), reason }
    }
}
