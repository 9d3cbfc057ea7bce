//! Files that once opened wrong (`tests/fixtures/cases`): one scene, kept in many ways that are rare.

mod samples;

use std::fs;

use image::RgbImage;
use maskov_photo::{Photo, PhotoError, decode};
use samples::mean_difference;

fn case(name: &str) -> Vec<u8> {
    fs::read(format!("{}/../../tests/fixtures/cases/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn open(name: &str) -> Photo {
    decode(&case(name)).unwrap_or_else(|error| panic!("{name}: {error:?}"))
}

/// The colours in the file, whatever its alpha.
fn colours(photo: &Photo) -> RgbImage {
    photo.pixels().to_rgb8()
}

#[test]
fn the_scene_is_upright_and_has_its_colours() {
    let scene = colours(&open("00_control.png"));
    assert_eq!(scene.dimensions(), (200, 136));
    for (name, bound) in [
        ("00_control.jpg", 3.0),
        ("01_jpeg_3x1.jpg", 3.0),
        ("01_jpeg_chroma_finer.jpg", 3.0),
        ("02_jpeg_noninterleaved_420.jpg", 3.0),
        ("09_jpeg_no_eoi.jpg", 3.0),
        ("13_exif_o6_multisegment.jpg", 2.0),
        ("13_exif_two_blocks_1_then_6.jpg", 2.0),
        ("15_webp_exif_o3_lossless.webp", 0.0),
        ("20_png_cicp_p3.png", 0.0),
        ("20_png_gama_linear.png", 0.0),
        ("21_png_no_iend.png", 0.0),
        ("25_gif_zero_screen.gif", 1.0),
        ("26_bmp32_v5_birgb_alpha_clipboard.bmp", 0.0),
        ("26_bmp32_alphabitfields.bmp", 0.0),
    ] {
        let read = colours(&open(name));
        assert_eq!(read.dimensions(), scene.dimensions(), "{name}");
        let difference = mean_difference(&read, &scene);
        assert!(difference <= bound, "{name}: {difference}");
    }
}

#[test]
fn a_square_photo_is_turned_too() {
    let read = colours(&open("15_webp_square_exif_o6.webp"));
    let truth = open("truth_160x160.png").pixels().to_luma8();
    assert_eq!(read.dimensions(), truth.dimensions());
    let is_orange = |colour: &image::Rgb<u8>| colour[0] > 160 && colour[2] < 110;
    let wrong =
        read.pixels().zip(truth.pixels()).filter(|(colour, truth)| is_orange(colour) != (truth[0] != 0));
    let wrong = wrong.count();
    assert!(wrong < 160, "{wrong} pixels are not what the ellipse's place says");
}

#[test]
fn masks_of_alpha_are_read() {
    for name in ["26_bmp32_v5_birgb_alpha_clipboard.bmp", "26_bmp32_alphabitfields.bmp"] {
        let read = open(name);
        let alpha = |x, y| read.pixels().as_rgba8().expect(name).get_pixel(x, y)[3];
        assert!(alpha(5, 70) < 255 && alpha(100, 70) == 255, "{name}: {} {}", alpha(5, 70), alpha(100, 70));
    }
}

#[test]
fn colours_of_png_chunks_are_a_profile() {
    assert_eq!(open("00_control.png").icc_profile(), None);
    for name in ["20_png_cicp_p3.png", "20_png_gama_linear.png"] {
        assert!(open(name).icc_profile().is_some_and(|profile| &profile[36..40] == b"acsp"), "{name}");
    }
}

#[test]
fn what_does_not_open_says_so_in_plain_words() {
    let error = decode(&case("08_jpeg_arith.jpg")).unwrap_err();
    assert!(matches!(error, PhotoError::UnsupportedFormat { format: "this rare kind of JPEG" }), "{error:?}");
    let error = decode(&case("21_png_bad_crc_idat.png")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "The PNG file is damaged: its picture cannot be read. Download or copy it again, or save it anew in another program, and open that."
    );
}

#[test]
fn a_white_object_on_nothing_stands_out_like_a_black_one() {
    let contrast = |name: &str| {
        let photo = open(name);
        let alpha = photo.pixels().as_rgba8().expect(name).clone();
        let rgb = photo.rgb();
        let grey = |inside: bool| {
            let mut pixels = alpha.pixels().zip(rgb.chunks(3));
            pixels.find(|(pixel, _)| (pixel[3] == 255) == inside && (pixel[3] == 0) != inside).unwrap().1[1]
        };
        grey(true).abs_diff(grey(false))
    };
    assert!(contrast("34_black_on_transparent.png") >= 240);
    assert!(contrast("34_pure_white_on_transparent.png") >= 127);
}
