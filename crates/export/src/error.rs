//! Why a file was not written.

use thiserror::Error;

/// Why a mask did not become a file.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The mask is for another photo.
    #[error("The mask has {got} pixels and the photo {width} × {height}. Make the mask of this photo again.")]
    MaskSize {
        /// Width of the photo in pixels.
        width: u32,
        /// Height of the photo in pixels.
        height: u32,
        /// Pixels of the mask.
        got: usize,
    },
    /// The PNG writer refused.
    #[error("The PNG could not be written ({0}). Make the photo smaller and try again.")]
    Encode(#[from] image::ImageError),
}

/// A mask's length against the size it is for.
pub(crate) fn check_size(mask: &[u8], width: u32, height: u32) -> Result<(), ExportError> {
    let pixels = u64::from(width) * u64::from(height);
    if pixels == 0 || pixels != mask.len() as u64 {
        return Err(ExportError::MaskSize { width, height, got: mask.len() });
    }
    Ok(())
}
