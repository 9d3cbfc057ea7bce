//! Bytes of a photo file to a [`Photo`].

use std::error::Error;
use std::io::{self, Cursor};

use image::codecs::bmp::BmpDecoder;
use image::codecs::gif::GifDecoder;
use image::codecs::jpeg::JpegDecoder;
use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::metadata::Orientation;
use image::{AnimationDecoder, DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageResult, Limits};

use crate::jpeg_markers::outline;
use crate::sniff::{name, sniff};
use crate::{Note, Photo, PhotoError};

/// The largest photo that [`decode`] opens, in pixels: 256 megapixels, and 64 in wasm, whose 4 GiB also hold the
/// model. Decoding and turning a photo takes up to four times its pixels for a moment.
pub const MAX_PIXELS: u64 = if cfg!(target_arch = "wasm32") { 64_000_000 } else { 256_000_000 };

/// A photo from the bytes of a JPEG, PNG, WebP, GIF or BMP file, of at most [`MAX_PIXELS`].
///
/// # Errors
/// See [`PhotoError`]; every message says what to do next.
pub fn decode(bytes: &[u8]) -> Result<Photo, PhotoError> {
    decode_up_to(bytes, MAX_PIXELS)
}

/// [`decode`] with another limit on the number of pixels, which is checked before anything is decoded.
///
/// # Errors
/// See [`PhotoError`].
pub fn decode_up_to(bytes: &[u8], max_pixels: u64) -> Result<Photo, PhotoError> {
    let format = sniff(bytes)?;
    let file = File { bytes, format, max_pixels };
    match format {
        ImageFormat::Jpeg => file.jpeg(),
        ImageFormat::Png => {
            let decoder = file.tell(PngDecoder::with_limits(file.cursor(), file.limits()))?;
            let animated = file.tell(decoder.is_apng())?;
            file.read(decoder, first_frame_note(animated))
        }
        ImageFormat::WebP => {
            let decoder = file.tell(WebPDecoder::new(file.cursor()))?;
            let animated = decoder.has_animation();
            file.read(decoder, first_frame_note(animated))
        }
        ImageFormat::Gif => file.gif(),
        _ => file.read(file.tell(BmpDecoder::new(file.cursor()))?, Vec::new()),
    }
}

/// A file on its way to pixels.
struct File<'a> {
    bytes: &'a [u8],
    format: ImageFormat,
    max_pixels: u64,
}

impl<'a> File<'a> {
    fn jpeg(&self) -> Result<Photo, PhotoError> {
        let outline = outline(self.bytes);
        if !outline.whole {
            return Err(PhotoError::CutOff { format: "JPEG" });
        }
        // The decoder mixes the lines of this layout up, and would not say so.
        if outline.components == 4 && outline.first_is_coarse {
            return Err(PhotoError::UnsupportedFormat { format: unusual(self.format) });
        }
        let notes = if outline.components == 4 { vec![Note::CmykConverted] } else { Vec::new() };
        self.read(self.tell(JpegDecoder::new(self.cursor()))?, notes)
    }

    fn gif(&self) -> Result<Photo, PhotoError> {
        let mut photo = self.read(self.tell(GifDecoder::new(self.cursor()))?, Vec::new())?;
        // A GIF does not say how many frames it has: whether there is a second one shows only by reading on.
        let frames = self.tell(GifDecoder::new(self.cursor()))?.into_frames();
        if frames.take(2).filter(ImageResult::is_ok).count() > 1 {
            photo = photo.with_note(Note::FirstFrameOnly);
        }
        Ok(photo)
    }

    fn read(&self, mut decoder: impl ImageDecoder, notes: Vec<Note>) -> Result<Photo, PhotoError> {
        let (width, height) = decoder.dimensions();
        if width == 0 || height == 0 {
            return Err(self.damaged("a side of zero pixels"));
        }
        if u64::from(width) * u64::from(height) > self.max_pixels {
            return Err(PhotoError::TooLarge { width, height, max_pixels: self.max_pixels });
        }
        // Twice: turning a photo by EXIF makes a second copy.
        check_memory(decoder.total_bytes().saturating_mul(2))?;
        self.tell(decoder.set_limits(self.limits()))?;
        // Metadata that cannot be read is no reason to refuse the picture.
        let icc_profile = decoder.icc_profile().unwrap_or(None);
        let exif = decoder.exif_metadata().unwrap_or(None);
        let pixels = self.tell(DynamicImage::from_decoder(decoder))?;
        Ok(Photo::new(pixels, orientation(exif.as_deref()), icc_profile, notes))
    }

    fn cursor(&self) -> Cursor<&'a [u8]> {
        Cursor::new(self.bytes)
    }

    /// At most 16 bytes a pixel, and as much again for what a decoder keeps beside the pixels; 64 MiB for small ones.
    fn limits(&self) -> Limits {
        let mut limits = Limits::no_limits();
        limits.max_alloc = Some(self.max_pixels.saturating_mul(16).max(64 << 20));
        limits
    }

    /// A decoder's answer in this crate's terms.
    fn tell<T>(&self, answer: ImageResult<T>) -> Result<T, PhotoError> {
        let format = self.format_name();
        answer.map_err(|error| match error {
            error if ends_early(&error) || self.is_short() => PhotoError::CutOff { format },
            ImageError::Unsupported(_) => PhotoError::UnsupportedFormat { format: unusual(self.format) },
            error => self.damaged(&error.to_string()),
        })
    }

    /// Whether the file misses its end, for the formats whose decoders do not say so. Asked only once decoding has
    /// failed: a file with all its pixels and a wrong length is fine.
    fn is_short(&self) -> bool {
        match self.format {
            ImageFormat::WebP => {
                let riff_len = self.bytes.get(4..8).and_then(|len| len.first_chunk());
                riff_len.is_some_and(|&len| 8 + u64::from(u32::from_le_bytes(len)) > self.bytes.len() as u64)
            }
            ImageFormat::Gif => self.bytes.last() != Some(&b';'),
            _ => false,
        }
    }

    fn damaged(&self, reason: &str) -> PhotoError {
        PhotoError::Damaged { format: self.format_name(), reason: reason.to_owned() }
    }

    fn format_name(&self) -> &'static str {
        name(self.format).unwrap_or("image")
    }
}

fn first_frame_note(animated: bool) -> Vec<Note> {
    if animated { vec![Note::FirstFrameOnly] } else { Vec::new() }
}

/// The rare kinds of a format that its decoder refuses (JPEG: arithmetic coding, lossless, 12 bits).
fn unusual(format: ImageFormat) -> &'static str {
    match format {
        ImageFormat::Jpeg => "this rare kind of JPEG",
        ImageFormat::Bmp => "this rare kind of BMP",
        _ => "this rare kind of image",
    }
}

/// Some writers of WebP and PNG put JPEG's `Exif` prefix before the block.
fn orientation(exif: Option<&[u8]>) -> Orientation {
    let block = exif.map(|exif| exif.strip_prefix(b"Exif\0\0").unwrap_or(exif));
    block.and_then(Orientation::from_exif_chunk).unwrap_or(Orientation::NoTransforms)
}

/// The decoders take their memory infallibly, and in wasm that ends the engine: so it is asked for once before.
fn check_memory(bytes: u64) -> Result<(), PhotoError> {
    let refused = PhotoError::OutOfMemory { bytes };
    let Ok(len) = usize::try_from(bytes) else {
        return Err(refused);
    };
    Vec::<u8>::new().try_reserve_exact(len).map_err(|_| refused)
}

/// Whether the error, or one that it wraps, is an unexpected end of the file.
fn ends_early(error: &ImageError) -> bool {
    let is_end = |error: &io::Error| error.kind() == io::ErrorKind::UnexpectedEof;
    // `source` of this variant passes over the I/O error itself.
    if let ImageError::IoError(error) = error {
        return is_end(error);
    }
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = next {
        if error.downcast_ref().is_some_and(is_end) {
            return true;
        }
        next = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_that_does_not_exist_is_refused_and_a_little_is_not() {
        assert!(check_memory(1 << 20).is_ok());
        let refused = check_memory(u64::MAX).unwrap_err();
        assert_eq!(refused.code(), "out-of-memory");
        assert!(refused.to_string().contains("make it smaller"), "{refused}");
    }

    #[test]
    fn exif_prefix_is_optional() {
        let block = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
        let prefixed = [b"Exif\0\0".as_slice(), block].concat();
        assert_eq!(orientation(Some(block)), Orientation::Rotate90);
        assert_eq!(orientation(Some(&prefixed)), Orientation::Rotate90);
        assert_eq!(orientation(Some(b"nonsense")), Orientation::NoTransforms);
        assert_eq!(orientation(None), Orientation::NoTransforms);
    }
}
