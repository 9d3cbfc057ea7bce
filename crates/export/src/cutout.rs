//! The object alone, on nothing.

use image::{DynamicImage, ImageBuffer, Pixel};
use maskov_photo::Photo;

use crate::ExportError;
use crate::error::check_size;
use crate::png::picture_png;

/// The photo's own pixels where `mask` is not 0, at their own depth and with their colour profile; elsewhere alpha
/// and colour are 0, so that nothing of the rest is left in the file. A pixel that was transparent already stays so.
/// A grey photo becomes grey with alpha (its grey profile would be wrong for RGB), any other RGBA.
///
/// No EXIF, XMP or text is written: the photo is upright already, and place, time and camera stay with its owner.
///
/// # Errors
/// [`ExportError::MaskSize`] where `mask` is not [height × width] of the photo.
pub fn cutout_png(photo: &Photo, mask: &[u8]) -> Result<Vec<u8>, ExportError> {
    check_size(mask, photo.width(), photo.height())?;
    // `to_…` adds an opaque alpha where there is none.
    let picture: DynamicImage = match photo.pixels() {
        DynamicImage::ImageLuma8(_) | DynamicImage::ImageLumaA8(_) => {
            cut(photo.pixels().to_luma_alpha8(), mask).into()
        }
        DynamicImage::ImageLuma16(_) | DynamicImage::ImageLumaA16(_) => {
            cut(photo.pixels().to_luma_alpha16(), mask).into()
        }
        DynamicImage::ImageRgb8(_) | DynamicImage::ImageRgba8(_) => {
            cut(photo.pixels().to_rgba8(), mask).into()
        }
        other => cut(other.to_rgba16(), mask).into(),
    };
    picture_png(&picture, photo.icc_profile())
}

fn cut<P: Pixel>(
    mut picture: ImageBuffer<P, Vec<P::Subpixel>>,
    mask: &[u8],
) -> ImageBuffer<P, Vec<P::Subpixel>>
where
    P::Subpixel: Default,
{
    for (pixel, &inside) in picture.pixels_mut().zip(mask) {
        if inside == 0 {
            pixel.channels_mut().fill(P::Subpixel::default());
        }
    }
    picture
}
