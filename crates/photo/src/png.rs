//! PNG: its pixels, and its colours as a profile.

use std::io::Cursor;

use image::{DynamicImage, ImageBuffer, Luma, LumaA, Rgb, Rgba};
use png::{BitDepth, ColorType, DecodingError, InterlaceInfo, Reader, Transformations};

use crate::colours::profile_of;
use crate::decode::{File, Metadata, first_frame_note};
use crate::{Photo, PhotoError};

const SIGNATURE_LEN: usize = 8;
/// Length, name and checksum of a chunk.
const CHUNK_OVERHEAD: usize = 12;
/// The chunk that ends a file.
const END: &[u8] = b"\0\0\0\0IEND\xAE\x42\x60\x82";

/// Where each pass of an interlaced picture begins and its steps, across and down (PNG third edition, 8.1).
const ADAM7: [[u32; 4]; 7] =
    [[0, 8, 0, 8], [4, 8, 0, 8], [0, 4, 4, 8], [2, 4, 0, 4], [0, 2, 2, 4], [1, 2, 0, 2], [0, 1, 1, 2]];

impl File<'_> {
    pub(crate) fn png(&self) -> Result<Photo, PhotoError> {
        let chunks = Chunks { bytes: self.bytes, at: SIGNATURE_LEN };
        let is_cut_off = chunks.clone().all(|chunk| chunk.name != b"IEND");
        let tell = |error: DecodingError| match is_cut_off {
            true => PhotoError::CutOff { format: "PNG" },
            false => self.damaged(&error.to_string()),
        };
        let picture = picture_alone(self.bytes);
        let essential;
        let mut reader = match self.open_png(&picture) {
            Ok(reader) => reader,
            // A wrong word about its colours or its size on paper is no reason to refuse a picture.
            Err(_) => {
                essential = essential_chunks(&picture);
                self.open_png(&essential).map_err(tell)?
            }
        };
        let (width, height) = reader.info().size();
        let layout = reader.output_color_type();
        let pixel_bytes = layout.0.samples() * (layout.1 as usize / 8);
        let len = self.check_size(width, height, pixel_bytes as u64)?;
        let mut samples = vec![0; len];
        read_rows(&mut reader, &mut samples, pixel_bytes).map_err(tell)?;
        let pixels = pixels_of(samples, (width, height), layout)
            .ok_or_else(|| self.damaged("fewer pixels than its header says"))?;
        let exif = chunks.clone().find(|chunk| chunk.name == b"eXIf").map(|chunk| chunk.content.to_vec());
        let icc_profile = profile_of(reader.info());
        let notes = first_frame_note(reader.info().animation_control.is_some());
        Ok(Photo::new(pixels, Metadata { icc_profile, exif, notes }))
    }

    fn open_png<'p>(&self, bytes: &'p [u8]) -> Result<Reader<Cursor<&'p [u8]>>, DecodingError> {
        let limits = png::Limits { bytes: usize::try_from(self.max_decoder_bytes()).unwrap_or(usize::MAX) };
        let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), limits);
        decoder.set_ignore_text_chunk(true);
        // Palettes to colours, and fewer than 8 bits to 8.
        decoder.set_transformations(Transformations::EXPAND);
        decoder.read_info()
    }
}

/// The file up to its last pixels, with an end of its own.
///
/// What follows the pixels in the file is not needed: that it is missing or damaged is no error. But the decoder gives
/// the last rows out only when another chunk begins.
fn picture_alone(bytes: &[u8]) -> Vec<u8> {
    let Some(last) = (Chunks { bytes, at: SIGNATURE_LEN }).filter(|chunk| chunk.name == b"IDAT").last()
    else {
        return bytes.to_vec();
    };
    let picture = &bytes[..last.end];
    if last.end - last.start == last.len.saturating_add(CHUNK_OVERHEAD) {
        return [picture, END].concat();
    }
    // The last chunk is cut off: whether the pixels are all there is told by their count.
    let mut checksum = crc32fast::Hasher::new();
    checksum.update(last.name);
    checksum.update(last.content);
    let len = last.content.len() as u32;
    [
        &bytes[..last.start],
        &len.to_be_bytes(),
        last.name,
        last.content,
        &checksum.finalize().to_be_bytes(),
        END,
    ]
    .concat()
}

/// The file with nothing but what its pixels need.
fn essential_chunks(bytes: &[u8]) -> Vec<u8> {
    let mut essential = bytes[..SIGNATURE_LEN.min(bytes.len())].to_vec();
    for chunk in (Chunks { bytes, at: essential.len() }) {
        // A small first letter says that a picture can be shown without the chunk (PNG third edition, 5.4).
        if chunk.name[0].is_ascii_uppercase() || chunk.name == b"tRNS" {
            essential.extend(&bytes[chunk.start..chunk.end]);
        }
    }
    essential
}

/// Reads every row.
fn read_rows(
    reader: &mut Reader<Cursor<&[u8]>>,
    samples: &mut [u8],
    pixel_bytes: usize,
) -> Result<(), DecodingError> {
    let (width, height) = reader.info().size();
    let stride = width as usize * pixel_bytes;
    let rows = if reader.info().interlaced { rows_of_passes(width, height) } else { u64::from(height) };
    for row in 0..rows {
        let Some(row_read) = reader.next_interlaced_row()? else {
            break;
        };
        match row_read.interlace() {
            InterlaceInfo::Adam7(pass) => {
                png::expand_interlaced_row(samples, stride, row_read.data(), pass, pixel_bytes as u8 * 8);
            }
            InterlaceInfo::Null(_) => {
                samples[row as usize * stride..][..stride].copy_from_slice(row_read.data())
            }
        }
    }
    // Checks the picture's checksum.
    reader.next_interlaced_row().map(|_| ())
}

/// Number of rows of all passes together; a pass without a column has none.
fn rows_of_passes(width: u32, height: u32) -> u64 {
    let steps = |len: u32, first: u32, step: u32| u64::from(len.saturating_sub(first).div_ceil(step));
    ADAM7.iter().filter(|[x, ..]| width > *x).map(|&[_, _, first, step]| steps(height, first, step)).sum()
}

fn pixels_of(samples: Vec<u8>, size: (u32, u32), layout: (ColorType, BitDepth)) -> Option<DynamicImage> {
    let (width, height) = size;
    if layout.1 == BitDepth::Sixteen {
        let samples: Vec<u16> = samples.as_chunks().0.iter().map(|&pair| u16::from_be_bytes(pair)).collect();
        return match layout.0 {
            ColorType::Grayscale => {
                ImageBuffer::<Luma<u16>, _>::from_raw(width, height, samples).map(Into::into)
            }
            ColorType::GrayscaleAlpha => {
                ImageBuffer::<LumaA<u16>, _>::from_raw(width, height, samples).map(Into::into)
            }
            ColorType::Rgb => ImageBuffer::<Rgb<u16>, _>::from_raw(width, height, samples).map(Into::into),
            ColorType::Rgba => ImageBuffer::<Rgba<u16>, _>::from_raw(width, height, samples).map(Into::into),
            ColorType::Indexed => None,
        };
    }
    match layout.0 {
        ColorType::Grayscale => ImageBuffer::<Luma<u8>, _>::from_raw(width, height, samples).map(Into::into),
        ColorType::GrayscaleAlpha => {
            ImageBuffer::<LumaA<u8>, _>::from_raw(width, height, samples).map(Into::into)
        }
        ColorType::Rgb => ImageBuffer::<Rgb<u8>, _>::from_raw(width, height, samples).map(Into::into),
        ColorType::Rgba => ImageBuffer::<Rgba<u8>, _>::from_raw(width, height, samples).map(Into::into),
        ColorType::Indexed => None,
    }
}

/// One chunk, as far as the file has it.
struct Chunk<'a> {
    name: &'a [u8; 4],
    content: &'a [u8],
    /// Length of the content, as the chunk says.
    len: usize,
    /// Index of its length.
    start: usize,
    /// Index behind its checksum.
    end: usize,
}

#[derive(Clone)]
struct Chunks<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Iterator for Chunks<'a> {
    type Item = Chunk<'a>;

    fn next(&mut self) -> Option<Chunk<'a>> {
        let rest = self.bytes.get(self.at..)?;
        let len = u32::from_be_bytes(*rest.first_chunk()?) as usize;
        let name = rest.get(4..8)?.first_chunk()?;
        let content = &rest[8..rest.len().min(8usize.saturating_add(len))];
        let start = self.at;
        self.at = self.bytes.len().min(start.saturating_add(len).saturating_add(CHUNK_OVERHEAD));
        Some(Chunk { name, content, len, start, end: self.at })
    }
}
