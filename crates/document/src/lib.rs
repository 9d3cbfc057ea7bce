//! What the user made: the photo, the points on it, and every step back.
//!
//! ```text
//! edit ─▶ new state ─▶ history (states before ─ now ─ states undone)
//!                            └─▶ Snapshot: what a view shows
//! ```
//!
//! Three rules hold at every time: all points lie inside the photo, no two share a pixel, and every size is within its range.

mod document;
mod error;
mod history;
mod state;

pub use document::{Document, Snapshot};
pub use error::{DocumentError, Result};
pub use state::{LARGEST_SIZE, PhotoRef, Point, SMALLEST_SIZE};
