//! What the CPU's fewer taps and its smaller picture cost, and that sessions are what the page and the command line
//! take them for. On our own still life with the shipped pack.

mod common;

use std::ops::ControlFlow;

use maskov_engine::{
    Attention, Device, DeviceChoice, Engine, Fidelity, MethodName, PromptPoint, Session, Stage, Step, Watch,
};
use maskov_fixtures::fixture;
use maskov_segment::evaluation::{iou, next_click};
use pollster::block_on;

use common::{pack, still_life};

fn engine(resolution: usize) -> Engine {
    block_on(Engine::open(pack(), DeviceChoice::Cpu, Some(resolution), &mut ())).unwrap()
}

fn mask(session: &mut Session, points: &[PromptPoint]) -> Vec<u8> {
    session.set_points(points).unwrap();
    block_on(session.mask(&mut ())).unwrap().mask.pixels
}

/// The truth of every object, u8 `[height, width]`.
fn objects() -> Vec<Vec<u8>> {
    let labels = std::fs::read(fixture("still_life/labels.png")).unwrap();
    let labels = maskov_photo::read_mask(&labels).unwrap().values;
    let truth = |label: u16| labels.iter().map(|&value| u8::from(value == label)).collect::<Vec<u8>>();
    // Background and cloth are no objects; anything below a thousandth of the picture is not clicked.
    (1..=u16::from(u8::MAX))
        .map(truth)
        .filter(|truth| (2_000..700_000).contains(&truth.iter().filter(|&&pixel| pixel != 0).count()))
        .collect()
}

/// The IoU with the truth after up to three simulated clicks, each of them counted.
fn ious(session: &mut Session, truth: &[u8]) -> f64 {
    let mut prediction = vec![0; truth.len()];
    let mut points = Vec::new();
    let mut sum = 0.0;
    for _ in 0..3 {
        points.extend(next_click(&prediction, truth, 1600, |_| false));
        prediction = mask(session, &points);
        sum += iou(&prediction, truth);
    }
    sum / 3.0
}

/// A threshold may jump between two segments of nearly the same score, so single masks are no measure: the distance maps
/// are, and how good the masks are on all objects together. By the paper's method: ours takes as few as its masks need.
#[test]
fn fewer_taps_cost_little() {
    let mut engine = engine(32);
    engine.set_method(MethodName::M2n2);
    let photo = still_life();
    let attention = block_on(engine.attention(&photo, &mut ())).unwrap().attention;
    let Attention::Cpu(map) = attention else { panic!("the CPU leaves its map in memory") };
    let session = |samples_per_cell| {
        let fidelity = Fidelity { samples_per_cell, ..Fidelity::CPU };
        let (attention, photo) = (Attention::Cpu(map.clone()), photo.clone());
        block_on(Session::new(&Device::Cpu, attention, photo, engine.method(), fidelity, &mut ())).unwrap()
    };
    let objects = objects();
    assert!(objects.len() >= 8, "{} objects", objects.len());
    let middles: Vec<PromptPoint> = objects
        .iter()
        .filter_map(|truth| next_click(&vec![0; truth.len()], truth, 1600, |_| false))
        .collect();
    let measure = |samples_per_cell| {
        let mut session = session(samples_per_cell);
        let maps: Vec<Vec<f32>> =
            middles.iter().map(|&point| block_on(session.stages(point)).unwrap().distance_map).collect();
        let quality =
            objects.iter().map(|truth| ious(&mut session, truth)).sum::<f64>() / objects.len() as f64;
        (maps, quality)
    };
    let (formula, formula_quality) = measure(None);
    for (samples, bound) in [(Fidelity::CPU.samples_per_cell, 0.005), (Fidelity::GPU.samples_per_cell, 0.001)]
    {
        let (fewer, quality) = measure(samples);
        let differences =
            || formula.iter().flatten().zip(fewer.iter().flatten()).map(|(a, b)| f64::from((a - b).abs()));
        let mean = differences().sum::<f64>() / differences().count() as f64;
        println!(
            "{samples:?} samples a cell: distance maps off by {mean:.5} in the mean, {:.3} at the most; mean IoU {quality:.4}, by the formula {formula_quality:.4}",
            differences().fold(0.0, f64::max)
        );
        assert!(mean > 0.0, "{samples:?} samples are not fewer than the formula's");
        assert!(mean <= bound, "{samples:?} samples: distance maps off by {mean} in the mean");
        assert!(
            (quality - formula_quality).abs() <= 0.02,
            "{samples:?} samples: mean IoU {quality}, by the formula {formula_quality}"
        );
    }
}

#[test]
fn a_session_is_edited_point_by_point_and_tells_its_times() {
    let mut engine = engine(16);
    let mut session = block_on(engine.encode(still_life(), None, &mut ())).unwrap();
    let (width, height) = session.photo_size();
    assert_eq!((width, height), (1600, 1200));
    assert!(session.solved_size().0 < width);
    let point = PromptPoint::new;
    session.add(point(640, 820, true)).unwrap();
    let one = block_on(session.mask(&mut ())).unwrap().mask;
    assert_eq!(one.pixels.len(), 1600 * 1200);
    let stages: Vec<Stage> = session.take_times().into_iter().map(|time| time.stage).collect();
    for stage in
        [Stage::Resize, Stage::Network, Stage::Transition, Stage::Chain, Stage::FloodFill, Stage::Score]
    {
        assert!(stages.contains(&stage), "{stage} in {stages:?}");
    }
    assert_eq!(stages[0], Stage::Resize);
    assert!(session.network_timings().total_ms() > 0.0);

    session.add(point(100, 100, false)).unwrap();
    session.move_to(1, 120, 90).unwrap();
    assert_eq!(session.points(), [point(640, 820, true), point(120, 90, false)]);
    for (x, y) in [(1600, 0), (0, 1200)] {
        assert_eq!(session.add(point(x, y, true)).unwrap_err().code(), "point-outside");
        assert_eq!(session.move_to(0, x, y).unwrap_err().code(), "point-outside");
    }
    session.remove(1);
    session.remove(7);
    assert_eq!(block_on(session.mask(&mut ())).unwrap().mask, one, "as if the second point had never been");
}

#[test]
fn cancelling_ends_the_work_with_its_own_code() {
    let mut engine = engine(16);
    // Behind the network, too.
    let mut fitting = Watch(|step: Step<'_>| match step.name {
        "iterative proportional fitting" => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    });
    let error = block_on(engine.encode(still_life(), None, &mut fitting)).err().expect("it was cancelled");
    assert_eq!(error.code(), "cancelled");
}

#[test]
fn a_resolution_that_does_not_fit_says_which_do() {
    let opened = block_on(Engine::open(pack(), DeviceChoice::Cpu, Some(33), &mut ()));
    let error = opened.err().expect("33 is no multiple of 4");
    assert_eq!(error.code(), "bad-resolution");
    assert!(error.to_string().contains("32 or 36"), "{error}");
}

/// With any adapter (the tests' software one) the masks are the CPU's.
#[test]
fn the_gpu_s_mask_is_the_cpu_s() {
    let open = |choice| block_on(Engine::open(pack(), choice, Some(16), &mut ())).unwrap();
    let points = [PromptPoint::new(640, 820, true)];
    let masks = [DeviceChoice::Cpu, DeviceChoice::Gpu].map(|choice| {
        let mut engine = open(choice);
        assert_eq!(engine.device().is_gpu(), choice == DeviceChoice::Gpu);
        let fidelity = Some(Fidelity::CPU);
        let mut session = block_on(engine.encode(still_life(), fidelity, &mut ())).unwrap();
        mask(&mut session, &points)
    });
    let same = iou(&masks[0], &masks[1]);
    assert!(same >= 0.99, "IoU {same}");
}

/// A device that is lost in the middle: with `Auto` nothing would be left to the person.
#[test]
fn a_lost_device_is_told_by_its_code() {
    let mut engine = block_on(Engine::open(pack(), DeviceChoice::Gpu, Some(16), &mut ())).unwrap();
    let Device::Gpu(gpu) = engine.device().clone() else { panic!("asked for a GPU") };
    gpu.destroy();
    let error = block_on(engine.encode(still_life(), None, &mut ())).err().expect("it is lost");
    assert_eq!(error.code(), "device-lost");
    assert!(error.is_of_device());
}
