//! The eight EXIF orientations, each against its definition in the EXIF standard (4.6.5, tag 274): which side of the
//! stored picture its first row and first column are when one looks at it.

mod samples;

use image::{DynamicImage, ImageFormat, RgbImage};
use maskov_photo::decode;
use samples::{exif_orientation, icc, largest_difference, slope, tagged};

const STORED: (u32, u32) = (48, 32);

/// Where a stored pixel (x, y) is seen, and the seen size, from the standard's words.
fn seen(orientation: u8, x: u32, y: u32) -> (u32, u32) {
    let (w, h) = (STORED.0 - 1, STORED.1 - 1);
    match orientation {
        1 => (x, y),         // row 0 top, column 0 left
        2 => (w - x, y),     // row 0 top, column 0 right
        3 => (w - x, h - y), // row 0 bottom, column 0 right
        4 => (x, h - y),     // row 0 bottom, column 0 left
        5 => (y, x),         // row 0 left, column 0 top
        6 => (h - y, x),     // row 0 right, column 0 top
        7 => (h - y, w - x), // row 0 right, column 0 bottom
        8 => (y, w - x),     // row 0 left, column 0 bottom
        other => panic!("no orientation {other}"),
    }
}

fn turned(orientation: u8, stored: &RgbImage) -> RgbImage {
    let size = if orientation < 5 { STORED } else { (STORED.1, STORED.0) };
    let mut turned = RgbImage::new(size.0, size.1);
    for (x, y, pixel) in stored.enumerate_pixels() {
        let (to_x, to_y) = seen(orientation, x, y);
        turned.put_pixel(to_x, to_y, *pixel);
    }
    turned
}

#[test]
fn every_orientation_in_every_format_that_has_exif() {
    let stored = slope(STORED.0, STORED.1);
    let image = DynamicImage::from(stored.clone());
    for (format, bound) in [(ImageFormat::Png, 0), (ImageFormat::WebP, 0), (ImageFormat::Jpeg, 10)] {
        for orientation in 1..=8 {
            let wanted = turned(orientation, &stored);
            let bytes = tagged(&image, format, &exif_orientation(orientation), &icc(b"RGB ", 200));
            let read = decode(&bytes).unwrap();
            assert_eq!((read.width(), read.height()), wanted.dimensions(), "{format:?} {orientation}");
            let difference = largest_difference(&read.rgb(), wanted.as_raw());
            assert!(difference <= bound, "{format:?} {orientation}: {difference}");
        }
    }
}

#[test]
fn an_orientation_that_does_not_exist_turns_nothing() {
    let stored = slope(STORED.0, STORED.1);
    let bytes = tagged(&stored.clone().into(), ImageFormat::Png, &exif_orientation(9), &[]);
    assert_eq!(&*decode(&bytes).unwrap().rgb(), stored.as_raw());
}
