//! What the user made: the photo, the points on it, and every step back.
//!
//! ```text
//! edit ─▶ new state ─▶ history (states before ─ now ─ states undone)
//!                            └─▶ Snapshot: what a view shows
//! ```
//!
//! Two rules hold at every time: all points lie inside the photo, and no two share a pixel.

mod document;
mod error;
mod history;
mod state;

pub use document::{Document, Snapshot};
pub use error::{DocumentError, Result};
pub use state::{PhotoRef, Point};
