//! Any bytes as EXIF block, in one segment or two: the photo opens, upright or turned.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

static JPEG: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut file = Vec::new();
    jpeg_encoder::Encoder::new(&mut file, 90).encode(&[9; 6], 3, 2, jpeg_encoder::ColorType::Luma).unwrap();
    file
});
const MAX_SEGMENT: usize = 65_000;

fuzz_target!(|bytes: &[u8]| {
    let (first, second) = bytes.split_at(bytes.first().map_or(0, |&at| usize::from(at).min(bytes.len())));
    let mut file = JPEG[..2].to_vec();
    for block in [first, second] {
        let block = &block[..block.len().min(MAX_SEGMENT)];
        file.extend([0xff, 0xe1]);
        file.extend((block.len() as u16 + 8).to_be_bytes());
        file.extend(b"Exif\0\0");
        file.extend(block);
    }
    file.extend(&JPEG[2..]);
    let photo = maskov_photo::decode(&file).expect("the picture is whole, whatever its EXIF says");
    assert!(matches!((photo.width(), photo.height()), (3, 2) | (2, 3)));
});
