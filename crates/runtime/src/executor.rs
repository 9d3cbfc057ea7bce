//! Where the two executors meet.

use std::collections::HashMap;

use maskov_graph::Graph;

use crate::{Observer, Result, Timings};

/// A named input and its values.
pub type Values<'a> = (&'a str, &'a [f32]);

/// A graph with its weights, ready to run on some device.
#[expect(async_fn_in_trait, reason = "one thread per executor: its futures are never sent")]
pub trait Executor {
    /// An attention map where this executor keeps it: values on the CPU, tiles of rows on the GPU.
    type Map;

    /// The list that runs.
    fn graph(&self) -> &Graph;

    /// Computes the outputs that were wanted at loading from the per-photo inputs.
    async fn run(&self, inputs: &[Values<'_>], observer: &mut dyn Observer) -> Result<Outputs<Self::Map>>;

    /// The values of a map, `[tokens, tokens]`, row-major.
    async fn read_map(&self, map: &Self::Map) -> Result<Vec<f32>>;
}

/// What a run gives, by the names that were wanted at loading.
#[derive(Clone, Debug)]
pub struct Outputs<Map> {
    /// Activations, f32 and channels-last.
    pub tensors: HashMap<String, Vec<f32>>,
    /// Attention maps.
    pub maps: HashMap<String, Map>,
    /// How long each operation took.
    pub timings: Timings,
}
