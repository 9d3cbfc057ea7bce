//! What an engine does when its device fails: opened anew, asked for less, left for the CPU. On any adapter (the tests'
//! software one) with the shipped pack, and on a small piece of our own still life.

mod common;

use std::rc::Rc;

use maskov_engine::{
    Device, DeviceChoice, Engine, EngineError, Mask, Model, Plan, PromptPoint, RgbImage, try_adapter,
};
use maskov_gpu::GpuError;
use pollster::block_on;

use common::{pack, still_life};

const POINTS: [PromptPoint; 2] = [PromptPoint::new(120, 90, true), PromptPoint::new(5, 5, false)];

/// 240 × 180 pixels around the object of the first point.
fn photo() -> RgbImage<'static> {
    let whole = still_life();
    let rgb = whole.rgb();
    let row = |y: usize| &rgb[(y * 1600 + 520) * 3..][..240 * 3];
    RgbImage::new(240, 180, (730..910).flat_map(row).copied().collect::<Vec<u8>>()).unwrap()
}

fn open(choice: DeviceChoice, resolution: usize) -> Engine {
    block_on(Engine::open(pack(), choice, Some(resolution), &mut ())).unwrap()
}

fn mask(engine: &mut Engine) -> Result<Mask, EngineError> {
    let mut session = block_on(engine.encode_once(photo(), None, &mut ()))?;
    session.set_points(&POINTS)?;
    Ok(block_on(session.mask(&mut ()))?.mask)
}

fn out_of_memory() -> EngineError {
    GpuError::OutOfMemory { bytes: 1 << 30 }.into()
}

fn lose_device(engine: &Engine) -> Rc<maskov_gpu::Gpu> {
    let Device::Gpu(gpu) = engine.device().clone() else { panic!("no GPU to lose") };
    gpu.destroy();
    gpu
}

#[test]
fn a_device_opened_anew_gives_the_same_mask() {
    let mut engine = open(DeviceChoice::Gpu, 16);
    let before = mask(&mut engine).unwrap();
    let area = before.pixels.iter().filter(|&&pixel| pixel != 0).count();
    assert!((1..before.pixels.len()).contains(&area), "an object of {area} pixels");
    let lost = lose_device(&engine);
    let error = mask(&mut engine).unwrap_err();
    assert_eq!((error.code(), engine.next_plan(&error)), ("device-lost", None));
    assert_eq!(block_on(engine.fall_back(&error, &mut ())).unwrap(), None, "no step down");
    block_on(engine.reopen(&mut ())).unwrap();
    let Device::Gpu(gpu) = engine.device().clone() else { panic!("the same choice, the same device") };
    assert!(!Rc::ptr_eq(&gpu, &lost));
    assert_eq!((engine.plan(), engine.note()), (Plan::Full, None));
    assert_eq!(mask(&mut engine).unwrap(), before);
}

#[test]
fn a_gpu_that_was_asked_for_is_asked_for_less_once_and_then_the_error_stands() {
    let mut engine = open(DeviceChoice::Gpu, 48);
    let error = out_of_memory();
    assert_eq!(engine.next_plan(&error), Some(Plan::Small));
    assert_eq!(block_on(engine.fall_back(&error, &mut ())).unwrap(), Some(Plan::Small));
    assert_eq!((engine.device().is_gpu(), engine.network().resolution()), (true, 32));
    let reason = engine.reason().expect("something was hoped for");
    assert_eq!(reason.code, "out-of-memory");
    assert!(reason.to_string().ends_with("solving at a smaller size"), "{reason}");
    mask(&mut engine).unwrap();

    lose_device(&engine);
    block_on(engine.reopen(&mut ())).unwrap();
    assert_eq!((engine.plan(), engine.network().resolution()), (Plan::Small, 32), "the same plan");
    assert_eq!(block_on(engine.fall_back(&error, &mut ())).unwrap(), None);
    assert!(!block_on(engine.recover(&error, &mut ())).unwrap());
    assert!(engine.device().is_gpu());
}

#[test]
fn where_the_cpu_will_do_short_memory_ends_there() {
    let mut engine = open(DeviceChoice::AutoWithSoftware, 16);
    assert!(engine.device().is_gpu());
    let mut plans = vec![engine.plan()];
    while let Some(plan) = block_on(engine.fall_back(&out_of_memory(), &mut ())).unwrap() {
        plans.push(plan);
    }
    assert_eq!(plans, [Plan::Full, Plan::Small, Plan::Cpu]);
    assert_eq!((engine.device().is_gpu(), engine.network().resolution()), (false, 16));
    assert!(engine.note().unwrap().ends_with("computing on the CPU"), "{:?}", engine.note());
    mask(&mut engine).unwrap();
}

#[test]
fn encoding_with_a_second_try_leaves_a_lost_device_for_the_cpu() {
    let mut engine = open(DeviceChoice::AutoWithSoftware, 16);
    lose_device(&engine);
    let mut session = block_on(engine.encode(photo(), None, &mut ())).unwrap();
    assert_eq!((engine.plan(), engine.reason().map(|reason| reason.code)), (Plan::Cpu, Some("device-lost")));
    session.set_points(&POINTS).unwrap();
    block_on(session.mask(&mut ())).unwrap();
}

#[test]
fn a_preview_is_the_mask_where_nothing_is_to_be_refined() {
    let engine = open(DeviceChoice::Cpu, 16);
    let mut session = block_on(engine.encode_once(photo(), None, &mut ())).unwrap();
    session.set_points(&POINTS).unwrap();
    assert_eq!(session.solved_size(), session.photo_size());
    let preview = block_on(session.preview(&mut ())).unwrap().mask;
    assert_eq!(preview, block_on(session.mask(&mut ())).unwrap().mask);

    // Four times as wide and high: solved smaller.
    let (small, mut rgb) = (photo(), Vec::new());
    for y in 0..720 {
        rgb.extend((0..960).flat_map(|x| &small.rgb()[(y / 4 * 240 + x / 4) * 3..][..3]));
    }
    let large = RgbImage::new(960, 720, rgb).unwrap();
    let mut session = block_on(engine.encode_once(large, None, &mut ())).unwrap();
    session.set_points(&[PromptPoint::new(480, 360, true)]).unwrap();
    let preview = block_on(session.preview(&mut ())).unwrap().mask;
    assert_eq!((preview.width, preview.height), session.map_size());
    assert!(preview.width < 960);
    assert_eq!(session.cached_maps(), 1);
    let mask = block_on(session.mask(&mut ())).unwrap().mask;
    assert_eq!((mask.width, mask.height, session.cached_maps()), (960, 720, 1), "the map is found again");
}

/// Which one is faster is the machine's affair; that the adapter is right is not.
#[test]
fn an_adapter_on_trial_computes_what_the_cpu_does() {
    let (device, _) = block_on(Device::open(DeviceChoice::Gpu)).unwrap();
    let source = pack();
    let trial = block_on(try_adapter(&Model::of(&*source).unwrap(), &*source)).unwrap().unwrap();
    println!("{device:?}: {trial:?}");
    assert!(trial.is_right && trial.is_software == device.is_software(), "{trial:?}");
}
