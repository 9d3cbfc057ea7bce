//! Why an edit was refused.

use crate::state::{LARGEST_SIZE, SMALLEST_SIZE};

/// Result of this crate.
pub type Result<T, E = DocumentError> = std::result::Result<T, E>;

/// An edit that cannot be made; the document is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentError {
    /// There is nothing to point at.
    NoPhoto,
    /// The place lies outside the photo.
    PointOutside {
        /// Column.
        x: u32,
        /// Row.
        y: u32,
        /// Width of the photo in pixels.
        width: u32,
        /// Height of the photo in pixels.
        height: u32,
    },
    /// There are not that many points.
    NoSuchPoint {
        /// The index asked for, from 0.
        index: usize,
        /// How many points there are.
        points: usize,
    },
    /// A size is no number.
    SizeNotANumber,
}

impl DocumentError {
    /// The word by which the page tells errors apart.
    pub fn code(self) -> &'static str {
        match self {
            Self::NoPhoto => "no-image",
            Self::PointOutside { .. } => "point-outside",
            Self::NoSuchPoint { .. } => "no-such-point",
            Self::SizeNotANumber => "bad-size",
        }
    }
}

impl std::fmt::Display for DocumentError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoPhoto => f.write_str("there is no photo to put a point on: open one first"),
            Self::PointOutside { x, y, width, height } => {
                write!(f, "point {x},{y} lies outside the photo of {width}×{height} pixels")
            }
            Self::NoSuchPoint { index, points } => {
                write!(f, "there is no point of index {index}, there are {points} points (from index 0)")
            }
            Self::SizeNotANumber => {
                write!(
                    f,
                    "a point's size is a share of the photo, {SMALLEST_SIZE} to {LARGEST_SIZE}, and this is no number"
                )
            }
        }
    }
}

impl std::error::Error for DocumentError {}
