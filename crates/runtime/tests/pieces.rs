//! Activations that are larger than a binding: the same values in tiles as in one buffer, and a full-size model's list in
//! WebGPU's default limits.

use std::collections::BTreeMap;
use std::rc::Rc;

use maskov_diffusion::{Configs, DiffusionSettings, UnetConfig, VaeConfig, attention_graph};
use maskov_gpu::testing::{Tolerance, assert_close, gpu};
use maskov_graph::{Graph, GraphBuilder, Operation, Padding, Shape, Stored};
use maskov_runtime::{CpuExecutor, Executor, GpuExecutor, Weights, activation_bytes, fits_bindings};
use maskov_weights::{Checkpoint, HostTensor, MemorySource, SafeTensors, WeightSource, write_safetensors};
use serde_json::Value;

/// What a VAE's encoder and a transformer's feed-forward do, on 64² and 32² tokens.
fn list() -> Graph {
    let mut list = GraphBuilder::new();
    let image = list.input("image", Shape { height: 64, width: 64, channels: 32 }, false).unwrap();
    let x = list.conv3x3("conv_in", image, 32, 1, Padding::Same).unwrap();
    let normed = list.group_norm_silu("norm", Some("act"), x, 4, 1e-6).unwrap();
    let conv = list.conv3x3("conv", normed, 32, 1, Padding::Same).unwrap();
    let sum = list.op("sum", Operation::Add { a: x, b: conv }).unwrap();
    let wide = list.linear("ff", &[], sum, 32, true, Stored::Linear).unwrap();
    let gated = list.op("gated", Operation::Geglu { input: wide }).unwrap();
    let both = list.op("both", Operation::Concat { a: gated, b: gated }).unwrap();
    let down = list.conv3x3("down", both, 8, 2, Padding::RightBottom).unwrap();
    let query = list.linear("to_q", &[], down, 8, false, Stored::Linear).unwrap();
    let attention = Operation::Attention { query, key: down, value: down, heads: 2, causal: false };
    let attended = list.op("attended", attention).unwrap();
    list.op("y", Operation::Add { a: attended, b: down }).unwrap();
    list.finish()
}

/// Weights of both signs, the same each time.
fn weights(list: &Graph) -> Checkpoint {
    let tensor = |weight: &maskov_graph::Weight| {
        let len = weight.shape.iter().product::<usize>();
        let scale = 1.0 / (len as f32).sqrt();
        let values: Vec<f32> = (0..len).map(|i| scale * (i as f32 * 1.7).sin()).collect();
        HostTensor::from_f32(weight.name.as_str(), &weight.shape, &values).unwrap()
    };
    let tensors: Vec<_> = list.weights.iter().map(tensor).collect();
    let bytes = write_safetensors(&tensors, &BTreeMap::new()).unwrap();
    let file = pollster::block_on(SafeTensors::open(Box::new(MemorySource::new("memory", bytes)))).unwrap();
    Checkpoint::new(vec![file], BTreeMap::new(), None).unwrap()
}

#[test]
fn tiles_compute_what_one_buffer_does() {
    pollster::block_on(async {
        let (list, gpu) = (list(), Rc::new(gpu().await));
        let weights = weights(&list);
        let image: Vec<f32> = (0..64 * 64 * 32).map(|i| (i as f32 * 0.37).sin()).collect();
        let wanted = ["act", "conv", "gated", "down", "y"];
        let cpu = CpuExecutor::load(&list, &wanted, &weights, &[], &mut ()).await.unwrap();
        let expected = cpu.run(&[("image", &image)], &mut ()).await.unwrap().tensors;
        // 64² × 32 values are 512 KiB: two tiles of 2048 rows, the fewest that a tile may have.
        for binding_bytes in [128 << 20, 256 << 10] {
            let no_one = &mut ();
            let loaded = GpuExecutor::load_within(
                gpu.clone(),
                &list,
                &wanted,
                Weights::Resident(&weights),
                &[],
                no_one,
                binding_bytes,
            );
            let executor = loaded.await.unwrap();
            let outputs = executor.run(&[("image", &image)], &mut ()).await.unwrap();
            for name in wanted {
                let what = format!("{name} in bindings of {binding_bytes} bytes");
                // Weights are rounded to f16 on the device.
                let tolerance = Tolerance { abs: 4e-3, rel: 4e-3 };
                assert_close(&what, &outputs.tensors[name], &expected[name], tolerance);
            }
        }
        let refused = GpuExecutor::load_within(
            gpu,
            &list,
            &wanted,
            Weights::Resident(&weights),
            &[],
            &mut (),
            16 << 10,
        )
        .await
        .err()
        .unwrap();
        assert!(refused.to_string().contains("binds at most 16384"), "{refused}");
    });
}

#[test]
fn a_run_takes_what_its_plan_says_and_gives_it_back() {
    pollster::block_on(async {
        let list = list();
        let weights = weights(&list);
        let image: Vec<f32> = (0..64 * 64 * 32).map(|i| (i as f32 * 0.37).sin()).collect();
        for binding_bytes in [128 << 20, 256 << 10] {
            let (gpu, no_one) = (Rc::new(gpu().await), &mut ());
            let planned = activation_bytes(&list, &["y"], binding_bytes).unwrap();
            let loaded = GpuExecutor::load_within(
                gpu.clone(),
                &list,
                &["y"],
                Weights::Resident(&weights),
                &[],
                no_one,
                binding_bytes,
            );
            let executor = loaded.await.unwrap();
            let loaded = gpu.counts();
            executor.run(&[("image", &image)], &mut ()).await.unwrap();
            let first = gpu.counts();
            // Parameters of passes, and what values are read back through.
            let besides = 256 << 10;
            // What loading has left spare counts as not there.
            let taken = first.peak_bytes - loaded.live_bytes;
            assert!((planned..planned + besides).contains(&taken), "{taken} bytes taken, {planned} planned");
            assert!(first.live_bytes - loaded.live_bytes < besides, "the activations are let go");
            executor.run(&[("image", &image)], &mut ()).await.unwrap();
            let second = gpu.counts();
            assert_eq!((second.live_bytes, second.peak_bytes), (first.live_bytes, first.peak_bytes));
        }
    });
}

#[test]
fn weights_that_come_and_go_compute_what_resident_ones_do() {
    pollster::block_on(async {
        let list = list();
        let weights = Rc::new(weights(&list));
        let image: Vec<f32> = (0..64 * 64 * 32).map(|i| (i as f32 * 0.37).sin()).collect();
        let load = async |how: Weights<'_>| {
            let (gpu, none) = (Rc::new(gpu().await), &mut ());
            let loaded =
                GpuExecutor::load_within(gpu.clone(), &list, &["y"], how, &[], none, 128 << 20).await;
            (gpu.counts().live_bytes, loaded.unwrap())
        };
        let (resident_bytes, resident) = load(Weights::Resident(&*weights)).await;
        let source: Rc<dyn WeightSource> = weights.clone();
        // The convolution of 32 channels to 32 alone has 36 KiB in f32.
        let (streamed_bytes, streamed) = load(Weights::Streamed { source, block_bytes: 8 << 10 }).await;
        assert!(streamed_bytes + (36 << 10) < resident_bytes, "{streamed_bytes} of {resident_bytes}");
        let expected = resident.run(&[("image", &image)], &mut ()).await.unwrap();
        for _ in 0..2 {
            let found = streamed.run(&[("image", &image)], &mut ()).await.unwrap();
            assert_eq!(found.tensors, expected.tensors);
        }
        let list = list.pruned(&[list.find("conv").unwrap()]);
        let source: Rc<dyn WeightSource> =
            Rc::new(Checkpoint::new(Vec::new(), BTreeMap::new(), None).unwrap());
        let (gpu, none) = (Rc::new(gpu().await), &mut ());
        let empty = Weights::Streamed { source, block_bytes: 8 << 10 };
        let refused = GpuExecutor::load_within(gpu, &list, &["conv"], empty, &[], none, 128 << 20).await;
        assert!(refused.err().unwrap().to_string().contains("conv.weight"), "before the first run");
    });
}

#[test]
fn full_size_models_fit_the_default_limits_at_every_r() {
    for (model, resolutions) in [("sd15", [64, 128]), ("sd21", [64, 128]), ("bk_sdm_v2_tiny", [96, 128])] {
        let path = format!("{}/../../tests/fixtures/shapes/{model}.json", env!("CARGO_MANIFEST_DIR"));
        let spec: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let config = |component: &str| spec[component]["config"].to_string();
        let unet = UnetConfig::parse(&config("unet")).unwrap();
        let settings = DiffusionSettings::for_checkpoint(&unet).unwrap();
        let configs = Configs { unet, vae: Some(VaeConfig::parse(&config("vae")).unwrap()) };
        for resolution in resolutions {
            let list = attention_graph(&configs, &settings, resolution).unwrap();
            let graph = list.graph.pruned(&[list.attention]);
            fits_bindings(&graph, 128 << 20)
                .unwrap_or_else(|error| panic!("{model}, R = {resolution}: {error}"));
            let planned = activation_bytes(&graph, &["attention"], 128 << 20).unwrap();
            let map = graph.find("attention").unwrap();
            let alive = graph.peak_live_bytes(&[map]);
            let more = planned as f64 / alive as f64;
            assert!(more <= 1.12, "{model}, R = {resolution}: {more} times of what is ever alive");
        }
        let list = attention_graph(&configs, &settings, 128).unwrap();
        fits_bindings(&list.graph, 4 << 20).expect_err("keys of 16,384 tokens are 20 MiB, and needed whole");
    }
}
