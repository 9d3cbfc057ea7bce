//! The picture that the page opens with: one click on the duck, wherever a person would click, is the duck.
#![cfg(not(target_arch = "wasm32"))]

use std::rc::Rc;

use maskov_engine::{DeviceChoice, Engine, PromptPoint};
use maskov_fixtures::repository;
use maskov_segment::evaluation::{iou, next_click};
use maskov_tests::sample::{RESOLUTION, Sample};
use maskov_weights::Pack;
use pollster::block_on;

/// IoU of a click on the deepest pixel.
const IN_THE_MIDDLE: f64 = 0.9;

/// IoU of a click anywhere else.
const ELSEWHERE: f64 = 0.8;

/// Where else a person would click, in pixels of the photo.
const PLACES: [(&str, u32, u32); 4] =
    [("head", 770, 330), ("breast", 640, 620), ("wing", 980, 600), ("tail", 1120, 450)];

#[test]
fn one_click_is_the_duck() {
    let sample = Sample::open("duck").unwrap();
    let (truth, width) = (&sample.objects["duck"], sample.photo.width());
    let middle = next_click(&vec![0; truth.len()], truth, width as usize, |_| false).unwrap();
    let mut clicks = vec![("middle", middle, IN_THE_MIDDLE)];
    clicks.extend(PLACES.map(|(name, x, y)| (name, PromptPoint::new(x, y, true), ELSEWHERE)));

    let pack = Pack::open_folder(repository("web/models/small-v1")).unwrap();
    let mut engine =
        block_on(Engine::open(Rc::new(pack), DeviceChoice::Cpu, Some(RESOLUTION), &mut ())).unwrap();
    let mut session = block_on(engine.encode(sample.photo.clone(), None, &mut ())).unwrap();
    for (name, click, bar) in clicks {
        session.set_points(&[click]).unwrap();
        let mask = block_on(session.mask(&mut ())).unwrap().mask.pixels;
        let score = iou(&mask, truth);
        println!("{name}: {score:.3}");
        assert!(score >= bar, "a click on the {name} reaches {score:.3}, not {bar}");
    }
}
