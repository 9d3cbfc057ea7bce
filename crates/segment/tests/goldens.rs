//! Both solvers against the authors' code: every stage of every M2N2 reference file.

mod common;

use std::rc::Rc;

use common::checks::{check, check_masks, check_stages, check_transition};
use common::{Golden, goldens, largest_difference};
use maskov_gpu::Gpu;
use maskov_gpu::testing::gpu;
use maskov_segment::{
    CpuSolver, GpuSolver, Method, MethodSettings, Segmenter, SolveSize, Solver, upsample_direct,
};

async fn cpu_session(golden: &Golden, settings: MethodSettings) -> Segmenter<'static, CpuSolver> {
    let solver = CpuSolver::new(settings).unwrap();
    let no_one = &mut ();
    let session =
        Segmenter::new(solver, Method::M2n2, golden.attention(), golden.photo(), SolveSize::Exact, no_one);
    session.await.unwrap()
}

async fn gpu_session(
    gpu: &Rc<Gpu>,
    golden: &Golden,
    settings: MethodSettings,
) -> Segmenter<'static, GpuSolver> {
    let solver = GpuSolver::new(gpu.clone(), settings).unwrap();
    let attention = solver.upload_attention(&golden.attention()).unwrap();
    Segmenter::new(solver, Method::M2n2, attention, golden.photo(), SolveSize::Exact, &mut ()).await.unwrap()
}

async fn check_all<S: Solver>(golden: &Golden, mut session: Segmenter<'static, S>) {
    check_transition(golden, &session).await;
    check_stages(golden, &session).await;
    check_masks(golden, &mut session).await;
}

#[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
async fn every_stage_matches_on_the_cpu() {
    for golden in goldens() {
        check_all(&golden, cpu_session(&golden, golden.settings()).await).await;
    }
}

#[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
async fn every_stage_matches_on_the_gpu() {
    let gpu = Rc::new(gpu().await);
    println!("{}", gpu.caps().name);
    for golden in goldens() {
        check_all(&golden, gpu_session(&gpu, &golden, golden.settings()).await).await;
    }
}

#[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
async fn the_folded_upsampling_is_the_direct_formula() {
    for golden in goldens() {
        let session = cpu_session(&golden, golden.settings()).await;
        let (photo, range_sigma) = (golden.photo(), golden.settings().range_sigma);
        for (i, &point) in golden.points.iter().enumerate() {
            let got = session.stages(point, &mut ()).await.unwrap();
            let direct = upsample_direct(&photo, &got.markov_map, golden.resolution, range_sigma);
            let want = golden.f32(&format!("point{i}.upsampled"));
            check(&golden, &format!("point{i} direct"), &direct, &want, 0.05);
            check(&golden, &format!("point{i} folded − direct"), &got.upsampled, &direct, 0.01);
        }
    }
}

#[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
async fn stopping_the_fitting_early_changes_nothing_that_counts() {
    for golden in goldens() {
        let early = cpu_session(&golden, golden.settings()).await;
        let full = cpu_session(&golden, MethodSettings { ipf_tolerance: 0.0, ..golden.settings() }).await;
        println!("{}: {} of {} rounds", golden.name, early.transition().rounds(), full.transition().rounds());
        for (i, &point) in golden.points.iter().enumerate() {
            let early = early.stages(point, &mut ()).await.unwrap().markov_map;
            let full = full.stages(point, &mut ()).await.unwrap().markov_map;
            check(&golden, &format!("point{i} early − 200 rounds"), &early, &full, 1e-3);
        }
    }
}

#[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
async fn the_comparison_can_fail() {
    assert_eq!(largest_difference(&[1.0, 2.0], &[1.0, 2.5]), 0.5);
    assert_eq!(largest_difference(&[f32::NAN], &[1.0]), f32::INFINITY);
    let golden = &goldens()[0];
    let hot = cpu_session(golden, MethodSettings { temperature: 0.7, ..golden.settings() }).await;
    let got = hot.stages(golden.points[0], &mut ()).await.unwrap();
    let difference = largest_difference(&got.markov_map, &golden.f32("point0.markov_map"));
    assert!(difference > 0.05, "another T must show");
}
