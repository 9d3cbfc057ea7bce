//! What can be wrong with a config or its settings.

use maskov_graph::GraphError;

/// A model that cannot be turned into a list, with what to do about it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ModelError {
    /// The text is not JSON, or not an object.
    #[error("{component}: not a JSON object ({reason}); take the file that belongs to the checkpoint")]
    Json {
        /// Which file, for example `unet/config.json`.
        component: &'static str,
        /// What the parser said.
        reason: String,
    },
    /// A key has a value of another kind than it must have.
    #[error(
        "{component}: `{key}` is {found}, but {expected} is needed; take the file that belongs to the checkpoint"
    )]
    Value {
        /// Which file.
        component: &'static str,
        /// The key.
        key: String,
        /// The value, as JSON.
        found: String,
        /// What it must be.
        expected: String,
    },
    /// A key has a value of an architecture that Maskov does not run.
    #[error("{component}: `{key}` = {value} is not supported: {advice}")]
    Unsupported {
        /// Which file.
        component: &'static str,
        /// The key.
        key: String,
        /// The value, as JSON.
        value: String,
        /// Why, and what to take instead.
        advice: String,
    },
    /// The token grid does not divide by the model's downsampling.
    #[error(
        "R = {resolution} does not fit this model: R must be a multiple of {multiple}, at most {largest}; try {fitting}"
    )]
    Resolution {
        /// The R asked for.
        resolution: usize,
        /// What R must be a multiple of.
        multiple: usize,
        /// The largest R that fits.
        largest: usize,
        /// The nearest that fit.
        fitting: String,
    },
    /// Two parts of a model contradict each other.
    #[error("{reason}")]
    Contradiction {
        /// A sentence that says which, and what to do.
        reason: String,
    },
    /// A part of the model is missing.
    #[error("{reason}")]
    Incomplete {
        /// A sentence that says which, and what to do.
        reason: String,
    },
    /// A layer named in the settings makes no map over the token grid.
    #[error("the model has no self-attention layer `{layer}` over all R × R tokens; it has {known}")]
    NoSuchLayer {
        /// The path in the settings.
        layer: String,
        /// The paths it has.
        known: String,
    },
    /// The list does not fit together.
    #[error(transparent)]
    Graph(#[from] GraphError),
}
