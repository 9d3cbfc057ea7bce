//! The still life, clicked object by object with the shipped pack: no worse than what benches/RESULTS.md says.
#![cfg(not(target_arch = "wasm32"))]

use std::rc::Rc;

use maskov_engine::{DeviceChoice, Engine};
use maskov_tests::repository;
use maskov_tests::sample::RESOLUTION;
use maskov_tests::still_life::{self, mean_after, recorded_mean};
use maskov_weights::Pack;
use pollster::block_on;

/// How far the mean IoU may be from the recorded one: adapters round differently, and a threshold near a tie may move.
const TOLERANCE: f64 = 0.03;

fn check(device: &str, choice: DeviceChoice) {
    let results = std::fs::read_to_string(repository("benches/RESULTS.md")).unwrap();
    let recorded =
        recorded_mean(&results, device).expect("benches/RESULTS.md gives the mean after three clicks");
    let pack = Pack::open_folder(repository("web/models/small-v1")).unwrap();
    let mut engine = block_on(Engine::open(Rc::new(pack), choice, Some(RESOLUTION), &mut ())).unwrap();
    let scores = block_on(still_life::measure(&still_life::open().unwrap(), &mut engine, 3)).unwrap();
    let mean = mean_after(&scores, 3);
    println!("{}: mean IoU after three clicks {mean:.3}, recorded {recorded}", engine.device().name());
    assert!((mean - recorded).abs() <= TOLERANCE, "{mean:.3} is too far from {recorded}: {scores:?}");
}

#[test]
fn the_cpu_keeps_the_recorded_quality() {
    check("CPU", DeviceChoice::Cpu);
}

#[test]
fn the_gpu_keeps_the_recorded_quality() {
    check("GPU", DeviceChoice::Gpu);
}

/// One click and one pull: the best position of the pull, in the mean over the objects.
#[test]
fn one_pull_finds_most_of_an_object() {
    let pack = Pack::open_folder(repository("web/models/small-v1")).unwrap();
    let mut engine =
        block_on(Engine::open(Rc::new(pack), DeviceChoice::Cpu, Some(RESOLUTION), &mut ())).unwrap();
    let scores = block_on(still_life::pull(&still_life::open().unwrap(), &mut engine)).unwrap();
    let mean = mean_after(&scores, 1);
    println!("best of the pull: mean IoU {mean:.3}");
    assert!(mean >= 0.75, "{mean:.3}: {scores:?}");
}
