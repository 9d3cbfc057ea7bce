//! What is asked of an EXIF block: which way the photo is up.

use image::metadata::Orientation;

/// JPEG's name for the segment. Some writers of WebP and PNG put it before their block, too.
const PREFIX: &[u8] = b"Exif\0\0";

/// The block in a segment or chunk that begins with the name.
pub(crate) fn strip_prefix(segment: &[u8]) -> Option<&[u8]> {
    segment.strip_prefix(PREFIX)
}

/// Whether a block begins here and does not go on from an earlier segment.
pub(crate) fn has_tiff_header(block: &[u8]) -> bool {
    block.starts_with(b"II*\0") || block.starts_with(b"MM\0*")
}

/// The orientation that the block names, or none.
pub(crate) fn orientation(exif: Option<&[u8]>) -> Orientation {
    let block = exif.map(|exif| strip_prefix(exif).unwrap_or(exif));
    block.and_then(Orientation::from_exif_chunk).unwrap_or(Orientation::NoTransforms)
}

#[cfg(test)]
mod tests {
    use super::*;

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
