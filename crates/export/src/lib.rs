//! A mask to files: the mask itself, the cut-out, and a picture of the object with the rest stepped back.
//!
//! A mask is a `&[u8]` of [height × width] in the photo's own size: 0 is background, anything else the object.
//! Files hold pixels and, where it fits them, the photo's colour profile: no place, no time, no camera.

mod cutout;
mod error;
mod overlay;
mod png;
mod rle;

pub use cutout::cutout_png;
pub use error::ExportError;
pub use overlay::overlay_png;
pub use png::{mask_png, photo_png};
pub use rle::column_runs;
