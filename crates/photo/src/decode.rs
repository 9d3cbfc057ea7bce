//! Bytes of a photo file to a [`Photo`].

use std::error::Error;
use std::io::{self, Cursor};

use image::codecs::webp::WebPDecoder;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageResult, Limits};

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
        ImageFormat::Png => file.png(),
        ImageFormat::WebP => {
            let mut decoder = file.tell(WebPDecoder::new(file.cursor()))?;
            let notes = first_frame_note(decoder.has_animation());
            // Metadata that cannot be read is no reason to refuse the picture.
            let exif = decoder.exif_metadata().unwrap_or(None);
            file.read(decoder, Metadata { exif, notes, ..Metadata::default() })
        }
        ImageFormat::Gif => file.gif(),
        _ => file.bmp(),
    }
}

/// What a file tells about its pixels.
#[derive(Debug, Default)]
pub(crate) struct Metadata {
    pub(crate) icc_profile: Option<Vec<u8>>,
    /// The first EXIF block.
    pub(crate) exif: Option<Vec<u8>>,
    pub(crate) notes: Vec<Note>,
}

/// A file on its way to pixels.
#[derive(Clone, Copy)]
pub(crate) struct File<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) format: ImageFormat,
    pub(crate) max_pixels: u64,
}

impl<'a> File<'a> {
    /// The photo of a decoder, which knows its colour profile.
    pub(crate) fn read(
        &self,
        mut decoder: impl ImageDecoder,
        mut metadata: Metadata,
    ) -> Result<Photo, PhotoError> {
        let (width, height) = decoder.dimensions();
        self.check_size(width, height, decoder.color_type().bytes_per_pixel().into())?;
        self.tell(decoder.set_limits(self.limits()))?;
        metadata.icc_profile = decoder.icc_profile().unwrap_or(None);
        let pixels = self.tell(DynamicImage::from_decoder(decoder))?;
        Ok(Photo::new(pixels, metadata))
    }

    /// Bytes of the pixels, once it is known that they are allowed and that there is room for them.
    pub(crate) fn check_size(&self, width: u32, height: u32, pixel_bytes: u64) -> Result<usize, PhotoError> {
        if width == 0 || height == 0 {
            return Err(self.damaged("a side of zero pixels"));
        }
        let pixels = u64::from(width) * u64::from(height);
        if pixels > self.max_pixels {
            return Err(PhotoError::TooLarge { width, height, max_pixels: self.max_pixels });
        }
        let bytes = pixels.saturating_mul(pixel_bytes);
        // Twice: turning a photo by EXIF makes a second copy.
        check_memory(bytes.saturating_mul(2))?;
        usize::try_from(bytes).map_err(|_| PhotoError::OutOfMemory { bytes })
    }

    pub(crate) fn cursor(&self) -> Cursor<&'a [u8]> {
        Cursor::new(self.bytes)
    }

    /// At most 16 bytes a pixel, and as much again for what a decoder keeps beside the pixels; 64 MiB for small ones.
    pub(crate) fn max_decoder_bytes(&self) -> u64 {
        self.max_pixels.saturating_mul(16).max(64 << 20)
    }

    fn limits(&self) -> Limits {
        let mut limits = Limits::no_limits();
        limits.max_alloc = Some(self.max_decoder_bytes());
        limits
    }

    /// A decoder's answer in this crate's terms.
    pub(crate) fn tell<T>(&self, answer: ImageResult<T>) -> Result<T, PhotoError> {
        let format = self.format_name();
        answer.map_err(|error| match error {
            error if ends_early(&error) || self.is_short() => PhotoError::CutOff { format },
            ImageError::Unsupported(_) => self.unusual(),
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

    pub(crate) fn damaged(&self, reason: &str) -> PhotoError {
        PhotoError::Damaged { format: self.format_name(), reason: reason.to_owned() }
    }

    /// The rare kinds of a format that its decoder does not read (JPEG: arithmetic coding, lossless, 12 bits).
    pub(crate) fn unusual(&self) -> PhotoError {
        let format = match self.format {
            ImageFormat::Jpeg => "this rare kind of JPEG",
            ImageFormat::Bmp => "this rare kind of BMP",
            _ => "this rare kind of image",
        };
        PhotoError::UnsupportedFormat { format }
    }

    fn format_name(&self) -> &'static str {
        name(self.format).unwrap_or("image")
    }
}

pub(crate) fn first_frame_note(animated: bool) -> Vec<Note> {
    if animated { vec![Note::FirstFrameOnly] } else { Vec::new() }
}

/// The decoders take their memory infallibly, and in wasm that ends the engine: so it is asked for once before.
pub(crate) fn check_memory(bytes: u64) -> Result<(), PhotoError> {
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
}
