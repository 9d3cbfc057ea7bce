//! Stable Diffusion as a list: diffusers' `config.json` becomes a [`maskov_graph::Graph`].
//!
//! Names of weights and operations are diffusers' module paths verbatim, without a component in front: those of the
//! UNet, the VAE's encoder and the text encoder do not collide. Nothing here knows a model by name; what a config does
//! not say is in its [`DiffusionSettings`]. [`Diffusion`] is how the rest of Maskov meets this crate.

mod blocks;
mod config;
mod family;
mod model;
mod resnet;
mod settings;
mod text_encoder;
mod time_embedding;
mod transformer;
mod unet;
mod vae_encoder;

pub use config::{DownBlock, UnetConfig, UpBlock};
pub use family::{Diffusion, DiffusionModel};
pub use model::{Configs, attention_graph, unet_graph, vae_graph, verification_graph};
pub use settings::{DiffusionSettings, Latents, PROMPT_TOKENS, TextEmbedding};
pub use text_encoder::{TextEncoderConfig, text_graph};
pub use vae_encoder::VaeConfig;
