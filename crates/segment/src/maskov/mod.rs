//! Our method on top of the paper's.

mod clicks;
mod colour;
mod contrast;
mod cut;
mod edge_band;
mod field;
mod max_flow;
mod settings;
mod size_score;
mod state;

pub use settings::MaskovSettings;
pub(crate) use state::Maskov;
