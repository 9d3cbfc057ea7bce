//! The document for the page's main thread: bindings and nothing else.
//!
//! Every method returns the new snapshot as a plain object, and throws an `Error` with a `code` where an edit is refused.

#[cfg(target_arch = "wasm32")]
mod document;

#[cfg(target_arch = "wasm32")]
pub use document::Document;
