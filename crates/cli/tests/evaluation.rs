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
    let output = maskov(&args);
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
    let with = |args: &[&'static str]| [&common[..], args, &["--json", &out]].concat();
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
