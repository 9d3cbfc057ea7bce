//! Every format and pixel layout that is read: the pixels come out as they went in.

mod samples;

use image::codecs::gif::GifEncoder;
use image::{
    DynamicImage, Frame, GrayImage, ImageBuffer, ImageFormat, Luma, LumaA, Rgb, RgbImage, Rgba, RgbaImage,
};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use maskov_photo::{Note, Photo, decode, read_mask};
use samples::{animated_webp, icc, largest_difference, png, png_chunk, raw_png, slope, tagged, write};

#[test]
fn lossless_formats_keep_every_pixel() {
    let photo = slope(37, 21);
    for format in [ImageFormat::Png, ImageFormat::Bmp, ImageFormat::WebP] {
        let read = decode(&write(&photo.clone().into(), format)).unwrap();
        assert_eq!((read.width(), read.height()), (37, 21), "{format:?}");
        assert_eq!(&*read.rgb(), photo.as_raw(), "{format:?}");
        assert!(read.notes().is_empty(), "{format:?}");
    }
}

#[test]
fn jpeg_is_close() {
    let photo = slope(64, 40);
    for progressive in [false, true] {
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(&mut bytes, 95);
        encoder.set_progressive(progressive);
        encoder.encode(photo.as_raw(), 64, 40, ColorType::Rgb).unwrap();
        let read = decode(&bytes).unwrap();
        let difference = largest_difference(&read.rgb(), photo.as_raw());
        assert!(difference <= 8, "progressive {progressive}: {difference}");
    }
}

#[test]
fn grey_jpeg_stays_grey_and_keeps_a_grey_profile() {
    let grey = GrayImage::from_pixel(16, 16, Luma([77]));
    let profile = icc(b"GRAY", 300);
    let read = decode(&tagged(&grey.into(), ImageFormat::Jpeg, &[], &profile)).unwrap();
    assert!(matches!(read.pixels(), DynamicImage::ImageLuma8(_)));
    assert!(largest_difference(&read.rgb(), &[77; 16 * 16 * 3]) <= 1);
    assert_eq!(read.icc_profile(), Some(profile.as_slice()));
}

/// One pixel of C, M, Y, K in 0..255 (255 is full ink) as (255 − ink)(255 − K)/255.
fn inks_to_rgb([c, m, y, k]: [u8; 4]) -> [u8; 3] {
    [c, m, y].map(|ink| (u32::from(255 - ink) * u32::from(255 - k) / 255) as u8)
}

fn ink_jpeg(ink: [u8; 4], kind: ColorType, sampling: SamplingFactor) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 98);
    encoder.set_sampling_factor(sampling);
    encoder.add_icc_profile(&icc(b"CMYK", 400)).unwrap();
    encoder.encode(&ink.repeat(24 * 17), 24, 17, kind).unwrap();
    bytes
}

#[test]
fn cmyk_and_ycck_jpegs_have_the_right_colours() {
    let inks = [[255, 0, 0, 0], [0, 255, 0, 0], [0, 0, 255, 0], [0, 0, 0, 255], [40, 120, 10, 60]];
    let kinds = [
        (ColorType::Cmyk, SamplingFactor::F_1_1),
        (ColorType::Cmyk, SamplingFactor::F_2_2),
        (ColorType::CmykAsYcck, SamplingFactor::F_1_1),
        (ColorType::CmykAsYcck, SamplingFactor::F_2_2),
    ];
    for (kind, sampling) in kinds {
        for ink in inks {
            let read = decode(&ink_jpeg(ink, kind, sampling)).unwrap();
            let difference = largest_difference(&read.rgb(), &inks_to_rgb(ink).repeat(24 * 17));
            assert!(difference <= 4, "{kind:?} {ink:?} {sampling:?}: {difference}");
            assert_eq!(read.notes(), [Note::CmykConverted]);
            assert_eq!(read.icc_profile(), None, "a CMYK profile says nothing about RGB");
        }
    }
}

#[test]
fn cmyk_without_the_adobe_marker_reads_the_same() {
    let mut bytes = Vec::new();
    Encoder::new(&mut bytes, 98).encode(&[200, 0, 0, 0].repeat(256), 16, 16, ColorType::Cmyk).unwrap();
    let marker = bytes.windows(2).position(|word| word == [0xff, 0xee]).unwrap();
    let without = [&bytes[..marker], &bytes[marker + 2 + 14..]].concat();
    assert_eq!(decode(&without).unwrap().rgb(), decode(&bytes).unwrap().rgb());
}

#[test]
fn sixteen_bit_png_with_alpha_keeps_its_depth() {
    let pixels = vec![0u16, 32_896, 65_535, 65_535, 1000, 2000, 3000, 0];
    let image = ImageBuffer::<Rgba<u16>, _>::from_raw(2, 1, pixels.clone()).unwrap();
    let read = decode(&png(&image.into())).unwrap();
    assert_eq!(read.pixels().as_rgba16().unwrap().as_raw(), &pixels);
    assert_eq!(&*read.rgb(), [0, 128, 255, 255, 255, 255], "the second pixel is transparent: white");
}

#[test]
fn grey_png_of_every_kind() {
    let grey16: DynamicImage =
        ImageBuffer::<Luma<u16>, _>::from_raw(2, 1, vec![257u16, 65_535]).unwrap().into();
    let grey_alpha: DynamicImage =
        ImageBuffer::<LumaA<u8>, _>::from_raw(2, 1, vec![9u8, 255, 9, 0]).unwrap().into();
    assert_eq!(&*decode(&png(&grey16)).unwrap().rgb(), [1, 1, 1, 255, 255, 255]);
    assert_eq!(&*decode(&png(&grey_alpha)).unwrap().rgb(), [9, 9, 9, 255, 255, 255]);
    let one_bit = raw_png((8, 1), 1, 0, &[], &[0, 0b1010_0001]);
    let levels: Vec<u8> = decode(&one_bit).unwrap().rgb().chunks(3).map(|pixel| pixel[0]).collect();
    assert_eq!(levels, [255, 0, 255, 0, 0, 0, 0, 255]);
}

fn palette_png() -> Vec<u8> {
    let palette = png_chunk(b"PLTE", &[0, 0, 0, 128, 0, 0, 0, 0, 7]);
    raw_png((3, 1), 8, 3, &palette, &[0, 0, 1, 2])
}

#[test]
fn palette_png_is_read_by_its_colours() {
    assert_eq!(&*decode(&palette_png()).unwrap().rgb(), [0, 0, 0, 128, 0, 0, 0, 0, 7]);
}

#[test]
fn masks_keep_grey_values_and_the_indices_of_a_coloured_palette() {
    let grey = GrayImage::from_raw(4, 1, vec![0, 1, 128, 255]).unwrap();
    for format in [ImageFormat::Png, ImageFormat::Bmp] {
        let mask = read_mask(&write(&grey.clone().into(), format)).unwrap();
        assert_eq!((mask.width, mask.height, mask.values), (4, 1, vec![0, 1, 128, 255]), "{format:?}");
    }
    assert_eq!(read_mask(&palette_png()).unwrap().values, [0, 1, 2]);
}

#[test]
fn half_transparent_pixels_stand_over_white() {
    let image = RgbaImage::from_raw(2, 1, vec![200, 0, 100, 128, 10, 20, 30, 255]).unwrap();
    assert_eq!(&*decode(&png(&image.into())).unwrap().rgb(), [227, 127, 177, 10, 20, 30]);
}

#[test]
fn animations_give_their_first_frame_and_say_so() {
    let frames = [slope(12, 9), RgbImage::from_pixel(12, 9, Rgb([1, 2, 3]))];
    let webp = decode(&animated_webp(&frames)).unwrap();
    // The decoder blends an opaque frame over the empty canvas with a rounding of its own.
    assert!(largest_difference(&webp.rgb(), frames[0].as_raw()) <= 1);
    assert_eq!(webp.notes(), [Note::FirstFrameOnly]);

    let solid = |colour| RgbaImage::from_pixel(12, 9, Rgba(colour));
    let mut gif = Vec::new();
    let two = [solid([255, 0, 0, 255]), solid([0, 0, 255, 255])].map(Frame::new);
    GifEncoder::new(&mut gif).encode_frames(two).unwrap();
    let gif = decode(&gif).unwrap();
    assert_eq!(&*gif.rgb(), [255, 0, 0].repeat(12 * 9));
    assert_eq!(gif.notes(), [Note::FirstFrameOnly]);

    let still = decode(&write(&solid([255, 0, 0, 255]).into(), ImageFormat::Gif)).unwrap();
    assert!(still.notes().is_empty());

    let frame_count = png_chunk(b"acTL", &[0, 0, 0, 1, 0, 0, 0, 0]);
    let apng = decode(&raw_png((1, 1), 8, 0, &frame_count, &[0, 5])).unwrap();
    assert_eq!((&*apng.rgb(), apng.notes()), ([5, 5, 5].as_slice(), [Note::FirstFrameOnly].as_slice()));
}

#[test]
fn profiles_are_kept_byte_for_byte_where_they_fit() {
    let photo = DynamicImage::from(slope(16, 16));
    // Longer than one JPEG segment holds, so that it has to be put together from two.
    let profile = icc(b"RGB ", 70_000);
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
        let read = decode(&tagged(&photo, format, &[], &profile)).unwrap();
        assert_eq!(read.icc_profile(), Some(profile.as_slice()), "{format:?}");
        assert!(read.notes().is_empty());
    }
    for wrong in [icc(b"CMYK", 300), icc(b"GRAY", 300), vec![1; 20]] {
        let read = decode(&tagged(&photo, ImageFormat::Png, &[], &wrong)).unwrap();
        assert_eq!((read.icc_profile(), read.notes()), (None, [Note::ProfileDropped].as_slice()));
    }
}

#[test]
fn extreme_shapes_open() {
    for (width, height) in [(1, 1), (20_000, 10), (10, 20_000), (7, 3), (17, 1)] {
        let photo = slope(width, height);
        let read = decode(&png(&photo.clone().into())).unwrap();
        assert_eq!(&*read.rgb(), photo.as_raw(), "{width}×{height} PNG");
        let read = decode(&write(&photo.clone().into(), ImageFormat::Jpeg)).unwrap();
        assert_eq!((read.width(), read.height()), (width, height), "{width}×{height} JPEG");
    }
}

#[test]
fn a_hundred_megapixels_open_natively() {
    let large = GrayImage::from_pixel(10_000, 10_000, Luma([9]));
    let read = decode(&png(&large.into())).unwrap();
    assert_eq!((read.width(), read.height()), (10_000, 10_000));
    assert_eq!(read.pixels().as_luma8().unwrap().get_pixel(9_999, 9_999), &Luma([9]));
}

#[test]
fn pixels_of_the_platform_become_a_photo() {
    let opaque = Photo::from_rgba(2, 1, &[1, 2, 3, 255, 4, 5, 6, 255]).unwrap();
    assert_eq!(&*opaque.rgb(), [1, 2, 3, 4, 5, 6]);
    assert!(!opaque.pixels().color().has_alpha());
    let clear = Photo::from_rgba(1, 1, &[1, 2, 3, 0]).unwrap();
    assert_eq!(&*clear.rgb(), [255, 255, 255]);
    assert_eq!(clear.pixels().as_rgba8().unwrap().as_raw(), &[1, 2, 3, 0]);
    for (width, height, len) in [(2, 2, 15), (0, 0, 0), (u32::MAX, u32::MAX, 4)] {
        let error = Photo::from_rgba(width, height, &vec![0; len]).unwrap_err();
        assert!(error.to_string().contains("width × height × 4"), "{error}");
    }
}

/// A BMP of 2 × 2 pixels of 32 bits, bottom row first, with a header of some length and masks in or behind it.
fn bmp(header_len: u32, compression: u32, masks: &[u32], pixels: [u32; 4]) -> Vec<u8> {
    let masks: Vec<u8> = masks.iter().flat_map(|mask| mask.to_le_bytes()).collect();
    let mut header = header_len.to_le_bytes().to_vec();
    header.extend([2i32.to_le_bytes(), 2i32.to_le_bytes()].concat());
    header.extend([1, 0, 32, 0]);
    header.extend(compression.to_le_bytes());
    header.extend([0; 20]);
    header.extend(masks);
    header.resize(header.len().max(header_len as usize), 0);
    let offset = 14 + header.len() as u32;
    let mut file = b"BM".to_vec();
    file.extend((offset + 16).to_le_bytes());
    file.extend([0; 4]);
    file.extend(offset.to_le_bytes());
    file.extend(header);
    file.extend(pixels.iter().flat_map(|pixel| pixel.to_le_bytes()));
    file
}

#[test]
fn a_bmp_has_the_alpha_that_its_header_names() {
    const MASKS: [u32; 4] = [0x00ff_0000, 0x0000_ff00, 0x0000_00ff, 0xff00_0000];
    let pixels = [0x8010_2030, 0xff40_5060, 0x0070_8090, 0xff01_0203];
    let upright = [0x70, 0x80, 0x90, 0, 1, 2, 3, 255, 0x10, 0x20, 0x30, 128, 0x40, 0x50, 0x60, 255];
    for (header_len, compression) in [(40, 6), (56, 3), (108, 3), (124, 3), (56, 0), (108, 0), (124, 0)] {
        let read = decode(&bmp(header_len, compression, &MASKS, pixels)).unwrap();
        let rgba = read.pixels().as_rgba8().unwrap_or_else(|| panic!("{header_len} {compression}: no alpha"));
        assert_eq!(rgba.as_raw().as_slice(), upright, "{header_len} {compression}");
    }
    for (header_len, compression, masks) in [(40, 0, &[][..]), (124, 0, &[0; 4]), (124, 3, &MASKS[..3])] {
        let read = decode(&bmp(header_len, compression, masks, pixels)).unwrap();
        assert!(!read.pixels().color().has_alpha(), "{header_len} {compression}: no alpha is named");
    }
    let swapped = [MASKS[2], MASKS[1], MASKS[0], MASKS[3]];
    let read = decode(&bmp(40, 6, &swapped, pixels)).unwrap();
    assert_eq!(read.pixels().as_rgba8().unwrap().get_pixel(1, 1).0, [0x60, 0x50, 0x40, 255]);
    let clear = decode(&bmp(124, 0, &MASKS, pixels.map(|pixel| pixel & 0x00ff_ffff))).unwrap();
    assert_eq!(clear.pixels().as_rgb8().expect("opaque").get_pixel(0, 0).0, [0x70, 0x80, 0x90]);
}

#[test]
fn a_gif_without_a_screen_has_its_first_frames_size() {
    let red = RgbaImage::from_pixel(12, 9, Rgba([255, 0, 0, 255]));
    let whole = write(&red.into(), ImageFormat::Gif);
    for missing in [6..10, 6..8, 8..10] {
        let mut gif = whole.clone();
        gif[missing.clone()].fill(0);
        let read = decode(&gif).unwrap();
        assert_eq!((read.width(), read.height()), (12, 9), "{missing:?}");
        assert_eq!(&*read.rgb(), [255, 0, 0].repeat(12 * 9), "{missing:?}");
    }
}
