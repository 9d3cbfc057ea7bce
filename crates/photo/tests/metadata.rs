//! What a file says about its pixels more than once or in a rare way: the first EXIF block counts, and a PNG's colours
//! become a profile.

mod samples;

use image::{DynamicImage, ImageFormat, RgbImage};
use maskov_photo::decode;
use moxcms::{ColorProfile, ToneReprCurve};
use samples::{exif_orientation, icc, png_chunk, raw_png, slope, tagged, write};

const STORED: (u32, u32) = (24, 16);

fn stored() -> DynamicImage {
    slope(STORED.0, STORED.1).into()
}

fn is_turned(file: &[u8]) -> bool {
    let photo = decode(file).unwrap();
    match (photo.width(), photo.height()) {
        STORED => false,
        (16, 24) => true,
        other => panic!("{other:?}"),
    }
}

fn app1(block: &[u8]) -> Vec<u8> {
    let len = block.len() as u16 + 8;
    [&[0xff, 0xe1], len.to_be_bytes().as_slice(), b"Exif\0\0", block].concat()
}

/// A JPEG with segments behind its first marker.
fn jpeg_with(segments: &[Vec<u8>]) -> Vec<u8> {
    let plain = write(&stored(), ImageFormat::Jpeg);
    [&plain[..2], &segments.concat(), &plain[2..]].concat()
}

#[test]
fn the_first_exif_block_of_a_jpeg_counts() {
    let [upright, turned] = [1, 6].map(|orientation| app1(&exif_orientation(orientation)));
    assert!(is_turned(&jpeg_with(&[turned.clone(), upright.clone()])));
    assert!(!is_turned(&jpeg_with(&[upright.clone(), turned.clone()])));
    let other = [&[0xff, 0xe1], 20u16.to_be_bytes().as_slice(), &[7; 18]].concat();
    assert!(is_turned(&jpeg_with(&[other, turned, upright])), "XMP stands in APP1, too");
}

#[test]
fn an_exif_block_goes_on_in_the_next_segment() {
    // Its directory stands behind what one segment holds.
    let mut block = exif_orientation(6);
    let directory = block.split_off(8);
    block[4..8].copy_from_slice(&70_000u32.to_be_bytes());
    block.resize(70_000, 0);
    block.extend(directory);
    let (first, second) = block.split_at(65_000);
    assert!(is_turned(&jpeg_with(&[app1(first), app1(second)])));
    assert!(!is_turned(&jpeg_with(&[app1(first)])), "the directory is in the second");
    let apart = jpeg_with(&[app1(first), vec![0xff, 0xfe, 0, 2], app1(second)]);
    assert!(!is_turned(&apart), "another segment ends the block");
}

#[test]
fn the_first_exif_chunk_of_a_png_counts_before_or_behind_the_pixels() {
    let [upright, turned] = [1, 6].map(|orientation| png_chunk(b"eXIf", &exif_orientation(orientation)));
    let plain = write(&stored(), ImageFormat::Png);
    let (header_end, pixels_end) = (33, plain.len() - 12);
    let with = |before: &[u8], behind: &[u8]| {
        [&plain[..header_end], before, &plain[header_end..pixels_end], behind, &plain[pixels_end..]].concat()
    };
    assert!(is_turned(&with(&turned, &[])));
    assert!(is_turned(&with(&[], &turned)));
    assert!(is_turned(&with(&turned, &upright)));
    assert!(!is_turned(&with(&upright, &turned)));
    assert!(is_turned(&with(&[turned, upright].concat(), &[])));
}

#[test]
fn the_first_exif_chunk_of_a_webp_counts() {
    for (first, second) in [(1, 6), (6, 1)] {
        let mut file = tagged(&stored(), ImageFormat::WebP, &exif_orientation(first), &[]);
        let more = exif_orientation(second);
        file.extend([b"EXIF".as_slice(), &(more.len() as u32).to_le_bytes(), &more].concat());
        let len = (file.len() - 8) as u32;
        file[4..8].copy_from_slice(&len.to_le_bytes());
        assert_eq!(is_turned(&file), first == 6);
    }
}

fn png_with(is_grey: bool, chunks: &[(&[u8; 4], &[u8])]) -> Option<ColorProfile> {
    let chunks: Vec<u8> = chunks.iter().flat_map(|(name, content)| png_chunk(name, content)).collect();
    let (colour_type, line): (u8, &[u8]) = if is_grey { (0, &[0, 9]) } else { (2, &[0, 9, 8, 7]) };
    let photo = decode(&raw_png((1, 1), 8, colour_type, &chunks, line)).unwrap();
    assert!(photo.notes().is_empty(), "{:?}", photo.notes());
    photo.icc_profile().map(|profile| ColorProfile::new_from_slice(profile).unwrap())
}

const SRGB: (&[u8; 4], &[u8]) = (b"sRGB", &[0]);
/// Linear light.
const GAMA: (&[u8; 4], &[u8]) = (b"gAMA", &[0, 1, 0x86, 0xa0]);
/// Display P3, in the curve of sRGB.
const CICP: (&[u8; 4], &[u8]) = (b"cICP", &[12, 13, 0, 1]);

/// White and primaries of Adobe RGB (1998).
fn chrm() -> Vec<u8> {
    [31_270u32, 32_900, 64_000, 33_000, 21_000, 71_000, 15_000, 6_000].map(u32::to_be_bytes).concat()
}

fn red(profile: &ColorProfile) -> [f64; 3] {
    let red = profile.red_colorant;
    [red.x, red.y, red.z].map(|value| (value * 100.0).round() / 100.0)
}

/// X, Y and Z of each space's red, adapted to D50, as their published profiles have them.
const SRGB_RED: [f64; 3] = [0.44, 0.22, 0.01];
const P3_RED: [f64; 3] = [0.52, 0.24, 0.0];
const ADOBE_RED: [f64; 3] = [0.61, 0.31, 0.02];

/// The light of half a signal.
fn half(curve: &Option<ToneReprCurve>) -> f32 {
    match curve.as_ref().expect("a curve") {
        ToneReprCurve::Parametric(parameters) => match parameters[..] {
            [exponent] => 0.5f32.powf(exponent),
            [exponent, a, b, ..] => (a * 0.5 + b).powf(exponent),
            _ => panic!("{parameters:?}"),
        },
        ToneReprCurve::Lut(values) if values.is_empty() => 0.5,
        ToneReprCurve::Lut(values) if values.len() == 1 => 0.5f32.powf(f32::from(values[0]) / 256.0),
        ToneReprCurve::Lut(values) => f32::from(values[values.len() / 2]) / 65_535.0,
    }
}

fn is_near(a: f32, b: f32) -> bool {
    (a - b).abs() < 0.003
}

#[test]
fn each_colour_chunk_becomes_a_profile() {
    assert!(png_with(false, &[]).is_none());
    let srgb = png_with(false, &[SRGB]).unwrap();
    assert!(red(&srgb) == SRGB_RED && is_near(half(&srgb.red_trc), 0.214), "{:?}", red(&srgb));
    let linear = png_with(false, &[GAMA]).unwrap();
    assert!(red(&linear) == SRGB_RED && is_near(half(&linear.green_trc), 0.5), "{:?}", red(&linear));
    let p3 = png_with(false, &[CICP]).unwrap();
    assert!(red(&p3) == P3_RED && is_near(half(&p3.blue_trc), 0.214), "{:?}", red(&p3));
    let adobe = png_with(false, &[(b"gAMA", &45_470u32.to_be_bytes()), (b"cHRM", &chrm())]).unwrap();
    assert!(red(&adobe) == ADOBE_RED && is_near(half(&adobe.red_trc), 0.218), "{:?}", red(&adobe));
    let wide = png_with(false, &[(b"cHRM", &chrm())]).unwrap();
    assert!(red(&wide) == ADOBE_RED && is_near(half(&wide.red_trc), 0.214), "{:?}", red(&wide));
}

#[test]
fn a_grey_png_has_a_grey_profile() {
    for (chunk, light) in [(SRGB, 0.214), (GAMA, 0.5), (CICP, 0.214)] {
        let profile = png_with(true, &[chunk]).unwrap();
        assert!(is_near(half(&profile.gray_trc), light), "{chunk:?} {:?}", profile.gray_trc);
    }
    assert!(png_with(true, &[(b"cHRM", &chrm())]).is_none(), "grey has no primaries");
}

#[test]
fn the_strongest_colour_chunk_counts() {
    let red_of = |chunks: &[(&[u8; 4], &[u8])]| red(&png_with(false, chunks).unwrap());
    let chrm = chrm();
    assert_eq!(red_of(&[(b"cHRM", &chrm), GAMA, SRGB, CICP]), P3_RED);
    let srgb = png_with(false, &[(b"cHRM", &chrm), GAMA, SRGB]).unwrap();
    assert!(red(&srgb) == SRGB_RED && is_near(half(&srgb.red_trc), 0.214));
    // Narrow range, and code points that nobody has given a meaning: the next one counts.
    for unknown in [[12, 13, 0, 0], [2, 13, 0, 1], [12, 2, 0, 1], [99, 99, 0, 1]] {
        assert_eq!(red_of(&[SRGB, (b"cICP", &unknown)]), SRGB_RED, "{unknown:?}");
    }
    let profile = icc(b"RGB ", 300);
    let file = tagged(&RgbImage::new(2, 2).into(), ImageFormat::Png, &[], &profile);
    let with = |chunk: (&[u8; 4], &[u8])| {
        let file = [&file[..33], &png_chunk(chunk.0, chunk.1), &file[33..]].concat();
        decode(&file).unwrap().icc_profile().unwrap().to_vec()
    };
    assert_eq!(with(SRGB), profile);
    assert_eq!(with(GAMA), profile);
    assert_ne!(with(CICP), profile);
}

#[test]
fn colour_chunks_without_a_meaning_are_left_out() {
    let flat =
        [31_270u32, 32_900, 30_000, 30_000, 30_000, 30_000, 30_000, 30_000].map(u32::to_be_bytes).concat();
    assert!(png_with(false, &[(b"cHRM", &flat)]).is_none());
    assert!(png_with(false, &[(b"cHRM", &[0; 32])]).is_none());
    assert!(png_with(false, &[(b"gAMA", &1u32.to_be_bytes())]).is_none());
    assert!(png_with(false, &[(b"cICP", &[12, 13, 1, 1])]).is_none(), "a matrix is for other than RGB");
    assert!(png_with(false, &[(b"gAMA", &[1])]).is_none(), "too short");
    assert!(png_with(false, &[SRGB, SRGB]).is_some(), "twice");
    assert!(png_with(false, &[(b"gAMA", &0u32.to_be_bytes())]).is_none());
}
