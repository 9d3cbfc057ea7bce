//! `maskov eval` on small data sets made here.

mod common;

use std::fs;
use std::path::Path;

use common::{Scratch, fail, maskov, stderr, succeed};
use serde_json::Value;

/// Two pictures of a disc, and the disc's mask twice for the first.
fn data_set(name: &str) -> Scratch {
    let scratch = Scratch::new(name);
    let truth = image::GrayImage::from_fn(90, 60, |x, y| {
        let (dx, dy) = (x.abs_diff(45), y.abs_diff(30));
        image::Luma([if (dx * dx + dy * dy) * 9 < 3600 { 255 } else { 0 }])
    });
    let truth = common::encoded(&truth.into(), image::ImageFormat::Png);
    for name in ["a", "b"] {
        scratch.write(&format!("set/images/{name}.png"), &common::png(90, 60));
        scratch.write(&format!("set/masks/{name}_1.png"), &truth);
    }
    scratch
}

fn json(path: &str) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn eval_scores_and_goes_on_where_it_stopped() {
    let scratch = data_set("eval");
    let (set, json) = (scratch.path("set"), scratch.path("scores.json"));
    let args = ["eval", &set, "--clicks", "3", "--resolution", "16", "--device", "cpu", "--json", &json];
    let said = succeed(&args);
    assert!(
        said.contains("2 objects") && said.contains("NoC85") && said.contains("IoU after click 3"),
        "{said}"
    );
    let whole = self::json(&json);
    assert!(whole["objects"]["a_1"]["iou_per_click"][0].as_f64().unwrap() > 0.5, "{whole}");
    assert!(!Path::new(&format!("{json}.state")).exists(), "a whole run leaves no state");

    // As if it had been stopped after the first image, with a score that only the state can know.
    let done = r#"{"image":"a.png","scores":[{"object":"a_1","ious":[0.123]}]}"#;
    fs::write(format!("{json}.state"), format!("{}\n{done}\n", whole["settings"])).unwrap();
    let again = fail(&args);
    assert!(again.contains("scores.json is there already"), "{again}");
    let output = maskov(&[&args[..], &["--force"]].concat());
    assert!(stderr(&output).contains("1 objects are done already"), "{}", stderr(&output));
    let resumed = self::json(&json);
    assert_eq!(resumed["objects"]["a_1"]["iou_per_click"][0], 0.123);
    assert_eq!(resumed["objects"]["b_1"], whole["objects"]["b_1"]);

    let output = maskov(&["eval", &scratch.path("set/images"), "--device", "cpu"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("a data set needs it"), "{}", stderr(&output));
}

#[test]
fn eval_takes_a_list_in_parts_at_a_smaller_size() {
    let scratch = data_set("eval-list");
    scratch.write("set/masks/a_2.png", &fs::read(scratch.path("set/masks/a_1.png")).unwrap());
    let list =
        scratch.write("list.csv", b"part,image,mask\nA,b.png,b_1.png\nA,a.png,a_1.png\nB,a.png,a_2.png\n");
    let (set, out) = (scratch.path("set"), scratch.path("scores.json"));
    let common =
        ["eval", &set, "--list", &list, "--long-side", "45", "--resolution", "16", "--device", "cpu"];
    let with = |args: &[&'static str]| [&common[..], args, &["--force", "--json", &out]].concat();
    let said = succeed(&with(&["--clicks", "4", "--all-clicks"]));
    for line in ["part A: 2 objects", "part B: 1 objects", "\n3 objects", "mean IoU after every click"] {
        assert!(said.contains(line), "{said}");
    }
    let scores = json(&out);
    assert_eq!(scores["summary"]["objects"], 3);
    assert_eq!(scores["parts"]["B"]["objects"], 1);
    assert_eq!(scores["summary"]["steadiness"]["clicks"], 9, "every click is made");
    assert_eq!(scores["summary"]["mean_iou_per_click"].as_array().unwrap().len(), 4);
    assert_eq!(scores["objects"]["a_1"], scores["objects"]["a_2"], "one disc, one result");

    let said =
        succeed(&with(&["--clicks", "1", "--part", "B", "--sizes", "--perturb", "0.2", "--seeds", "2"]));
    for line in ["1 objects", "within 2 stops", "any size", "clicks moved, 2 seeds", "NoC90              "] {
        assert!(said.contains(line), "{said}");
    }
    let scores = json(&out);
    let sizes = &scores["objects"]["a_2"]["sizes"];
    let automatic = sizes["automatic"].as_u64().unwrap() as usize;
    assert_eq!(sizes["stops"][automatic][1], scores["objects"]["a_2"]["iou_per_click"][0]);
    assert_eq!(sizes["pull"].as_array().unwrap().len(), 40);
    assert_eq!(scores["objects"]["a_2"]["iou_per_moved_click"].as_array().unwrap().len(), 2);
    assert!(scores.get("parts").is_none(), "one part needs no table of parts");
    let best = |choice: &str| scores["summary"]["sizes"]["best"][choice]["iou"][0].as_f64().unwrap();
    assert!(best("any size") >= best("automatic") && best("within 2 stops") >= best("within 1 stop"));
    let again = scratch.path("again.json");
    let mut args = with(&["--clicks", "1", "--part", "B", "--sizes", "--perturb", "0.2", "--seeds", "2"]);
    *args.last_mut().unwrap() = &again;
    succeed(&args);
    assert_eq!(json(&again), scores, "seeds are what they were");
}

#[test]
fn eval_refuses_what_it_can_not_measure() {
    let scratch = data_set("eval-bad");
    let set = scratch.path("set");
    let list = scratch.write("list.csv", b"part,image,mask\nA,a.png,a_1.png\nA,c.png,b_1.png\n");
    let said = fail(&["eval", &set, "--list", &list, "--device", "cpu"]);
    assert!(said.contains("list.csv, line 3") && said.contains("c.png does not exist"), "{said}");
    let said = fail(&["eval", &set, "--list", &scratch.path("none.csv"), "--device", "cpu"]);
    assert!(said.contains("none.csv does not exist"), "{said}");
    let list = scratch.write("list.csv", b"part,image,mask\nA,a.png,a_1.png\n");
    let said = fail(&["eval", &set, "--list", &list, "--part", "C", "--device", "cpu"]);
    assert!(said.contains("no part `C`; its parts are A"), "{said}");
    for (args, said) in [
        (["--part", "A", "--clicks", "1"], "--list"),
        (["--perturb", "ten", "--clicks", "1"], "a share of the object's size"),
        (["--perturb", "0", "--clicks", "1"], "a share of the object's size"),
        (["--seeds", "2", "--clicks", "1"], "--perturb"),
        (["--long-side", "2", "--clicks", "1"], "16..=16384"),
    ] {
        let output = maskov(&[&["eval", &set], &args[..]].concat());
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(stderr(&output).contains(said), "{args:?}: {}", stderr(&output));
    }
}

/// What `eval` prints and writes about a data set, after one click at each object.
fn evaluated(scratch: &Scratch, set: &str, more: &[&str]) -> (String, Value) {
    let out = scratch.path("scores.json");
    let args =
        ["eval", set, "--clicks", "1", "--resolution", "16", "--device", "cpu", "--force", "--json", &out];
    let said = succeed(&[&args[..], more].concat());
    let scores = json(&out);
    let objects = scores["objects"].as_object().unwrap().len();
    assert_eq!(scores["summary"]["objects"], objects, "every object has its place: {said}");
    assert!(said.contains(&format!("{objects} objects, ")), "{said}");
    assert!(said.contains(&format!("images {}\n", scores["data"]["images"])), "{said}");
    for (what, left_out) in scores["data"]["left_out"].as_object().unwrap() {
        let (count, files) = (&left_out["count"], left_out["files"].as_array().unwrap());
        assert_eq!(*count, files.len());
        assert_eq!(said.contains(&format!("{what} {count} (")), !files.is_empty(), "{what}: {said}");
    }
    for note in scores["data"]["notes"].as_array().unwrap() {
        let (sentence, files) = (note["note"].as_str().unwrap(), note["files"].as_array().unwrap());
        assert!(said.contains(&format!("note: {sentence} {} (", files.len())), "{said}");
    }
    (said, scores)
}

fn objects(scores: &Value) -> Vec<&str> {
    scores["objects"].as_object().unwrap().keys().map(String::as_str).collect()
}

/// The sentences of the notes.
fn notes(scores: &Value) -> String {
    scores["data"]["notes"].to_string()
}

#[test]
fn the_folders_of_cases_give_what_is_right() {
    let scratch = Scratch::new("eval-cases");
    let case = |name: &str| common::repository(&format!("tests/fixtures/cases/{name}"));

    let (_, stems) = evaluated(&scratch, &case("40_eval_stems"), &[]);
    assert_eq!(objects(&stems), ["cat", "cat_2"]);
    let iou = stems["summary"]["iou_after"]["1"][0].as_f64().unwrap();
    assert!(iou >= 0.997, "{iou}");

    let (_, side) = evaluated(&scratch, &case("40_eval_side_json"), &[]);
    assert_eq!(objects(&side), ["a", "b"]);
    let skipped = &side["data"]["left_out"]["skipped, as no image"];
    assert_eq!(*skipped, serde_json::json!({"count": 1, "files": ["images/a.json"]}));

    let (_, deep) = evaluated(&scratch, &case("40_eval_m16"), &[]);
    assert_eq!(objects(&deep), ["a", "b"]);
    assert!(deep["objects"]["a"]["iou_per_click"][0].as_f64().unwrap() > 0.95, "{deep}");
}

/// A PNG of these samples.
fn raw_png(colour: png::ColorType, depth: png::BitDepth, samples: &[u8], palette: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 90, 60);
    encoder.set_color(colour);
    encoder.set_depth(depth);
    if !palette.is_empty() {
        encoder.set_palette(palette);
    }
    encoder.write_header().unwrap().write_image_data(samples).unwrap();
    bytes
}

/// Two labels side by side on a background, as that function stores them.
fn two_labels(store: impl Fn(u8) -> Vec<u8>) -> Vec<u8> {
    let label = |i: u32| match (i % 90, i / 90) {
        (10..40, 10..50) => 1,
        (50..80, 10..50) => 2,
        _ => 0,
    };
    (0..90 * 60).flat_map(|i| store(label(i))).collect()
}

#[test]
fn label_masks_are_objects_by_value() {
    use png::{BitDepth, ColorType};
    let scratch = Scratch::new("eval-labels");
    // Red and green of one brightness, and the border's colour.
    let mut palette = vec![0; 768];
    palette[3..9].copy_from_slice(&[128, 0, 0, 0, 128, 0]);
    palette[765..].copy_from_slice(&[224, 224, 192]);
    let mut bordered = two_labels(|label| vec![label]);
    bordered[0] = 255;
    for (name, mask) in [
        (
            "deep",
            raw_png(
                ColorType::Grayscale,
                BitDepth::Sixteen,
                &two_labels(|label| vec![label, 7 * label]),
                &[],
            ),
        ),
        ("palette", raw_png(ColorType::Indexed, BitDepth::Eight, &two_labels(|label| vec![label]), &palette)),
        ("border", raw_png(ColorType::Indexed, BitDepth::Eight, &bordered, &palette)),
        ("grey", raw_png(ColorType::Grayscale, BitDepth::Eight, &two_labels(|label| vec![label]), &[])),
    ] {
        scratch.write(&format!("set/images/{name}.png"), &common::png(90, 60));
        scratch.write(&format!("set/masks/{name}.png"), &mask);
    }
    let expected = ["border#1", "border#2", "deep#263", "deep#526", "grey", "palette#1", "palette#2"];
    let (_, scores) = evaluated(&scratch, &scratch.path("set"), &[]);
    assert_eq!(objects(&scores), expected);
    let said = notes(&scores);
    assert!(
        said.contains("255 is taken as a border") && said.contains("everything above 0 is one object"),
        "{said}"
    );
    // A red label has the brightness that --ignore-128 leaves out.
    let (_, scores) = evaluated(&scratch, &scratch.path("set"), &["--ignore-128"]);
    assert_eq!(objects(&scores), expected);
    // A list's parts are those of its masks.
    let list =
        scratch.write("list.csv", b"part,image,mask\nA,palette.png,palette.png\nB,deep.png,deep.png\n");
    let (_, scores) = evaluated(&scratch, &scratch.path("set"), &["--list", &list]);
    assert_eq!((&scores["parts"]["A"]["objects"], &scores["summary"]["objects"]), (&2.into(), &4.into()));
}

#[test]
fn every_object_is_told_once_and_what_is_left_out_too() {
    let scratch = data_set("eval-left-out");
    let truth = fs::read(scratch.path("set/masks/a_1.png")).unwrap();
    let transparent =
        image::GrayAlphaImage::from_fn(90, 60, |x, _| image::LumaA([255, if x < 30 { 0 } else { 255 }]));
    let transparent = common::encoded(&transparent.into(), image::ImageFormat::Png);
    let empty = raw_png(png::ColorType::Grayscale, png::BitDepth::One, &[0; 60 * 12], &[]);
    for (name, bytes) in [
        ("images/a.v1.PNG", common::png(90, 60)),
        ("images/c.jpg", common::png(90, 60)),
        ("images/c.png", common::png(90, 60)),
        ("images/alone.png", common::png(90, 60)),
        ("images/no_ending", common::png(90, 60)),
        ("images/.DS_Store", b"\0\0\0\x01Bud1".to_vec()),
        ("images/Thumbs.db", b"\xd0\xcf\x11\xe0".to_vec()),
        ("images/notes.txt", b"notes".to_vec()),
        ("images/more/d.png", common::png(90, 60)),
        ("masks/._a_1.png", b"\0\x05\x16\x07".to_vec()),
        ("masks/a_1.bmp", truth.clone()),
        ("masks/a.v1.png", transparent),
        ("masks/b_2.png", empty),
        ("masks/c.png", truth.clone()),
        ("masks/no_ending.png", truth.clone()),
        ("masks/nobody.png", truth),
    ] {
        scratch.write(&format!("set/{name}"), &bytes);
    }
    let (_, scores) = evaluated(&scratch, &scratch.path("set"), &[]);
    assert_eq!(objects(&scores), ["a.png/a_1", "a.v1", "a_1", "b_1", "c", "c.png/c", "no_ending"]);
    let data = &scores["data"];
    assert_eq!(data["images"], 6);
    assert_eq!(data["left_out"]["images without mask"]["files"], serde_json::json!(["alone.png"]));
    assert_eq!(data["left_out"]["masks without image"]["files"], serde_json::json!(["nobody.png"]));
    let skipped =
        ["images/.DS_Store", "images/Thumbs.db", "images/more/", "images/notes.txt", "masks/._a_1.png"];
    assert_eq!(data["left_out"]["skipped, as no image"]["files"], serde_json::json!(skipped));
    let said = notes(&scores);
    assert!(said.contains("holds no object") && said.contains("b_2.png"), "{said}");
    assert!(said.contains("each image of its name") && said.contains("c.png of c.jpg and c.png"), "{said}");

    // What should be a picture and is none is no file to be skipped.
    scratch.write("set/images/broken.png", b"no picture");
    scratch.write("set/masks/broken.png", &fs::read(scratch.path("set/masks/a_1.png")).unwrap());
    let said =
        fail(&["eval", &scratch.path("set"), "--clicks", "1", "--resolution", "16", "--device", "cpu"]);
    assert!(said.contains("broken.png") && said.contains("not a photo"), "{said}");
}

/// A PNG that its EXIF turns.
fn turned_png(pixels: &image::DynamicImage, orientation: u8) -> Vec<u8> {
    use image::ImageEncoder;
    let mut bytes = Vec::new();
    let mut encoder = image::codecs::png::PngEncoder::new(&mut bytes);
    let exif =
        [b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".as_slice(), &[orientation, 0, 0, 0, 0, 0, 0]];
    encoder.set_exif_metadata(exif.concat()).unwrap();
    let colour = pixels.color().into();
    encoder.write_image(pixels.as_bytes(), pixels.width(), pixels.height(), colour).unwrap();
    bytes
}

#[test]
fn a_mask_that_is_not_turned_with_its_photo_is_told() {
    use image::{DynamicImage, GrayImage, Luma, Rgb, RgbImage};
    // A disc off the middle, so that turning it wrongly shows.
    let is_disc = |x: u32, y: u32| (x as i32 - 25).pow(2) + (y as i32 - 20).pow(2) < 225;
    let photo =
        |width, height| -> DynamicImage {
            RgbImage::from_fn(width, height, |x, y| {
                if is_disc(x, y) { Rgb([230, 120, 20]) } else { Rgb([30, 60, 140]) }
            })
            .into()
        };
    let mask = |width, height| -> DynamicImage {
        GrayImage::from_fn(width, height, |x, y| Luma([if is_disc(x, y) { 255 } else { 0 }])).into()
    };
    let plain = |image: &DynamicImage| common::encoded(image, image::ImageFormat::Png);
    let (wide, square) = ((120, 80), (100, 100));
    let (before, taken) = ("it was turned, too", "taken as drawn on the turned photo");
    for (name, size, orientation, mask, note, is_right) in [
        ("90-before", wide, 6, plain(&mask(120, 80)), Some(before), true),
        ("90-after", wide, 6, plain(&mask(120, 80).rotate90()), None, true),
        ("270-before", wide, 8, plain(&mask(120, 80)), Some(before), true),
        ("180-before", wide, 3, plain(&mask(120, 80)), Some(taken), false),
        ("180-after", wide, 3, plain(&mask(120, 80).rotate180()), Some(taken), true),
        ("180-own", wide, 3, turned_png(&mask(120, 80), 3), None, true),
        ("square-after", square, 6, plain(&mask(100, 100).rotate90()), Some(taken), true),
        ("upright", wide, 1, plain(&mask(120, 80)), None, true),
    ] {
        let scratch = Scratch::new(&format!("eval-turned-{name}"));
        scratch.write("set/images/a.png", &turned_png(&photo(size.0, size.1), orientation));
        scratch.write("set/masks/a.png", &mask);
        let (_, scores) = evaluated(&scratch, &scratch.path("set"), &[]);
        let said = notes(&scores);
        match note {
            Some(note) => assert!(said.contains(note) && said.contains("a.png of a.png"), "{name}: {said}"),
            None => assert_eq!(said, "[]", "{name}"),
        }
        // A mask that was drawn the other way round lies elsewhere: the click goes there.
        let iou = scores["objects"]["a"]["iou_per_click"][0].as_f64().unwrap();
        assert_eq!(iou > 0.9, is_right, "{name}: {iou}");
    }
    let scratch = Scratch::new("eval-turned-other");
    scratch.write("set/images/a.png", &turned_png(&photo(120, 80), 6));
    scratch.write("set/masks/a.png", &plain(&mask(60, 40)));
    let said =
        fail(&["eval", &scratch.path("set"), "--clicks", "1", "--resolution", "16", "--device", "cpu"]);
    assert!(said.contains("mask a.png of a.png has 60×40 pixels and its image 80×120"), "{said}");
}
