//! Photos, points and places that people give it: a clear message with the next step, never a panic, never a half-written file.

mod common;

use std::fs;
use std::path::Path;

use common::{Scratch, encoded, fail, maskov, picture, png, stderr, succeed};
use image::codecs::webp::WebPEncoder;
use image::{DynamicImage, ImageFormat};

/// What `segment` says about a file that is no photo it can use; nothing may be written.
fn refusal(scratch: &Scratch, name: &str, bytes: &[u8]) -> String {
    let (photo, out) = (scratch.write(name, bytes), scratch.path("mask.png"));
    let said =
        fail(&["segment", &photo, "--point", "0,0", "--device", "cpu", "--resolution", "16", "--out", &out]);
    assert!(said.contains(name), "the file is named: {said}");
    assert!(!Path::new(&out).exists(), "nothing is written");
    said
}

#[test]
fn what_is_no_photo_is_said_to_be_none() {
    let scratch = Scratch::new("no-photo");
    let jpeg = encoded(&picture(64, 48).into(), ImageFormat::Jpeg);
    for (name, bytes, said) in [
        ("notes.txt", b"not a photo at all".to_vec(), "is not a photo. Open a JPEG"),
        ("empty.png", Vec::new(), "is empty"),
        ("half.jpg", jpeg[..jpeg.len() / 2].to_vec(), "cut off"),
        (
            "photo.avif",
            b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf".to_vec(),
            "cannot read AVIF files here. Save the photo as JPEG",
        ),
        (
            "photo.heic",
            b"\0\0\0\x18ftypheic\0\0\0\0mif1heic".to_vec(),
            "cannot read HEIC files here. Save the photo as JPEG",
        ),
    ] {
        let message = refusal(&scratch, name, &bytes);
        assert!(message.contains(said), "{name}: {message}");
    }
    let missing =
        fail(&["segment", &scratch.path("none.png"), "--point", "0,0", "--device", "cpu", "--out", "m.png"]);
    assert!(missing.contains("does not exist. Check the path"), "{missing}");
}

/// A PNG header that claims a size, with no pixels behind it.
fn png_header(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = png(1, 1);
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    let mut crc = u32::MAX;
    for &byte in &bytes[12..29] {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { 0xedb8_8320 ^ (crc >> 1) } else { crc >> 1 };
        }
    }
    bytes[29..33].copy_from_slice(&(!crc).to_be_bytes());
    bytes
}

#[test]
fn a_photo_that_is_too_large_is_refused_before_it_is_decoded() {
    let scratch = Scratch::new("too-large");
    let said = refusal(&scratch, "huge.png", &png_header(100_000, 90_000));
    assert!(said.contains("9000.0 megapixels") && said.contains("Make it smaller"), "{said}");
}

/// Segments a photo and gives the size of its mask.
fn mask_size(scratch: &Scratch, name: &str, bytes: &[u8], point: &str) -> (u32, u32) {
    let (photo, out) = (scratch.write(name, bytes), scratch.path(&format!("{name}.mask.png")));
    succeed(&["segment", &photo, "--point", point, "--device", "cpu", "--resolution", "16", "--out", &out]);
    let mask = image::open(&out).unwrap();
    assert_eq!(mask.color(), image::ColorType::L8);
    (mask.width(), mask.height())
}

#[test]
fn odd_photos_get_masks_of_their_own_size() {
    let scratch = Scratch::new("odd");
    assert_eq!(mask_size(&scratch, "one.png", &png(1, 1), "0,0"), (1, 1));
    assert_eq!(mask_size(&scratch, "long.png", &png(20_000, 10), "9000,5"), (20_000, 10));
    let deep = DynamicImage::from(picture(60, 40)).to_rgba16();
    assert_eq!(mask_size(&scratch, "deep.png", &encoded(&deep.into(), ImageFormat::Png), "30,20"), (60, 40));
    assert_eq!(mask_size(&scratch, "cmyk.jpg", &cmyk_jpeg(64, 48), "30,20"), (64, 48));
    let grey = DynamicImage::from(picture(60, 40)).to_luma8();
    assert_eq!(mask_size(&scratch, "grey.bmp", &encoded(&grey.into(), ImageFormat::Bmp), "30,20"), (60, 40));
}

/// 100 megapixels go through; slow to encode as a file, so a JPEG of one colour.
#[test]
fn a_hundred_megapixels_are_segmented() {
    let scratch = Scratch::new("large");
    let mut jpeg = Vec::new();
    let encoder = jpeg_encoder::Encoder::new(&mut jpeg, 50);
    encoder.encode(&vec![90; 10_000 * 10_000], 10_000, 10_000, jpeg_encoder::ColorType::Luma).unwrap();
    assert_eq!(mask_size(&scratch, "large.jpg", &jpeg, "5000,5000"), (10_000, 10_000));
}

fn cmyk_jpeg(width: u16, height: u16) -> Vec<u8> {
    let mut jpeg = Vec::new();
    let pixels: Vec<u8> =
        (0..u32::from(width) * u32::from(height)).flat_map(|i| [(i % 251) as u8, 40, 90, 10]).collect();
    let encoder = jpeg_encoder::Encoder::new(&mut jpeg, 90);
    encoder.encode(&pixels, width, height, jpeg_encoder::ColorType::Cmyk).unwrap();
    jpeg
}

#[test]
fn an_animation_is_its_first_frame_and_that_is_said() {
    let scratch = Scratch::new("animation");
    let chunk = |name: &[u8; 4], content: &[u8]| {
        let mut bytes = [name.as_slice(), &(content.len() as u32).to_le_bytes(), content].concat();
        bytes.resize(bytes.len().next_multiple_of(2), 0);
        bytes
    };
    let u24 = |value: u32| value.to_le_bytes()[..3].to_vec();
    let size = [u24(63), u24(47)].concat();
    let mut body = b"WEBP".to_vec();
    body.extend(chunk(b"VP8X", &[&[0x02, 0, 0, 0], size.as_slice()].concat()));
    body.extend(chunk(b"ANIM", &[0; 6]));
    for _ in 0..2 {
        let mut still = Vec::new();
        picture(64, 48).write_with_encoder(WebPEncoder::new_lossless(&mut still)).unwrap();
        let header = [u24(0), u24(0), size.clone(), u24(100), vec![0]].concat();
        body.extend(chunk(b"ANMF", &[header.as_slice(), &still[12..]].concat()));
    }
    let webp = [b"RIFF".as_slice(), &(body.len() as u32).to_le_bytes(), &body].concat();
    let (photo, out) = (scratch.write("moving.webp", &webp), scratch.path("mask.png"));
    let output = maskov(&[
        "segment",
        &photo,
        "--point",
        "30,20",
        "--device",
        "cpu",
        "--resolution",
        "16",
        "--out",
        &out,
    ]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stderr(&output).contains("its first frame is used"), "{}", stderr(&output));
}

#[test]
fn a_point_outside_and_a_point_that_is_none_are_told_apart() {
    let scratch = Scratch::new("points");
    let photo = scratch.write("photo.png", &png(60, 40));
    let out = scratch.path("mask.png");
    let said = fail(&[
        "segment",
        &photo,
        "--point",
        "60,10",
        "--device",
        "cpu",
        "--resolution",
        "16",
        "--out",
        &out,
    ]);
    assert!(said.contains("60,10 lies outside") && said.contains("x from 0 to 59"), "{said}");
    for bad in ["-1,5", "5", "a,b", "1,2:maybe"] {
        let output = maskov(&["segment", &photo, "--point", bad, "--out", &out]);
        assert_eq!(output.status.code(), Some(2), "{bad} is a wrong argument");
        assert!(
            stderr(&output).contains("320,200") || stderr(&output).contains("X,Y:bg"),
            "{}",
            stderr(&output)
        );
    }
}

#[test]
fn an_output_that_can_not_be_written_is_found_before_the_work() {
    let scratch = Scratch::new("out");
    let photo = scratch.write("photo.png", &png(60, 40));
    let file = scratch.write("file", b"");
    // A file where a folder is needed: refused to everybody, root included.
    let out = format!("{file}/mask.png");
    let said =
        fail(&["segment", &photo, "--point", "5,5", "--device", "cpu", "--resolution", "16", "--out", &out]);
    assert!(said.contains("can't be written") && said.contains("Choose another --out"), "{said}");
    let two = fail(&["segment", &photo, &photo, "--point", "5,5", "--out", &scratch.path("one.png")]);
    assert!(two.contains("Give a folder"), "{two}");
    let same = fail(&["segment", &photo, &photo, "--point", "5,5", "--out", &scratch.path("results")]);
    assert!(same.contains("both be written"), "{same}");
}

#[test]
fn nothing_is_overwritten_that_nobody_gave_up() {
    let scratch = Scratch::new("overwrite");
    let photo = scratch.write("photo.png", &png(60, 40));
    let bytes = fs::read(&photo).unwrap();
    let run = |args: &[&str]| {
        let common = ["segment", &photo, "--point", "5,5", "--device", "cpu", "--resolution", "16"];
        maskov(&[&common, args].concat())
    };
    let refused = |args: &[&str], want: &str| {
        let output = run(args);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{args:?}: {said}");
        assert!(said.contains(want), "{args:?}: {said}");
        assert_eq!(fs::read(&photo).unwrap(), bytes, "{args:?}");
    };
    // The photo itself, by any of its names.
    refused(&["--out", &photo], "is read and would be overwritten");
    refused(&["--out", &photo, "--force"], "is read and would be overwritten");
    let link = scratch.path("link.png");
    fs::hard_link(&photo, &link).unwrap();
    refused(&["--out", &link, "--force"], "is read and would be overwritten");

    // A mask that stands beside the photo, and what would be written beside another one.
    let mask = scratch.write("photo_mask.png", b"somebody's own");
    refused(&["--out", scratch.0.to_str().unwrap()], "is there already");
    let cutout = scratch.write("new_cutout.png", b"somebody's own");
    refused(&["--cutout", "--out", &scratch.path("new.png")], "new_cutout.png is there already");
    assert!(!Path::new(&scratch.path("new.png")).exists(), "nothing is written before all is checked");
    let size = scratch.write("new_size3.png", b"somebody's own");
    refused(&["--sizes", "--out", &scratch.path("new.png")], "new_size3.png is there already");
    for file in [&mask, &cutout, &size] {
        assert_eq!(fs::read(file).unwrap(), b"somebody's own", "{file}");
    }
    let output = run(&["--force", "--out", &mask]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_ne!(fs::read(&mask).unwrap(), b"somebody's own");

    refused(&["--out", &scratch.path("mask.jpg")], "masks are PNG files");
    assert!(!Path::new(&scratch.path("mask.jpg")).exists(), "no folder of that name either");
}
