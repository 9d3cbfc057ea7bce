//! What a model is, whatever its family.
//!
//! ```text
//! config files ─▶ Family::read ─▶ Architecture ─▶ a list from the photo to the map, its constants, how a photo is scaled
//! ```
//!
//! A [`Family`] (Stable Diffusion, DINOv2) knows its own config files and layers; whoever runs, packs, prints or verifies a
//! model knows this crate alone. Nothing here has weights or a device.

mod config_files;
mod error;
mod family;
mod fields;
mod resolution;
mod settings;

pub use config_files::ConfigFiles;
pub use error::ModelError;
pub use family::{
    Architecture, Constant, ConstantValues, Family, Listing, ListingOptions, ModelGraph, Probes,
};
pub use fields::Fields;
pub use resolution::{LARGEST_RESOLUTION, check_resolution};
pub use settings::{SETTINGS_FILE, SelfAttention, Settings};
