//! JPEG: the usual layouts by the faster decoder, every other one by the more thorough one.

use image::codecs::jpeg::JpegDecoder;
use image::{DynamicImage, GrayImage, RgbImage};
use jpeg_decoder::{Decoder, PixelFormat};

use crate::decode::{File, Metadata, check_memory};
use crate::jpeg_markers::{END_OF_IMAGE, Outline, outline};
use crate::{Note, Photo, PhotoError};

/// Every scan goes over the whole picture, however short it is in the file: a small file of very many would keep the
/// machine busy for hours. Writers make about ten.
const MAX_SCANS: usize = 100;

impl File<'_> {
    pub(crate) fn jpeg(&self) -> Result<Photo, PhotoError> {
        let outline = outline(self.bytes);
        if outline.is_lossless() || outline.has_miscounted_scan || outline.scans > MAX_SCANS {
            return Err(self.unusual());
        }
        if !outline.whole {
            return self.jpeg_without_end(&outline);
        }
        if outline.is_usual() {
            let metadata = Metadata { exif: outline.exif, ..Metadata::default() };
            return self.read(self.tell(JpegDecoder::new(self.cursor()))?, metadata);
        }
        let (pixels, metadata) = self.rare_jpeg(self.bytes, &outline)?;
        Ok(Photo::new(pixels, metadata))
    }

    /// A file that ends before its end marker: a photo when no pixel is missing.
    fn jpeg_without_end(&self, outline: &Outline) -> Result<Photo, PhotoError> {
        let cut_off = PhotoError::CutOff { format: "JPEG" };
        if !outline.is_complete() {
            return Err(cut_off);
        }
        // Zeros at the end are what a file system or a transfer put in the place of what it lost, unless the pixels
        // need every one of them.
        let zeros = self.bytes.iter().rev().take_while(|&&byte| byte == 0).count();
        let photo = match self.jpeg_that_ends_in_pixels(self.bytes.len() - zeros, outline)? {
            None if zeros > 0 && self.jpeg_that_ends_in_pixels(self.bytes.len() - 1, outline)?.is_none() => {
                self.jpeg_that_ends_in_pixels(self.bytes.len(), outline)?
            }
            photo => photo,
        };
        photo.ok_or(cut_off)
    }

    /// The photo in the first `len` bytes, unless a pixel is missing in them. The decoder does not say how far it
    /// got, but shows it: pixels that are there do not change with what is put behind them.
    fn jpeg_that_ends_in_pixels(&self, len: usize, outline: &Outline) -> Result<Option<Photo>, PhotoError> {
        let there = &self.bytes[..len];
        // Half an end marker.
        let there = there.strip_suffix(&[0xff]).unwrap_or(there);
        let with_tail = |tail: &[u8]| {
            let bytes = [there, tail, &[0xff, END_OF_IMAGE]].concat();
            match self.rare_jpeg(&bytes, outline) {
                Err(PhotoError::Damaged { .. } | PhotoError::CutOff { .. }) => Ok(None),
                decoded => decoded.map(Some),
            }
        };
        // No Huffman code is all ones. A zero follows each 0xff of picture data.
        let (zeros, ones) = ([0; 32], [0xff, 0].repeat(32));
        let Some((pixels, metadata)) = with_tail(&zeros)? else {
            return Ok(None);
        };
        let is_same = with_tail(&ones)?.is_some_and(|(again, _)| again == pixels);
        Ok(is_same.then(|| Photo::new(pixels, metadata)))
    }

    /// Every sampling and order of scans.
    fn rare_jpeg(&self, bytes: &[u8], outline: &Outline) -> Result<(DynamicImage, Metadata), PhotoError> {
        let mut decoder = Decoder::new(bytes);
        let tell = |error| self.tell_jpeg(error);
        decoder.read_info().map_err(tell)?;
        let info = decoder.info().ok_or_else(|| self.damaged("no frame header"))?;
        let (width, height) = (u32::from(info.width), u32::from(info.height));
        let pixel_bytes = info.pixel_format.pixel_bytes() as u64;
        let len = self.check_size(width, height, pixel_bytes)?;
        // Coefficients of two bytes each, planes and pixels stand beside one another.
        check_memory(4 * len as u64)?;
        decoder.set_max_decoding_buffer_size(len);
        let samples = decoder.decode().map_err(tell)?;
        let pixels = match info.pixel_format {
            PixelFormat::L8 => GrayImage::from_raw(width, height, samples).map(DynamicImage::from),
            PixelFormat::RGB24 => RgbImage::from_raw(width, height, samples).map(DynamicImage::from),
            PixelFormat::CMYK32 => {
                RgbImage::from_raw(width, height, rgb_of_inks(&samples)).map(DynamicImage::from)
            }
            PixelFormat::L16 => return Err(self.unusual()),
        };
        let pixels = pixels.ok_or_else(|| self.damaged("fewer pixels than its header says"))?;
        let inks = info.pixel_format == PixelFormat::CMYK32;
        let notes = if inks { vec![Note::CmykConverted] } else { Vec::new() };
        Ok((pixels, Metadata { icc_profile: decoder.icc_profile(), exif: outline.exif.clone(), notes }))
    }

    fn tell_jpeg(&self, error: jpeg_decoder::Error) -> PhotoError {
        match error {
            // The file has its end marker: a segment in it is longer than the file.
            jpeg_decoder::Error::Io(_) => PhotoError::CutOff { format: "JPEG" },
            jpeg_decoder::Error::Unsupported(_) => self.unusual(),
            other => self.damaged(&other.to_string()),
        }
    }
}

/// Ink (255 is full) on white paper, [pixels, 4] to [pixels, 3].
fn rgb_of_inks(cmyk: &[u8]) -> Vec<u8> {
    let paper = |ink: u8, black: u8| (u32::from(255 - ink) * u32::from(255 - black) / 255) as u8;
    cmyk.as_chunks().0.iter().flat_map(|&[c, m, y, k]| [paper(c, k), paper(m, k), paper(y, k)]).collect()
}
