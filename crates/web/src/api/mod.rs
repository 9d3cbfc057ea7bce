//! What JS sees.

mod engine;
mod mask;
mod photo;

pub use engine::Engine;
pub use mask::Mask;
pub(crate) use photo::ByBrowser;
pub use photo::Photo;
