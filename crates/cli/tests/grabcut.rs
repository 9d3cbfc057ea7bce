//! The first three photos of GrabCut at R = 32: the evaluation runs whole, and the first click gives what it gave, by both
//! methods.

mod common;

use common::{Scratch, maskov, stderr};

/// IoU after the first click, measured on 2026-11-25 and 28 with the shipped q8 pack.
const FIRST_CLICKS: [(&str, [(&str, f64); 3]); 2] = [
    ("m2n2", [("106024", 0.1879), ("124084", 0.6024), ("153077", 0.5524)]),
    ("maskov", [("106024", 0.5996), ("124084", 0.9579), ("153077", 0.5558)]),
];
/// As between our q8 and the f32 reference: 49 of 50 photos are closer.
const TOLERANCE: f64 = 0.02;

#[test]
fn three_photos_of_grabcut_keep_their_first_masks() {
    let Some(set) = maskov_fixtures::shared("data/GrabCut") else { return };
    for (method, first_clicks) in FIRST_CLICKS {
        check(set.to_str().unwrap(), method, &first_clicks);
    }
}

fn check(set: &str, method: &str, first_clicks: &[(&str, f64)]) {
    let scratch = Scratch::new(&format!("grabcut-{method}"));
    let json = scratch.path("scores.json");
    let output = maskov(&[
        "eval",
        set,
        "--method",
        method,
        "--limit",
        "3",
        "--clicks",
        "20",
        "--resolution",
        "32",
        "--device",
        "cpu",
        "--json",
        &json,
    ]);
    assert!(output.status.success(), "{}", stderr(&output));
    let scores: serde_json::Value = serde_json::from_slice(&std::fs::read(&json).unwrap()).unwrap();
    assert_eq!(scores["summary"]["objects"], 3);
    for &(object, expected) in first_clicks {
        let iou = scores["objects"][object]["iou_per_click"][0].as_f64().unwrap();
        assert!((iou - expected).abs() <= TOLERANCE, "{method}, {object}: {iou} instead of {expected}");
    }
}
