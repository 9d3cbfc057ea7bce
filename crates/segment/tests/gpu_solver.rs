//! The GPU solver on cases that the reference files do not have, against the CPU solver.

use std::ops::ControlFlow;
use std::rc::Rc;

use maskov_gpu::RowTiled;
use maskov_gpu::testing::{Seeded, gpu};
use maskov_progress::{Step, Watch};
use maskov_segment::{
    AttentionMap, CpuSolver, GpuSolver, Method, MethodSettings, PromptPoint, RgbImage, SegmentError,
    Segmenter, SolveSize, Solver, Urgency,
};

/// A random attention map with a strong diagonal.
fn attention(resolution: usize) -> AttentionMap {
    let (n, mut seeded) = (resolution.pow(2), Seeded::new(20));
    let value = |i: usize| if i.is_multiple_of(n + 1) { 1.0 } else { 0.01 * seeded.value().abs() };
    AttentionMap::new(resolution, (0..n * n).map(value).collect()).expect("a valid map")
}

async fn markov_map(
    solver: &GpuSolver,
    transition: &<GpuSolver as Solver>::Transition,
    start: &[f32],
) -> Result<Vec<f32>, SegmentError> {
    let maps = solver.markov_maps(transition, &[start.to_vec()], Urgency::Awaited, &mut ()).await?;
    Ok(maps.concat())
}

#[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
async fn maps_that_are_made_together_are_those_of_each_alone() {
    let gpu = Rc::new(gpu().await);
    let solver = GpuSolver::new(gpu.clone(), MethodSettings::default()).expect("settings in their ranges");
    let map = solver.upload_attention(&attention(12)).expect("fits");
    let transition = solver.load_attention(map, &mut ()).await.expect("a matrix");
    let start = |token: usize| (0..144).map(|i| f32::from(i == token)).collect::<Vec<f32>>();
    // One more than one pass takes; they pass at different steps.
    let starts = [5, 70, 0, 143, 71].map(start);
    let together = solver.markov_maps(&transition, &starts, Urgency::Awaited, &mut ()).await.expect("maps");
    assert_eq!(together.len(), starts.len());
    for (start, together) in starts.iter().zip(together) {
        assert_eq!(together, markov_map(&solver, &transition, start).await.expect("a map"));
    }
    // What the same clicks ask for again is there already.
    gpu.start_counting();
    solver.markov_maps(&transition, &starts, Urgency::Awaited, &mut ()).await.expect("maps");
    assert_eq!(gpu.counts().objects, 0);
}

fn photo(width: u32, height: u32) -> RgbImage<'static> {
    let mut seeded = Seeded::new(21);
    let rgb: Vec<u8> = (0..width * height * 3).map(|i| (seeded.below(30) + i / width % 200) as u8).collect();
    RgbImage::new(width, height, rgb).expect("bytes fit the size")
}

#[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
async fn photos_of_any_shape_give_the_cpu_solvers_masks() {
    let gpu = Rc::new(gpu().await);
    let settings = MethodSettings::default;
    for (width, height, resolution) in [(1, 1, 1), (1, 1, 4), (1, 9, 3), (300, 1, 8), (33, 21, 9), (2, 2, 16)]
    {
        let points = [(0, 0, true), (width - 1, height - 1, false), (width / 2, height / 2, true)]
            .map(|(x, y, foreground)| PromptPoint::new(x, y, foreground));
        let cpu = CpuSolver::new(settings()).expect("settings in their ranges");
        let map = attention(resolution);
        let mut on_cpu =
            Segmenter::new(cpu, Method::M2n2, map.clone(), photo(width, height), SolveSize::Exact, &mut ())
                .await
                .expect("a session");
        let solver = GpuSolver::new(gpu.clone(), settings()).expect("settings in their ranges");
        let map = solver.upload_attention(&map).expect("fits");
        let mut on_gpu =
            Segmenter::new(solver, Method::M2n2, map, photo(width, height), SolveSize::Exact, &mut ())
                .await
                .expect("a session");
        for count in 0..=points.len() {
            let got = on_gpu.segment(&points[..count], &mut ()).await.expect("a mask");
            let want = on_cpu.segment(&points[..count], &mut ()).await.expect("a mask");
            let what = format!("{width}×{height} R {resolution}, {count} points");
            for (got, want) in got.thresholds.iter().zip(&want.thresholds) {
                assert!((got - want).abs() < 1e-3, "{what}: θ {got} and {want}");
            }
            let differing = got.mask.pixels.iter().zip(&want.mask.pixels).filter(|(a, b)| a != b).count();
            assert!(differing * 100 <= got.mask.pixels.len(), "{what}: {differing} pixels differ");
        }
    }
}

#[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
async fn a_matrix_in_many_tiles_gives_the_map_of_one() {
    let gpu = Rc::new(gpu().await);
    let settings = MethodSettings::default();
    let attention = attention(12);
    let solver = GpuSolver::new(gpu.clone(), settings).expect("settings in their ranges");
    let mut start = vec![0.0; 144];
    start[5] = 1.0;
    let whole = solver.upload_attention(&attention).expect("fits");
    // 100 rows are a block and a part of one, and 44 rows are left.
    let tiled = RowTiled::create_with(&gpu, "attention map", 144, 144, 100).expect("fits");
    for tile in &tiled.tiles {
        gpu.write(&tile.buffer, &attention.values()[tile.start * 144..(tile.start + tile.rows) * 144]);
    }
    let mut maps = Vec::new();
    for map in [whole, tiled] {
        let transition = solver.load_attention(map, &mut ()).await.expect("a matrix");
        let row = solver.transition_row(&transition, 120).await.expect("row 120 is there").transition;
        maps.push((markov_map(&solver, &transition, &start).await.expect("a map"), row));
    }
    let [(whole, whole_row), (tiled, tiled_row)] = &maps[..] else { unreachable!("two maps were made") };
    assert!(whole.iter().any(|&value| value > 1.0), "the chain takes some steps");
    for (a, b) in whole.iter().zip(tiled).chain(whole_row.iter().zip(tiled_row)) {
        assert!((a - b).abs() <= 1e-4 * a.max(1.0), "{a} and {b}");
    }
}

#[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
async fn tokens_that_are_never_reached_take_the_largest_value() {
    // Two islands of two tokens each; 300 steps are five submits.
    #[rustfmt::skip]
    let islands = vec![
        0.9, 0.1, 0.0, 0.0,
        0.1, 0.9, 0.0, 0.0,
        0.0, 0.0, 0.5, 0.5,
        0.0, 0.0, 0.5, 0.5,
    ];
    let settings = MethodSettings { temperature: 1.0, max_steps: 300, ..Default::default() };
    let solver = GpuSolver::new(Rc::new(gpu().await), settings).expect("settings in their ranges");
    let attention = AttentionMap::new(2, islands).expect("a valid map");
    let attention = solver.upload_attention(&attention).expect("fits");
    let transition = solver.load_attention(attention, &mut ()).await.expect("a matrix");
    let map = markov_map(&solver, &transition, &[1.0, 0.0, 0.0, 0.0]).await.expect("a map");
    // States (1, 0) → (0.9, 0.1) → (0.82, 0.18) over the maximum: 1/9 and 0.2195, then 0.244/0.756 passes.
    let (before, after) = (0.18f64 / 0.82, 0.244 / 0.756);
    let want = 3.0 - (after - 0.3) / (after - before + 1e-6);
    assert_eq!(map[0], 0.0);
    assert!((f64::from(map[1]) - want).abs() < 1e-4, "{} is not {want}", map[1]);
    assert_eq!(map[2..], [300.0, 300.0]);
}

#[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
async fn attention_that_is_not_a_number_ends_in_a_typed_error() {
    let gpu = Rc::new(gpu().await);
    let solver = GpuSolver::new(gpu.clone(), MethodSettings::default()).expect("settings in their ranges");
    for broken in [f32::NAN, f32::INFINITY, 0.0] {
        let matrix = RowTiled::upload(&gpu, "attention map", &[broken; 16], 4).expect("fits");
        let transition = solver.load_attention(matrix, &mut ()).await.expect("a matrix");
        let map = markov_map(&solver, &transition, &[1.0, 0.0, 0.0, 0.0]).await;
        assert!(matches!(map, Err(SegmentError::ChainDiedOut { .. })), "{broken}: {map:?}");
    }
}

#[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
async fn long_work_can_be_stopped_and_wrong_shapes_are_named() {
    let gpu = Rc::new(gpu().await);
    let solver = GpuSolver::new(gpu.clone(), MethodSettings::default()).expect("settings in their ranges");
    let matrix = |solver: &GpuSolver| solver.upload_attention(&attention(4)).expect("fits");
    let mut stop = Watch(|_: Step<'_>| ControlFlow::Break(()));
    let stopped = solver.load_attention(matrix(&solver), &mut stop).await;
    assert!(matches!(stopped, Err(SegmentError::Cancelled)));
    let transition = solver.load_attention(matrix(&solver), &mut ()).await.expect("a matrix");
    let mut start = vec![0.0; 16];
    start[0] = 1.0;
    let mut asked = Vec::new();
    let mut first = Watch(|step: Step<'_>| {
        asked.push((step.name.to_owned(), step.index));
        ControlFlow::Break(())
    });
    let stopped = solver.markov_maps(&transition, &[start], Urgency::Awaited, &mut first).await;
    assert!(matches!(stopped, Err(SegmentError::Cancelled)));
    assert_eq!(asked, [("Markov chain".to_owned(), 0)]);
    let stopped = solver.load_photo(&photo(8, 8), 4, &mut stop).await;
    assert!(matches!(stopped, Err(SegmentError::Cancelled)));
    let oblong = RowTiled::upload(&gpu, "attention map", &[0.1; 32], 4).expect("fits");
    let refused = solver.load_attention(oblong, &mut ()).await;
    assert!(matches!(refused, Err(SegmentError::AttentionShape { .. })));
}

#[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
async fn weights_that_are_not_kept_give_the_same_map_in_less_memory() {
    let gpu = Rc::new(gpu().await);
    let (photo, mut seeded) = (photo(60, 40), Seeded::new(22));
    let map: Vec<f32> = (0..144).map(|_| 100.0 * seeded.value().abs()).collect();
    let mut maps = Vec::new();
    // All 40 rows are kept, or none is and a tile holds 7 of them. The first time makes what every pass uses.
    for kept_weight_bytes in [40 * 60 * 128, 40 * 60 * 128, 7 * 60 * 128] {
        let settings = MethodSettings { kept_weight_bytes, ..MethodSettings::default() };
        let solver = GpuSolver::new(gpu.clone(), settings).expect("settings in their ranges");
        let before = gpu.counts().live_bytes;
        let upsampling = solver.load_photo(&photo, 12, &mut ()).await.expect("weights");
        let held = gpu.counts().live_bytes - before;
        maps.push((solver.upsample(&upsampling, &map).await.expect("a map"), held));
    }
    let [_, (kept, kept_bytes), (recomputed, recomputed_bytes)] = &maps[..] else {
        unreachable!("three maps")
    };
    assert_eq!(kept, recomputed);
    assert!(kept_bytes - recomputed_bytes == 40 * 60 * 128, "{kept_bytes} and {recomputed_bytes} bytes");
}
