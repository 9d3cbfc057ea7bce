//! DINOv2 as a list: transformers' `config.json` becomes a [`maskov_graph::Graph`].
//!
//! Names of weights and operations are transformers' module paths verbatim. Tokens of the picture come first and the class
//! and register tokens behind them, the other way round than in transformers: attention does not mind, and the picture's
//! rows are then the first ones of every tensor. [`Dino`] is how the rest of Maskov meets this crate.

mod affinity;
mod config;
mod embeddings;
mod family;
mod layer;
mod model;
mod settings;

pub use config::DinoConfig;
pub use family::{Dino, DinoModel};
pub use settings::{DinoSettings, MapKind};
