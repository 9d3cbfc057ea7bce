//! A mask image of a data set to grey values.

use crate::{PhotoError, decode};

/// A mask image: one grey value a pixel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GreyMask {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// [height × width], the largest of a pixel's colour channels: a grey image's own value (GrabCut's 128 stays
    /// 128), and for a coloured palette (DAVIS) nonzero wherever the colour is not black. Alpha is not looked at.
    pub values: Vec<u8>,
}

/// Reads a mask image (PNG with or without palette, BMP, JPEG, …) for evaluation.
///
/// # Errors
/// As [`decode`].
pub fn read_mask(bytes: &[u8]) -> Result<GreyMask, PhotoError> {
    let photo = decode(bytes)?;
    let rgb = photo.pixels().to_rgb8();
    let values = rgb.pixels().map(|pixel| pixel.0.into_iter().max().unwrap_or(0)).collect();
    Ok(GreyMask { width: photo.width(), height: photo.height(), values })
}
