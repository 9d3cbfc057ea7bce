//! What an executor promises whatever the network: which inputs it asks for, when it can be stopped, what it keeps.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::rc::Rc;

use maskov_gpu::testing::gpu;
use maskov_graph::{Graph, GraphBuilder, Operation, Padding, Shape, Stored};
use maskov_runtime::{CpuExecutor, Executor, GpuExecutor, Observer, RuntimeError, Step, Watch};
use maskov_weights::{
    Checkpoint, DType, HostTensor, LocalFuture, MemorySource, SafeTensors, TensorInfo, WeightSource,
    WeightsError, write_safetensors,
};
use serde_json::Value;

/// `y = to_out(image + to_k(text)) + image`: `to_k` hangs on the constant text alone.
fn graph() -> Graph {
    let mut list = GraphBuilder::new();
    let shape = |width| Shape { height: 1, width, channels: 2 };
    let image = list.input("image", shape(3), false).unwrap();
    let text = list.input("text", shape(1), true).unwrap();
    let row = list.linear("to_k", &[], text, 2, true, Stored::Linear).unwrap();
    let sum = list.op("sum", Operation::AddRow { input: image, row }).unwrap();
    let out = list.linear("to_out", &[], sum, 2, true, Stored::Linear).unwrap();
    list.op("y", Operation::Add { a: out, b: image }).unwrap();
    list.finish()
}

fn checkpoint(tensors: &[(&str, &[usize], &[f32])]) -> Checkpoint {
    let tensors: Vec<_> = tensors
        .iter()
        .map(|(name, shape, values)| HostTensor::from_f32(*name, shape, values).unwrap())
        .collect();
    let bytes = write_safetensors(&tensors, &BTreeMap::new()).unwrap();
    let file = pollster::block_on(SafeTensors::open(Box::new(MemorySource::new("memory", bytes)))).unwrap();
    Checkpoint::new(vec![file], BTreeMap::new(), None).unwrap()
}

fn weights() -> Checkpoint {
    checkpoint(&[
        ("to_k.weight", &[2, 2], &[1.0, 0.0, 0.0, 2.0]),
        ("to_k.bias", &[2], &[0.5, 0.0]),
        ("to_out.weight", &[2, 2], &[0.0, 1.0, 1.0, 0.0]),
        ("to_out.bias", &[2], &[0.0, 100.0]),
    ])
}

const IMAGE: [f32; 6] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];

fn load(wanted: &[&str], weights: &Checkpoint) -> Result<CpuExecutor, RuntimeError> {
    pollster::block_on(CpuExecutor::load(&graph(), wanted, weights, &[("text", &[10.0, 20.0])], &mut ()))
}

fn run(executor: &CpuExecutor, image: &[f32], observer: &mut dyn Observer) -> Result<Vec<f32>, RuntimeError> {
    let mut outputs = pollster::block_on(executor.run(&[("image", image)], observer))?;
    Ok(outputs.tensors.remove("y").unwrap())
}

#[test]
fn a_run_computes_the_list_and_names_its_steps() {
    let executor = load(&["y", "to_k"], &weights()).unwrap();
    let mut steps = Vec::new();
    let mut watch = Watch(|step: Step<'_>| {
        steps.push((step.index, step.count, step.name.to_owned()));
        ControlFlow::Continue(())
    });
    let y = run(&executor, &IMAGE, &mut watch).unwrap();
    // Rows plus [10.5, 40], swapped, plus [0, 100], plus the row.
    assert_eq!(y, [43.0, 113.5, 47.0, 117.5, 51.0, 121.5]);
    let named = |index, name: &str| (index, 3, name.to_owned());
    assert_eq!(steps, [named(0, "sum"), named(1, "to_out"), named(2, "y")], "to_k ran once, at loading");
    let outputs = pollster::block_on(executor.run(&[("image", &IMAGE)], &mut ())).unwrap();
    assert_eq!(outputs.tensors["to_k"], [10.5, 40.0], "a wanted constant is an output like any other");
    let timed: Vec<_> = outputs.timings.ops.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(timed, ["sum", "to_out", "y"]);
}

#[test]
fn a_photo_on_a_gpu_takes_what_the_one_before_left() {
    pollster::block_on(async {
        let mut list = GraphBuilder::new();
        let image = list.input("image", Shape { height: 1, width: 3, channels: 2 }, false).unwrap();
        // Of another length than the image, whose buffer is of use to nothing else then.
        list.linear("y", &[], image, 4, true, Stored::Linear).unwrap();
        let weights = checkpoint(&[("y.weight", &[4, 2], &[1.0; 8]), ("y.bias", &[4], &[0.0; 4])]);
        let gpu = Rc::new(gpu().await);
        let executor =
            GpuExecutor::load(gpu.clone(), &list.finish(), &["y"], &weights, &[], &mut ()).await.unwrap();
        let mut held = Vec::new();
        for photo in 0..4u8 {
            let image = IMAGE.map(|value| value + f32::from(photo));
            let outputs = executor.run(&[("image", &image)], &mut ()).await.unwrap();
            assert_eq!(outputs.tensors["y"][..4], [image[0] + image[1]; 4]);
            held.push(gpu.counts().device_bytes);
        }
        assert_eq!(held, [held[0]; 4]);
    });
}

#[test]
fn only_the_weights_of_wanted_outputs_are_needed() {
    let constant = checkpoint(&[("to_k.weight", &[2, 2], &[1.0; 4]), ("to_k.bias", &[2], &[0.0; 2])]);
    load(&["to_k"], &constant).unwrap();
    let error = load(&["y"], &constant).unwrap_err();
    let missing = vec!["to_out.weight".to_owned(), "to_out.bias".to_owned()];
    assert!(
        matches!(&error, RuntimeError::Weights(WeightsError::Missing(names)) if *names == missing),
        "{error}"
    );
}

#[test]
fn inputs_that_are_missing_or_of_another_length_are_named() {
    let executor = load(&["y"], &weights()).unwrap();
    let error = pollster::block_on(executor.run(&[], &mut ())).unwrap_err();
    assert!(matches!(&error, RuntimeError::InputMissing { name, len: 6 } if name == "image"), "{error}");
    let error = run(&executor, &IMAGE[..5], &mut ()).unwrap_err();
    let RuntimeError::InputLength { name, expected: 6, found: 5 } = &error else { panic!("{error}") };
    assert_eq!(name, "image");
    let error =
        pollster::block_on(CpuExecutor::load(&graph(), &["y"], &weights(), &[], &mut ())).unwrap_err();
    assert!(matches!(&error, RuntimeError::InputMissing { name, len: 2 } if name == "text"), "{error}");
}

#[test]
fn an_output_that_the_list_lacks_is_named() {
    let error = load(&["z"], &weights()).unwrap_err().to_string();
    assert!(error.contains('z'), "{error}");
}

#[test]
fn a_run_and_a_load_can_be_cancelled_before_any_step() {
    let executor = load(&["y"], &weights()).unwrap();
    for stop in 0..3 {
        let mut watch =
            Watch(
                |step: Step<'_>| {
                    if step.index == stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
                },
            );
        let error = run(&executor, &IMAGE, &mut watch).unwrap_err();
        let next = ["sum", "to_out", "y"][stop];
        assert!(matches!(&error, RuntimeError::Cancelled { before } if before == next), "{error}");
    }
    let mut watch = Watch(|_: Step<'_>| ControlFlow::Break(()));
    let (graph, weights) = (graph(), weights());
    let loading = CpuExecutor::load(&graph, &["y"], &weights, &[("text", &[0.0; 2])], &mut watch);
    assert!(matches!(pollster::block_on(loading).unwrap_err(), RuntimeError::Cancelled { .. }));
}

#[test]
fn the_layer_where_a_nan_began_is_named() {
    // Finite weights whose product overflows in `to_out`; `y` is where it is seen.
    let mut large = weights();
    let executor = load(&["y"], &large).unwrap();
    let error = run(&executor, &[f32::NAN; 6], &mut ()).unwrap_err();
    assert!(matches!(&error, RuntimeError::NotFinite { name } if name == "image"), "{error}");
    large = checkpoint(&[
        ("to_k.weight", &[2, 2], &[1.0; 4]),
        ("to_k.bias", &[2], &[0.0; 2]),
        ("to_out.weight", &[2, 2], &[f32::MAX; 4]),
        ("to_out.bias", &[2], &[0.0; 2]),
    ]);
    let error = run(&load(&["y"], &large).unwrap(), &IMAGE, &mut ()).unwrap_err();
    assert!(matches!(&error, RuntimeError::NotFinite { name } if name == "to_out"), "{error}");
}

#[test]
fn a_constant_that_is_not_finite_fails_at_loading() {
    let large = checkpoint(&[("to_k.weight", &[2, 2], &[f32::MAX; 4]), ("to_k.bias", &[2], &[0.0; 2])]);
    let error = load(&["to_k"], &large).unwrap_err();
    assert!(matches!(&error, RuntimeError::NotFinite { name } if name == "to_k"), "{error}");
}

/// A checkpoint whose matrices are quantised as they are read, and on request dequantised at once.
struct Quantized<'a> {
    checkpoint: &'a Checkpoint,
    dtype: DType,
    back_to_f32: bool,
}

impl WeightSource for Quantized<'_> {
    fn names(&self) -> Vec<&str> {
        self.checkpoint.names()
    }
    fn info(&self, name: &str) -> Option<TensorInfo> {
        self.checkpoint.info(name)
    }
    fn read<'a>(&'a self, name: &'a str) -> LocalFuture<'a, maskov_weights::Result<HostTensor>> {
        Box::pin(async move {
            let tensor = self.checkpoint.read(name).await?;
            match tensor.shape().len() {
                1 => Ok(tensor),
                _ if self.back_to_f32 => tensor.to_dtype(self.dtype)?.to_dtype(DType::F32),
                _ => tensor.to_dtype(self.dtype),
            }
        })
    }
    fn config(&self, _: &str) -> Option<&Value> {
        None
    }
    fn settings(&self) -> Option<&Value> {
        None
    }
}

#[test]
fn quantised_matrices_compute_as_what_they_stand_for() {
    let mut list = GraphBuilder::new();
    let image = list.input("image", Shape { height: 3, width: 5, channels: 33 }, false).unwrap();
    let conv = list.conv3x3("conv", image, 7, 1, Padding::Same).unwrap();
    list.linear("y", &[], conv, 3, false, Stored::Pointwise).unwrap();
    let graph = list.finish();
    let values = |len: usize| (0..len).map(|i| (i as f32 * 0.37).sin()).collect::<Vec<f32>>();
    let checkpoint = checkpoint(&[
        ("conv.weight", &[7, 33, 3, 3], &values(7 * 33 * 9)),
        ("conv.bias", &[7], &values(7)),
        ("y.weight", &[3, 7, 1, 1], &values(21)),
    ]);
    let y = |source: &dyn WeightSource| {
        let executor = pollster::block_on(CpuExecutor::load(&graph, &["y"], source, &[], &mut ())).unwrap();
        run(&executor, &values(3 * 5 * 33), &mut ()).unwrap()
    };
    let exact = y(&checkpoint);
    for dtype in [DType::Q8, DType::Q4] {
        let quantized = |back_to_f32| y(&Quantized { checkpoint: &checkpoint, dtype, back_to_f32 });
        assert_eq!(quantized(false), quantized(true), "{dtype}");
        assert_ne!(quantized(false), exact, "{dtype} rounds");
    }
}
