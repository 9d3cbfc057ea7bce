//! PNG files, with nothing in them but pixels and a colour profile.

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{DynamicImage, ExtendedColorType, ImageEncoder};
use maskov_photo::Photo;

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

/// The longest side of a picture that every browser shows.
const MAX_SHOWN_SIDE: u32 = 32_767;

/// The whole photo as a browser is to show it: its own pixels, 8 bits a channel, with their colour profile, at its own
/// size or, above 32 767 on a side, shrunk to that. Not compressed: it is read at once and on the same machine, where
/// the time costs more than the bytes.
///
/// # Errors
/// [`ExportError::Encode`].
pub fn photo_png(photo: &Photo) -> Result<Vec<u8>, ExportError> {
    let shrunk = (photo.width().max(photo.height()) > MAX_SHOWN_SIDE)
        .then(|| photo.pixels().thumbnail(MAX_SHOWN_SIDE, MAX_SHOWN_SIDE));
    let pixels = shrunk.as_ref().unwrap_or(photo.pixels());
    // Grey stays grey: a grey profile describes nothing else.
    let shallow: Option<DynamicImage> = match pixels {
        DynamicImage::ImageLuma16(_) => Some(pixels.to_luma8().into()),
        DynamicImage::ImageLumaA16(_) => Some(pixels.to_luma_alpha8().into()),
        DynamicImage::ImageRgb16(_) | DynamicImage::ImageRgb32F(_) => Some(pixels.to_rgb8().into()),
        DynamicImage::ImageRgba16(_) | DynamicImage::ImageRgba32F(_) => Some(pixels.to_rgba8().into()),
        _ => None,
    };
    write(
        shallow.as_ref().unwrap_or(pixels),
        photo.icc_profile(),
        CompressionType::Uncompressed,
        FilterType::NoFilter,
    )
}

/// Pixels of any 8- or 16-bit layout, with the colour profile that describes them.
pub(crate) fn picture_png(
    picture: &DynamicImage,
    icc_profile: Option<&[u8]>,
) -> Result<Vec<u8>, ExportError> {
    write(picture, icc_profile, CompressionType::Fast, FilterType::Adaptive)
}

fn write(
    picture: &DynamicImage,
    icc_profile: Option<&[u8]>,
    compression: CompressionType,
    filter: FilterType,
) -> Result<Vec<u8>, ExportError> {
    let mut bytes = Vec::new();
    let mut encoder = PngEncoder::new_with_quality(&mut bytes, compression, filter);
    if let Some(profile) = icc_profile {
        encoder.set_icc_profile(profile.to_vec()).map_err(image::ImageError::Unsupported)?;
    }
    picture.write_with_encoder(encoder)?;
    Ok(bytes)
}
