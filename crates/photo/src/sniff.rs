//! What a file is, by its first bytes.

use image::ImageFormat;

use crate::PhotoError;

/// First bytes of formats that people drop and that are not read here. Camera raw files are mostly TIFF inside.
const NOT_READ: &[(&[u8], &str)] = &[
    (b"II*\0", "TIFF and camera raw"),
    (b"MM\0*", "TIFF and camera raw"),
    (b"FUJIFILMCCD-RAW", "camera raw"),
    (b"IIU\0", "camera raw"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL ", "JPEG XL"),
    (b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (b"8BPS", "Photoshop"),
    (b"%PDF", "PDF"),
    (b"\0\0\x01\0", "icon"),
    (b"<svg", "SVG"),
];

/// Brands of ISO base media files (ISO/IEC 23008-12 and the AVIF specification). AVIF stands first: it shares `mif1`.
const BRANDS: &[(&[u8; 4], &str)] = &[
    (b"avif", "AVIF"),
    (b"avis", "AVIF"),
    (b"heic", "HEIC"),
    (b"heix", "HEIC"),
    (b"heim", "HEIC"),
    (b"heis", "HEIC"),
    (b"hevc", "HEIC"),
    (b"hevx", "HEIC"),
    (b"mif1", "HEIC"),
    (b"msf1", "HEIC"),
    (b"crx ", "camera raw"),
];

/// The format of a file that can be read, or why it cannot.
pub(crate) fn sniff(bytes: &[u8]) -> Result<ImageFormat, PhotoError> {
    if bytes.is_empty() {
        return Err(PhotoError::Empty);
    }
    if let Some(format) = not_read(bytes) {
        return Err(PhotoError::UnsupportedFormat { format });
    }
    match image::guess_format(bytes) {
        Ok(format) if name(format).is_some() => Ok(format),
        _ => Err(PhotoError::NotAPhoto),
    }
}

/// Whether a file that begins with these bytes is of a format that is read here.
pub fn is_picture(head: &[u8]) -> bool {
    sniff(head).is_ok()
}

/// The usual name of a format that is read here.
pub(crate) fn name(format: ImageFormat) -> Option<&'static str> {
    match format {
        ImageFormat::Jpeg => Some("JPEG"),
        ImageFormat::Png => Some("PNG"),
        ImageFormat::WebP => Some("WebP"),
        ImageFormat::Gif => Some("GIF"),
        ImageFormat::Bmp => Some("BMP"),
        _ => None,
    }
}

fn not_read(bytes: &[u8]) -> Option<&'static str> {
    let by_magic = NOT_READ.iter().find(|(magic, _)| bytes.starts_with(magic));
    if let Some((_, format)) = by_magic {
        return Some(format);
    }
    if bytes.starts_with(b"<?xml") && bytes[..bytes.len().min(1024)].windows(4).any(|word| word == b"<svg") {
        return Some("SVG");
    }
    let brands = brands(bytes)?;
    BRANDS.iter().find(|(brand, _)| brands.contains(brand)).map(|(_, format)| *format)
}

/// Major and compatible brands of the `ftyp` box that opens an ISO base media file (ISO/IEC 14496-12, 4.3).
fn brands(bytes: &[u8]) -> Option<Vec<&[u8; 4]>> {
    if bytes.get(4..8)? != b"ftyp" {
        return None;
    }
    let len = u32::from_be_bytes(*bytes.first_chunk()?) as usize;
    let body = bytes.get(8..len.min(bytes.len()))?;
    Some(body.as_chunks().0.iter().collect())
}
