//! The stages of a reference file against any solver: one body for the CPU, the GPU and the browser.

use maskov_segment::evaluation::iou;
use maskov_segment::{Segmenter, Solver, upsample_direct};

use super::{Golden, largest_difference};

/// Prints the error of a stage and fails beyond its bound.
pub fn check(golden: &Golden, stage: &str, got: &[f32], want: &[f32], bound: f32) {
    let error = largest_difference(got, want);
    println!("{:20} {stage:28} {error:.2e} (bound {bound:.0e})", golden.name);
    assert!(error <= bound, "{} {stage}: off by {error}, at most {bound} allowed", golden.name);
}

/// Rows 0, ⌊R²/2⌋ and R² − 1 after the temperature and after the fitting.
pub async fn check_transition<S: Solver>(golden: &Golden, session: &Segmenter<'_, S>) {
    let tokens = golden.resolution.pow(2);
    let (temperature, transition) =
        (golden.f32("row_checksum.temperature"), golden.f32("row_checksum.transition"));
    for (i, row) in [0, tokens / 2, tokens - 1].into_iter().enumerate() {
        let got = session.solver().transition_row(session.transition(), row).await.unwrap();
        let span = i * tokens..(i + 1) * tokens;
        check(golden, &format!("temperature row {row}"), &got.temperature, &temperature[span.clone()], 1e-5);
        check(golden, &format!("transition row {row}"), &got.transition, &transition[span], 1e-5);
    }
}

/// Every stage of every point on its own.
pub async fn check_stages<S: Solver>(golden: &Golden, session: &Segmenter<'_, S>) {
    for (i, &point) in golden.points.iter().enumerate() {
        let got = session.stages(point, &mut ()).await.unwrap();
        let stages = [
            ("start_state", &got.start_state, 1e-6),
            ("markov_map", &got.markov_map, 0.05),
            ("upsampled", &got.upsampled, 0.05),
            ("distance_map", &got.distance_map, 1e-3),
        ];
        for (name, got, bound) in stages {
            let stage = format!("point{i}.{name}");
            check(golden, &stage, got, &golden.f32(&stage), bound);
        }
        let range_sigma = golden.settings().range_sigma;
        let direct = upsample_direct(&golden.photo(), &got.markov_map, golden.resolution, range_sigma);
        let want = golden.f32(&format!("point{i}.upsampled"));
        check(golden, &format!("point{i}.upsampled direct"), &direct, &want, 0.05);
        check(golden, &format!("point{i} folded − direct"), &got.upsampled, &direct, 0.01);
    }
}

/// Thresholds and masks after every click.
pub async fn check_masks<S: Solver>(golden: &Golden, session: &mut Segmenter<'_, S>) {
    for clicks in 1..=golden.points.len() {
        let got = session.segment(&golden.points[..clicks], &mut ()).await.unwrap();
        assert_eq!(session.cached_maps(), clicks, "one map a click");
        let thresholds = golden.f32(&format!("step{clicks}.thresholds"));
        check(golden, &format!("step{clicks}.thresholds"), &got.thresholds, &thresholds, 1e-3);
        let iou = iou(&got.mask.pixels, &golden.u8(&format!("step{clicks}.mask")));
        println!("{:20} step{clicks}.mask IoU {iou:.5}", golden.name);
        assert!(iou >= 0.999, "{} step{clicks}.mask: IoU {iou}", golden.name);
    }
}
