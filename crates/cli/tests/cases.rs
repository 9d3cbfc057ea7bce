//! Files that once opened wrong (`tests/fixtures/cases`): one click on the ellipse of their scene gives the ellipse.

mod common;

use std::fs;

use common::{Scratch, fail, repository, succeed};

fn case(name: &str) -> String {
    repository(&format!("tests/fixtures/cases/{name}"))
}

/// Intersection over union of two masks in files.
fn overlap(a: &str, b: &str) -> f64 {
    let [a, b] = [a, b].map(|path| image::open(path).unwrap().to_luma8());
    assert_eq!(a.dimensions(), b.dimensions());
    let count = |inside: fn(bool, bool) -> bool| {
        a.pixels().zip(b.pixels()).filter(|(a, b)| inside(a[0] > 0, b[0] > 0)).count() as f64
    };
    count(|a, b| a && b) / count(|a, b| a || b)
}

fn segment(scratch: &Scratch, name: &str, point: &str) -> String {
    let out = scratch.path(&format!("{name}.mask.png"));
    succeed(&["segment", &case(name), "--point", point, "--device", "cpu", "--out", &out]);
    out
}

#[test]
fn a_click_on_the_ellipse_gives_the_ellipse() {
    let scratch = Scratch::new("cases");
    for name in [
        "00_control.jpg",
        "00_control.png",
        "01_jpeg_3x1.jpg",
        "01_jpeg_chroma_finer.jpg",
        "02_jpeg_noninterleaved_420.jpg",
        "09_jpeg_no_eoi.jpg",
        "13_exif_o6_multisegment.jpg",
        "13_exif_two_blocks_1_then_6.jpg",
        "15_webp_exif_o3_lossless.webp",
        "15_webp_square_exif_o6.webp",
        "20_png_cicp_p3.png",
        "20_png_gama_linear.png",
        "21_png_no_iend.png",
        "25_gif_zero_screen.gif",
        "26_bmp32_v5_birgb_alpha_clipboard.bmp",
        "26_bmp32_alphabitfields.bmp",
    ] {
        let is_square = name.contains("square");
        let (point, truth) =
            if is_square { ("56,64", "truth_160x160.png") } else { ("70,54", "truth_200x136.png") };
        let found = overlap(&segment(&scratch, name, point), &case(truth));
        println!("{name} {found:.4}");
        assert!(found >= 0.97, "{name}: {found}");
    }
}

#[test]
fn what_can_not_be_read_is_refused_in_plain_words() {
    let scratch = Scratch::new("cases-refused");
    let out = scratch.path("mask.png");
    for (name, said) in [
        ("08_jpeg_arith.jpg", "this rare kind of JPEG"),
        ("21_png_bad_crc_idat.png", "is damaged: its picture cannot be read. Download or copy it again"),
    ] {
        let message = fail(&["segment", &case(name), "--point", "70,54", "--device", "cpu", "--out", &out]);
        assert!(message.contains(name) && message.contains(said), "{name}: {message}");
        assert!(fs::metadata(&out).is_err(), "nothing is written");
    }
}

#[test]
fn a_white_product_on_nothing_is_found_like_a_black_one() {
    let scratch = Scratch::new("cases-transparent");
    let [black, white] = ["34_black_on_transparent.png", "34_pure_white_on_transparent.png"].map(|name| {
        let alpha = image::open(case(name)).unwrap().to_rgba8();
        let truth = image::GrayImage::from_fn(alpha.width(), alpha.height(), |x, y| {
            image::Luma([alpha.get_pixel(x, y)[3]])
        });
        let truth_path = scratch.path(&format!("{name}.truth.png"));
        truth.save(&truth_path).unwrap();
        let middle = middle_of(&truth);
        overlap(&segment(&scratch, name, &middle), &truth_path)
    });
    println!("black {black:.4}, white {white:.4}");
    assert!(black >= 0.95 && white >= 0.95, "black {black}, white {white}");
}

/// The middle of the object as a point argument.
fn middle_of(truth: &image::GrayImage) -> String {
    let inside: Vec<_> = truth.enumerate_pixels().filter(|(.., alpha)| alpha[0] > 127).collect();
    let mean = |of: fn(&(u32, u32, &image::Luma<u8>)) -> u32| {
        inside.iter().map(|pixel| u64::from(of(pixel))).sum::<u64>() / inside.len() as u64
    };
    format!("{},{}", mean(|pixel| pixel.0), mean(|pixel| pixel.1))
}
