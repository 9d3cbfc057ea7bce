//! When kernels are compiled: while an engine loads, so that no photo and no point waits for one.

mod common;

use std::rc::Rc;

use maskov_engine::{Device, DeviceChoice, Engine, MethodName, PromptPoint};
use maskov_gpu::Gpu;
use pollster::block_on;

use common::{pack, still_life};

fn gpu(engine: &Engine) -> Rc<Gpu> {
    let Device::Gpu(gpu) = engine.device() else { panic!("no GPU") };
    gpu.clone()
}

/// Kernels compiled by a photo, a first click, a further one and a preview.
fn compiled_by_work(engine: &Engine) -> u64 {
    let gpu = gpu(engine);
    gpu.start_counting();
    let mut session = block_on(engine.encode_once(still_life(), None, &mut ())).unwrap();
    for point in [PromptPoint::new(640, 820, true), PromptPoint::new(20, 20, false)] {
        session.add(point).unwrap();
        block_on(session.mask(&mut ())).unwrap();
    }
    session.add(PromptPoint::new(900, 700, true)).unwrap();
    block_on(session.preview(&mut ())).unwrap();
    let counts = gpu.counts();
    assert!(counts.dispatches > 500, "{counts:?}");
    counts.pipelines
}

#[test]
fn no_photo_and_no_point_compiles_a_kernel() {
    let mut engine = block_on(Engine::open(pack(), DeviceChoice::Gpu, Some(16), &mut ())).unwrap();
    assert!(gpu(&engine).counts().pipelines > 20, "loading compiles");
    for method in [MethodName::Maskov, MethodName::M2n2] {
        engine.set_method(method);
        assert_eq!(compiled_by_work(&engine), 0, "by {method:?}");
    }
}
