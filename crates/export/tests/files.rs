//! What is in the written files: the photo's own pixels, its profile, and nothing about its owner.

#[path = "../../photo/tests/samples/mod.rs"]
mod samples;

use image::{DynamicImage, GrayImage, ImageBuffer, ImageFormat, Luma, LumaA, Rgb, RgbImage, Rgba};
use maskov_export::{ExportError, cutout_png, mask_png, overlay_png, photo_png};
use maskov_photo::{Photo, decode, read_mask};
use samples::{exif_orientation, icc, png, slope, tagged};

/// An EXIF block with an orientation (6: a quarter turn), a place and a camera name to look for.
fn exif_with_gps() -> Vec<u8> {
    let entry = |tag: u16, kind: u16, count: u32, value: [u8; 4]| {
        [tag.to_be_bytes().as_slice(), &kind.to_be_bytes(), &count.to_be_bytes(), &value].concat()
    };
    let offset = |at: u32| at.to_be_bytes();
    let (camera_at, gps_at) = (50, 62);
    let mut block = b"MM\0*\0\0\0\x08\0\x03".to_vec();
    block.extend(entry(0x0110, 2, 12, offset(camera_at)));
    block.extend(entry(0x0112, 3, 1, [0, 6, 0, 0]));
    block.extend(entry(0x8825, 4, 1, offset(gps_at)));
    block.extend([0; 4]);
    block.extend(b"SECRETPHONE\0");
    block.extend([0, 1]);
    block.extend(entry(0x001b, 2, 14, offset(gps_at + 18)));
    block.extend([0; 4]);
    block.extend(b"52.52N13.40E!\0");
    block
}

/// Names and contents of a PNG's chunks.
fn chunks(png: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut at = 8;
    let mut found = Vec::new();
    while at < png.len() {
        let len = u32::from_be_bytes(png[at..at + 4].try_into().unwrap()) as usize;
        let name = String::from_utf8(png[at + 4..at + 8].to_vec()).unwrap();
        found.push((name, png[at + 8..at + 8 + len].to_vec()));
        at += 12 + len;
    }
    found
}

fn contains(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|window| window == word)
}

fn load(png: &[u8]) -> DynamicImage {
    image::load_from_memory(png).unwrap()
}

#[test]
fn the_mask_is_grey_of_the_same_size() {
    let bytes = mask_png(&[0, 1, 255, 0, 2, 0], 3, 2).unwrap();
    assert_eq!(load(&bytes), GrayImage::from_raw(3, 2, vec![0, 255, 255, 0, 255, 0]).unwrap().into());
    let read = read_mask(&bytes).unwrap();
    assert_eq!((read.width, read.height), (3, 2));
}

#[test]
fn a_mask_of_another_photo_is_refused() {
    let photo = Photo::from_rgba(2, 2, &[255; 16]).unwrap();
    for result in [mask_png(&[1; 3], 2, 2), cutout_png(&photo, &[1; 3]), overlay_png(&photo, &[1; 5])] {
        let error = result.unwrap_err();
        assert!(matches!(error, ExportError::MaskSize { width: 2, height: 2, .. }), "{error:?}");
        assert!(error.to_string().contains("Make the mask of this photo again"), "{error}");
    }
    assert!(mask_png(&[], 0, 0).is_err());
}

#[test]
fn the_cut_out_keeps_pixels_at_every_depth_and_clears_the_rest() {
    let cases: [(DynamicImage, DynamicImage); 6] = [
        (
            RgbImage::from_raw(2, 1, vec![1, 2, 3, 4, 5, 6]).unwrap().into(),
            ImageBuffer::<Rgba<u8>, _>::from_raw(2, 1, vec![1, 2, 3, 255, 0, 0, 0, 0]).unwrap().into(),
        ),
        (
            ImageBuffer::<Rgba<u8>, _>::from_raw(2, 1, vec![1u8, 2, 3, 40, 5, 6, 7, 80]).unwrap().into(),
            ImageBuffer::<Rgba<u8>, _>::from_raw(2, 1, vec![1u8, 2, 3, 40, 0, 0, 0, 0]).unwrap().into(),
        ),
        (
            ImageBuffer::<Rgb<u16>, _>::from_raw(2, 1, vec![1u16, 300, 65_535, 9, 9, 9]).unwrap().into(),
            ImageBuffer::<Rgba<u16>, _>::from_raw(2, 1, vec![1u16, 300, 65_535, 65_535, 0, 0, 0, 0])
                .unwrap()
                .into(),
        ),
        (
            ImageBuffer::<Rgba<u16>, _>::from_raw(2, 1, vec![1u16, 300, 3, 40_000, 9, 9, 9, 9])
                .unwrap()
                .into(),
            ImageBuffer::<Rgba<u16>, _>::from_raw(2, 1, vec![1u16, 300, 3, 40_000, 0, 0, 0, 0])
                .unwrap()
                .into(),
        ),
        (
            ImageBuffer::<Luma<u8>, _>::from_raw(2, 1, vec![7u8, 8]).unwrap().into(),
            ImageBuffer::<LumaA<u8>, _>::from_raw(2, 1, vec![7u8, 255, 0, 0]).unwrap().into(),
        ),
        (
            ImageBuffer::<LumaA<u16>, _>::from_raw(2, 1, vec![700u16, 500, 8, 9]).unwrap().into(),
            ImageBuffer::<LumaA<u16>, _>::from_raw(2, 1, vec![700u16, 500, 0, 0]).unwrap().into(),
        ),
    ];
    for (stored, wanted) in cases {
        let photo = decode(&png(&stored)).unwrap();
        assert_eq!(load(&cutout_png(&photo, &[1, 0]).unwrap()), wanted, "{:?}", stored.color());
    }
}

#[test]
fn the_cut_out_keeps_the_profile_and_drops_where_the_photo_was_taken() {
    let stored = slope(24, 16);
    let profile = icc(b"RGB ", 70_000);
    let exif = exif_with_gps();
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
        let file = tagged(&stored.clone().into(), format, &exif, &profile);
        assert!(
            contains(&file, b"52.52N13.40E") && contains(&file, b"SECRETPHONE"),
            "{format:?}: nothing to drop"
        );
        let photo = decode(&file).unwrap();
        assert_eq!((photo.width(), photo.height()), (16, 24), "the quarter turn is applied");
        let all = vec![1; 16 * 24];
        let files = [cutout_png(&photo, &all), overlay_png(&photo, &all), photo_png(&photo)];
        for written in files.map(Result::unwrap) {
            assert!(!contains(&written, b"52.52N13.40E") && !contains(&written, b"SECRETPHONE"));
            let mut names: Vec<String> = chunks(&written).into_iter().map(|(name, _)| name).collect();
            names.dedup();
            assert_eq!(names, ["IHDR", "iCCP", "IDAT", "IEND"], "{format:?}");
            let again = decode(&written).unwrap();
            assert_eq!(again.icc_profile(), Some(profile.as_slice()), "{format:?}");
            assert_eq!(again.rgb(), photo.rgb(), "{format:?}: everything is inside, so nothing changes");
        }
    }
}

#[test]
fn the_shown_photo_has_the_pixels_of_the_cut_out_in_eight_bits_and_keeps_its_channels() {
    let clear = ImageBuffer::<Rgba<u8>, _>::from_raw(2, 1, vec![1u8, 2, 3, 40, 5, 6, 7, 0]).unwrap();
    let deep = ImageBuffer::<Rgba<u16>, _>::from_raw(1, 1, vec![257u16, 0, 65_535, 32_896]).unwrap();
    let cases: [(DynamicImage, DynamicImage); 5] = [
        (slope(5, 3).into(), slope(5, 3).into()),
        (clear.clone().into(), clear.into()),
        (
            ImageBuffer::<Rgb<u16>, _>::from_raw(1, 1, vec![257u16, 0, 65_535]).unwrap().into(),
            RgbImage::from_raw(1, 1, vec![1, 0, 255]).unwrap().into(),
        ),
        (deep.into(), ImageBuffer::<Rgba<u8>, _>::from_raw(1, 1, vec![1u8, 0, 255, 128]).unwrap().into()),
        (
            ImageBuffer::<LumaA<u16>, _>::from_raw(1, 1, vec![514u16, 65_535]).unwrap().into(),
            ImageBuffer::<LumaA<u8>, _>::from_raw(1, 1, vec![2u8, 255]).unwrap().into(),
        ),
    ];
    for (stored, shown) in cases {
        let photo = decode(&png(&stored)).unwrap();
        assert_eq!(load(&photo_png(&photo).unwrap()), shown, "{:?}", stored.color());
    }
    let wide = decode(&png(&RgbImage::from_pixel(40_000, 3, Rgb([9, 8, 7])).into())).unwrap();
    assert_eq!(load(&photo_png(&wide).unwrap()).width(), 32_767, "no browser refuses it");
}

#[test]
fn colours_that_a_png_gives_in_chunks_are_in_the_written_files() {
    for name in ["20_png_cicp_p3.png", "20_png_gama_linear.png"] {
        let path = format!("{}/../../tests/fixtures/cases/{name}", env!("CARGO_MANIFEST_DIR"));
        let photo = decode(&std::fs::read(path).unwrap()).unwrap();
        let profile = photo.icc_profile().expect(name);
        let all = vec![1; (photo.width() * photo.height()) as usize];
        for written in [cutout_png(&photo, &all).unwrap(), overlay_png(&photo, &all).unwrap()] {
            let again = decode(&written).unwrap();
            assert_eq!(again.icc_profile(), Some(profile), "{name}");
        }
        let cutout = decode(&cutout_png(&photo, &all).unwrap()).unwrap();
        assert_eq!(cutout.rgb(), photo.rgb(), "{name}: the numbers stay, the profile says what they are");
    }
}

#[test]
fn a_profile_goes_only_where_it_fits() {
    let grey = DynamicImage::from(GrayImage::from_pixel(4, 4, Luma([9])));
    let profile = icc(b"GRAY", 300);
    let photo = decode(&tagged(&grey, ImageFormat::Png, &exif_orientation(1), &profile)).unwrap();
    assert_eq!(photo.icc_profile(), Some(profile.as_slice()));
    let cutout = decode(&cutout_png(&photo, &[1; 16]).unwrap()).unwrap();
    assert_eq!(cutout.icc_profile(), Some(profile.as_slice()), "grey with alpha may carry it");
    let overlay = overlay_png(&photo, &[1; 16]).unwrap();
    assert!(!chunks(&overlay).iter().any(|(name, _)| name == "iCCP"), "RGB may not");
}

#[test]
fn the_overlay_shows_the_object_and_veils_the_rest() {
    let (width, height) = (20u32, 5u32);
    let photo = decode(&png(&RgbImage::from_pixel(width, height, Rgb([200, 200, 200])).into())).unwrap();
    let mask: Vec<u8> = (0..width * height).map(|at| u8::from(at % width < 10)).collect();
    let picture = load(&overlay_png(&photo, &mask).unwrap()).to_rgb8();
    let row: Vec<[u8; 3]> = (0..width).map(|x| picture.get_pixel(x, 2).0).collect();
    // 0.28 · 200 + 0.72 · veil, and on each side of the edge 3/4 of a pixel of the accent.
    let veiled = [64, 65, 66];
    assert_eq!(row[0], [200, 200, 200]);
    assert_eq!(row[8], [200, 200, 200]);
    assert_eq!(row[9], [241, 87, 116], "0.25 · 200 + 0.75 · accent");
    assert_eq!(row[10], [194, 40, 70], "0.25 · hairline + 0.75 · accent");
    assert_eq!(row[11], [24, 25, 27], "0.25 · veiled + 0.75 · hairline");
    assert_eq!(row[12], veiled);
    assert_eq!(row[19], veiled);
}
