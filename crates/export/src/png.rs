//! PNG files, with nothing in them but pixels and a colour profile.

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};

use crate::ExportError;
use crate::error::check_size;

/// The mask as 8-bit grey, 255 where `mask` is not 0; `mask` is [height × width].
///
/// # Errors
/// [`ExportError::MaskSize`] where the length is not width × height.
pub fn mask_png(mask: &[u8], width: u32, height: u32) -> Result<Vec<u8>, ExportError> {
    check_size(mask, width, height)?;
    let grey: Vec<u8> = mask.iter().map(|&value| if value == 0 { 0 } else { 255 }).collect();
    let mut bytes = Vec::new();
    // Runs of one value compress best unfiltered.
    PngEncoder::new_with_quality(&mut bytes, CompressionType::Default, FilterType::NoFilter).write_image(
        &grey,
        width,
        height,
        ExtendedColorType::L8,
    )?;
    Ok(bytes)
}

/// Pixels of any 8- or 16-bit layout, with the colour profile that describes them.
pub(crate) fn picture_png(
    picture: &image::DynamicImage,
    icc_profile: Option<&[u8]>,
) -> Result<Vec<u8>, ExportError> {
    let mut bytes = Vec::new();
    let mut encoder = PngEncoder::new_with_quality(&mut bytes, CompressionType::Fast, FilterType::Adaptive);
    if let Some(profile) = icc_profile {
        encoder.set_icc_profile(profile.to_vec()).map_err(image::ImageError::Unsupported)?;
    }
    picture.write_with_encoder(encoder)?;
    Ok(bytes)
}
