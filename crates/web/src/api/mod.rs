//! What JS sees.

mod engine;
mod mask;
mod photo;

pub use engine::Engine;
pub use mask::Mask;
pub use photo::Photo;
