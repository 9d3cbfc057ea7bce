//! What can go wrong between a graph and its outputs, each with the next step.

use maskov_gpu::GpuError;
use maskov_graph::GraphError;
use maskov_weights::WeightsError;

/// Result of this crate.
pub type Result<T, E = RuntimeError> = std::result::Result<T, E>;

/// An error sentence per case.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RuntimeError {
    /// Weights are missing, unsound or unreadable.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The graph lacks what was asked of it.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// The device failed.
    #[error(transparent)]
    Gpu(#[from] GpuError),
    /// The observer ended the run.
    #[error("Cancelled before {before}. Start again to get a result.")]
    Cancelled {
        /// The operation or weight that was next.
        before: String,
    },
    /// The graph reads an input that was not given.
    #[error("The model needs the input {name}, which was not given. Give it {len} values.")]
    InputMissing {
        /// The input's name.
        name: String,
        /// How many values it needs.
        len: usize,
    },
    /// An input of the wrong size.
    #[error(
        "The input {name} has {found} values where the model needs {expected}. Resize it to the model's resolution."
    )]
    InputLength {
        /// The input's name.
        name: String,
        /// Values that are needed.
        expected: usize,
        /// Values given.
        found: usize,
    },
    /// A NaN or an infinity, and where it was first seen.
    #[error(
        "The result is not finite: the first such value is in {name}. Check the weights of that layer (`maskov verify` \
         compares every stage), or take another model."
    )]
    NotFinite {
        /// The operation or input whose values are the first that are not finite.
        name: String,
    },
}
