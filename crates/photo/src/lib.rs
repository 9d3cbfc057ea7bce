//! A photo file to pixels: [`decode`] reads JPEG, PNG, WebP, GIF and BMP, turns the photo the way its EXIF says,
//! and keeps its pixels at their own depth beside its colour profile. [`Photo::rgb`] is what the method reads.
//!
//! Formats that are recognised but not read here (HEIC, AVIF, TIFF, …) are a typed error, so that a page can hand
//! the bytes to the browser and come back with [`Photo::from_rgba`].

mod bmp;
mod colours;
mod decode;
mod error;
mod exif;
mod gif;
mod ground;
mod jpeg;
mod jpeg_markers;
mod mask;
mod photo;
mod png;
mod read_mask;
mod sniff;

pub use decode::{MAX_PIXELS, decode, decode_up_to};
pub use error::PhotoError;
pub use image::DynamicImage;
pub use image::metadata::Orientation;
pub use mask::{Mask, MaskNote, Meaning};
pub use photo::{Note, Photo};
pub use read_mask::read_mask;
pub use sniff::is_picture;
