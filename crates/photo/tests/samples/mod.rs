//! Photo files made in code: nothing here comes from anybody's camera.

// Each test program uses its own part of these.
#![allow(dead_code)]

use std::io::Cursor;

use image::codecs::{jpeg::JpegEncoder, png::PngEncoder, webp::WebPEncoder};
use image::{DynamicImage, ImageEncoder, ImageFormat, Rgb, RgbImage};

/// A photo without symmetry, so that every turn and flip of it is another photo; smooth, so that JPEG keeps it.
pub fn slope(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let along = |at: u32, len: u32| (255 * at / len.max(2).saturating_sub(1)).min(255) as u8;
        Rgb([along(x, width), along(y, height), 90])
    })
}

pub fn png(image: &DynamicImage) -> Vec<u8> {
    write(image, ImageFormat::Png)
}

pub fn write(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// A JPEG, PNG or WebP file with an EXIF block and a colour profile.
pub fn tagged(image: &DynamicImage, format: ImageFormat, exif: &[u8], icc: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    match format {
        ImageFormat::Jpeg => write_tagged(JpegEncoder::new_with_quality(&mut bytes, 98), image, exif, icc),
        ImageFormat::Png => write_tagged(PngEncoder::new(&mut bytes), image, exif, icc),
        ImageFormat::WebP => write_tagged(WebPEncoder::new_lossless(&mut bytes), image, exif, icc),
        other => panic!("no tags in {other:?}"),
    }
    bytes
}

fn write_tagged(mut encoder: impl ImageEncoder, image: &DynamicImage, exif: &[u8], icc: &[u8]) {
    if !exif.is_empty() {
        encoder.set_exif_metadata(exif.to_vec()).unwrap();
    }
    if !icc.is_empty() {
        encoder.set_icc_profile(icc.to_vec()).unwrap();
    }
    image.write_with_encoder(encoder).unwrap();
}

/// An EXIF block that says nothing but the orientation.
pub fn exif_orientation(orientation: u8) -> Vec<u8> {
    let mut block = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0".to_vec();
    block[19] = orientation;
    block
}

/// Bytes with an ICC profile's header for a colour space (`RGB `, `GRAY`, `CMYK`), and a body that is not compressible.
pub fn icc(colour_space: &[u8; 4], len: usize) -> Vec<u8> {
    let mut state = 7u32;
    let mut profile: Vec<u8> = (0..len)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .collect();
    profile[..4].copy_from_slice(&(len as u32).to_be_bytes());
    profile[16..20].copy_from_slice(colour_space);
    profile[36..40].copy_from_slice(b"acsp");
    profile
}

/// A chunk of a PNG file: length, name, content, checksum.
pub fn png_chunk(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let named = [name.as_slice(), content].concat();
    let mut crc = u32::MAX;
    for byte in &named {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { 0xedb8_8320 ^ (crc >> 1) } else { crc >> 1 };
        }
    }
    [&(content.len() as u32).to_be_bytes(), named.as_slice(), &(!crc).to_be_bytes()].concat()
}

/// A PNG from its header fields, chunks before the pixels, and raw scan lines (filter byte first), stored uncompressed.
pub fn raw_png(size: (u32, u32), depth: u8, colour_type: u8, chunks: &[u8], lines: &[u8]) -> Vec<u8> {
    let mut header = [size.0.to_be_bytes(), size.1.to_be_bytes()].concat();
    header.extend([depth, colour_type, 0, 0, 0]);
    let (mut a, mut b) = (1u32, 0u32);
    for byte in lines {
        a = (a + u32::from(*byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    let len = lines.len() as u16;
    let mut zlib = vec![0x78, 0x01, 0x01];
    zlib.extend(len.to_le_bytes());
    zlib.extend((!len).to_le_bytes());
    zlib.extend(lines);
    zlib.extend(((b << 16) | a).to_be_bytes());
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    file.extend(png_chunk(b"IHDR", &header));
    file.extend(chunks);
    file.extend(png_chunk(b"IDAT", &zlib));
    file.extend(png_chunk(b"IEND", &[]));
    file
}

/// A WebP animation of whole-canvas frames.
pub fn animated_webp(frames: &[RgbImage]) -> Vec<u8> {
    let chunk = |name: &[u8; 4], content: &[u8]| {
        let mut bytes = [name.as_slice(), &(content.len() as u32).to_le_bytes(), content].concat();
        bytes.resize(bytes.len().next_multiple_of(2), 0);
        bytes
    };
    let u24 = |value: u32| value.to_le_bytes()[..3].to_vec();
    let size = [u24(frames[0].width() - 1), u24(frames[0].height() - 1)].concat();
    let animation_flag = 0x02;
    let mut body = b"WEBP".to_vec();
    body.extend(chunk(b"VP8X", &[&[animation_flag, 0, 0, 0], size.as_slice()].concat()));
    body.extend(chunk(b"ANIM", &[0; 6]));
    for frame in frames {
        let still = write(&DynamicImage::from(frame.clone()), ImageFormat::WebP);
        let picture = &still[12..];
        let header = [u24(0), u24(0), size.clone(), u24(100), vec![0]].concat();
        body.extend(chunk(b"ANMF", &[header.as_slice(), picture].concat()));
    }
    [b"RIFF".as_slice(), &(body.len() as u32).to_le_bytes(), &body].concat()
}

/// Largest difference between two pictures of 8-bit samples.
pub fn largest_difference(a: &[u8], b: &[u8]) -> u8 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| a.abs_diff(*b)).max().unwrap_or(0)
}

/// Mean difference between two pictures of 8-bit samples.
pub fn mean_difference(a: &[u8], b: &[u8]) -> f64 {
    assert_eq!(a.len(), b.len());
    let sum: u64 = a.iter().zip(b).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    sum as f64 / a.len() as f64
}
