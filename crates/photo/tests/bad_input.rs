//! What does not open, and what it says.

mod samples;

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{DynamicImage, GrayImage, ImageFormat, Luma};
use jpeg_encoder::{ColorType, Encoder};
use maskov_photo::{PhotoError, decode, decode_up_to, read_mask};
use samples::{animated_webp, largest_difference, png_chunk, raw_png, slope, write};

const ALL: [ImageFormat; 5] =
    [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP, ImageFormat::Gif, ImageFormat::Bmp];

/// Every message is a sentence with a next step, for the code `bad-image`.
fn refused(bytes: &[u8]) -> PhotoError {
    let error = decode(bytes).map(|photo| (photo.width(), photo.height())).expect_err("must not open");
    let message = error.to_string();
    assert!(message.ends_with('.') && message.contains(". "), "not two sentences: {message}");
    assert_eq!(error.code(), "bad-image");
    error
}

fn photo(format: ImageFormat) -> Vec<u8> {
    write(&slope(120, 90).into(), format)
}

#[test]
fn no_bytes() {
    assert!(matches!(refused(&[]), PhotoError::Empty));
    assert!(matches!(read_mask(&[]), Err(PhotoError::Empty)));
}

#[test]
fn not_an_image() {
    for bytes in
        [b"Dear diary, today I saw a llama.".as_slice(), b"PK\x03\x04", &[0], &[0xff, 0xd8], &[0; 4096]]
    {
        assert!(matches!(refused(bytes), PhotoError::NotAPhoto), "{bytes:?}");
    }
}

#[test]
fn formats_that_are_known_and_not_read_are_named() {
    let ftyp = |major: &[u8], other: &[u8]| {
        let content = [major, &[0; 4], other].concat();
        [&(8 + content.len() as u32).to_be_bytes(), b"ftyp".as_slice(), &content, b"\0\0\0\x08mdat"].concat()
    };
    let cases = [
        (ftyp(b"heic", b"mif1heic"), "HEIC"),
        (ftyp(b"mif1", b"mif1heic"), "HEIC"),
        (ftyp(b"avif", b"avifmif1miaf"), "AVIF"),
        (ftyp(b"mif1", b"mif1avif"), "AVIF"),
        (ftyp(b"crx ", b"crx isom"), "camera raw"),
        (b"II*\0\x08\0\0\0".to_vec(), "TIFF"),
        (b"MM\0*\0\0\0\x08".to_vec(), "TIFF"),
        (b"\0\0\0\x0cJXL \r\n\x87\n".to_vec(), "JPEG XL"),
        (b"<?xml version=\"1.0\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\"/>".to_vec(), "SVG"),
        (b"%PDF-1.7".to_vec(), "PDF"),
    ];
    for (bytes, wanted) in cases {
        let error = refused(&bytes);
        let PhotoError::UnsupportedFormat { format } = &error else { panic!("{wanted}: {error:?}") };
        assert!(format.contains(wanted), "{format} is not {wanted}");
        assert!(error.to_string().contains("Save the photo as JPEG or PNG"), "{error}");
    }
    assert!(matches!(refused(&ftyp(b"isom", b"mp41")), PhotoError::NotAPhoto), "a film is not a photo");
}

#[test]
fn a_jpeg_cut_anywhere_says_that_it_is_cut_off() {
    let mut progressive = Vec::new();
    let mut encoder = Encoder::new(&mut progressive, 90);
    encoder.set_progressive(true);
    encoder.encode(slope(120, 90).as_raw(), 120, 90, ColorType::Rgb).unwrap();
    for whole in [photo(ImageFormat::Jpeg), progressive] {
        let pixels_end = whole.len() - 2;
        for len in 3..pixels_end {
            let error = refused(&whole[..len]);
            assert!(matches!(error, PhotoError::CutOff { format: "JPEG" }), "{len}: {error:?}");
        }
        for (at, complete) in [&whole[..pixels_end], &whole[..pixels_end + 1]].into_iter().enumerate() {
            let read = decode(complete)
                .unwrap_or_else(|error| panic!("{at}: only the end marker is missing: {error:?}"));
            // Another decoder than for whole files, which rounds and smooths in another way.
            assert!(largest_difference(&read.rgb(), &decode(&whole).unwrap().rgb()) <= 8);
        }
        for lost in 2..60 {
            let padded = [&whole[..whole.len() - lost], &[0; 500]].concat();
            match decode(&padded) {
                Ok(_) => assert_eq!(lost, 2, "pixels were lost, then zeros came"),
                Err(error) => assert!(matches!(error, PhotoError::CutOff { .. }), "{lost}: {error:?}"),
            }
        }
        let trailer = [whole.as_slice(), b"a film behind the photo"].concat();
        assert!(decode(&trailer).is_ok(), "what follows the end of the image is not the image");
    }
}

#[test]
fn a_png_opens_exactly_when_its_pixels_are_all_there() {
    for interlaced in [false, true] {
        let whole = if interlaced { interlaced_png() } else { photo(ImageFormat::Png) };
        let pixels = decode(&whole).unwrap().rgb().into_owned();
        let mut opened_from = whole.len();
        for len in (8..=whole.len()).rev() {
            match decode(&whole[..len]) {
                Ok(read) => {
                    assert_eq!(&*read.rgb(), pixels, "{interlaced} {len}");
                    assert_eq!(opened_from, (len + 1).min(whole.len()), "opens at {len} and not behind it");
                    opened_from = len;
                }
                Err(error) => {
                    assert!(matches!(error, PhotoError::CutOff { format: "PNG" }), "{len}: {error:?}")
                }
            }
        }
        // IEND takes 12 bytes; before it stand two checksums of 4 bytes, of the chunk and of the pixels.
        assert!(opened_from <= whole.len() - 12, "{interlaced} {opened_from} of {}", whole.len());
    }
}

/// Masks in a few hundred bytes: of some sizes the decoder holds back the last rows until the next chunk begins.
#[test]
fn a_plain_png_of_any_size_opens_with_and_without_its_end() {
    for height in 400..500 {
        let plain = GrayImage::from_fn(640, height, |x, y| Luma([if x.max(y) < 40 { 255 } else { 0 }]));
        let mut whole = Vec::new();
        let encoder = PngEncoder::new_with_quality(&mut whole, CompressionType::Best, FilterType::NoFilter);
        plain.write_with_encoder(encoder).unwrap();
        for missing in [0, 12, 14] {
            let read = decode(&whole[..whole.len() - missing]).unwrap();
            assert_eq!(read.pixels(), &DynamicImage::from(plain.clone()), "{height} rows, {missing} bytes");
        }
    }
}

/// 5 × 3 grey pixels in Adam7's order.
fn interlaced_png() -> Vec<u8> {
    // Pass by pass, each row behind its filter byte. Pass 3 has no row, and pass 6 the odd columns of two rows.
    let passes: [&[u8]; 7] = [
        &[0, 10],
        &[0, 14],
        &[],
        &[0, 12],
        &[0, 30, 32, 34],
        &[0, 11, 13, 0, 31, 33],
        &[0, 20, 21, 22, 23, 24],
    ];
    let lines = passes.concat();
    let mut file = raw_png((5, 3), 8, 0, &[], &lines);
    file[28] = 1;
    let header = png_chunk(b"IHDR", &file[16..29]);
    file.splice(8..33, header);
    file
}

#[test]
fn other_formats_cut_in_half_do_not_open() {
    for format in ALL {
        let whole = photo(format);
        let error = refused(&whole[..whole.len() / 2]);
        assert!(matches!(error, PhotoError::CutOff { .. }), "{format:?}: {error:?}");
    }
    let film = animated_webp(&[slope(30, 20), slope(30, 20)]);
    refused(&film[..60]);
}

#[test]
fn too_large_is_known_from_the_header() {
    // Only the header of each file says that it is 10,000 × 10,000: decoding it could not succeed.
    let mut jpeg = photo(ImageFormat::Jpeg);
    let frame = jpeg.windows(2).position(|word| word == [0xff, 0xc0]).unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0x27, 0x10, 0x27, 0x10]);
    let mut header = [10_000u32.to_be_bytes(), 10_000u32.to_be_bytes()].concat();
    header.extend([8, 2, 0, 0, 0]);
    let png = [
        b"\x89PNG\r\n\x1a\n".to_vec(),
        png_chunk(b"IHDR", &header),
        png_chunk(b"IDAT", &[0; 10]),
        png_chunk(b"IEND", &[]),
    ]
    .concat();
    for bytes in [jpeg, png] {
        let error = decode_up_to(&bytes, 64_000_000).unwrap_err();
        assert!(matches!(error, PhotoError::TooLarge { width: 10_000, height: 10_000, .. }), "{error:?}");
        assert_eq!(
            error.to_string(),
            "The photo has 100.0 megapixels (10000 × 10000), and up to 64 megapixels can be opened here. \
             Make it smaller and open that."
        );
    }
    let small = write(&DynamicImage::from(GrayImage::new(100, 100)), ImageFormat::Png);
    assert!(decode_up_to(&small, 10_000).is_ok());
    assert!(matches!(decode_up_to(&small, 9_999), Err(PhotoError::TooLarge { .. })));
}

#[test]
fn damaged_bytes_are_an_error_or_a_photo_and_never_a_crash() {
    let mut state = 1u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    for format in ALL {
        let whole = photo(format);
        let mut errors = 0;
        for _ in 0..400 {
            let mut bytes = whole.clone();
            for _ in 0..1 + random(4) {
                // Mostly the header, where a byte means most.
                let at = if random(4) == 0 { random(bytes.len()) } else { random(200.min(bytes.len())) };
                bytes[at] = random(256) as u8;
            }
            errors += usize::from(decode_up_to(&bytes, 1_000_000).is_err());
        }
        assert!(errors > 0, "{format:?}: no damage was noticed at all");
    }
}
