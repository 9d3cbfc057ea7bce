//! The best candidate of all runs, the first one on ties, and its threshold.
//!
//! `bests` `[runs, 2]` (f32 score, u32 candidate; never shorter than one row) are those of `threshold_scores`, `thresholds` f32 `[candidates]`; the
//! result is row `point` of `chosen` `[points, 2]` (u32 candidate, f32 θ). Without any candidate it is candidate 0 with
//! `thresholds[0]`. The CPU twin of both is [`threshold_scores_cpu`](crate::threshold_scores::threshold_scores_cpu).

use bytemuck::{Pod, Zeroable};
use maskov_gpu::{Bind, Buffer, Kernel, Pass, Result};

use crate::require;
use crate::threshold_scores::RUN;

/// One workgroup.
pub static KERNEL: Kernel = Kernel {
    name: "threshold_best",
    wgsl: wgsl!("common/best", "threshold_best"),
    binds: &[Bind::Uniform, Bind::Read, Bind::Read, Bind::ReadWrite],
    workgroup: [256, 1, 1],
};

/// Must match `struct Params` in shaders/threshold_best.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Params {
    runs: u32,
    point: u32,
}

/// Records the choice for one point. Errors: [`GpuError::Shape`](maskov_gpu::GpuError::Shape) where buffers are too
/// short.
pub fn threshold_best(
    pass: &mut Pass<'_>,
    bests: &Buffer,
    thresholds: &Buffer,
    candidates: usize,
    chosen: &Buffer,
    point: usize,
) -> Result<()> {
    let runs = candidates.div_ceil(RUN);
    let lens = [bests, thresholds, chosen].map(Buffer::len);
    require(&KERNEL, lens[0] >= 2 * runs.max(1) && lens[1] >= candidates && lens[2] > 2 * point + 1, || {
        format!("{lens:?} words for {candidates} candidates and point {point}")
    })?;
    let params = Params { runs: runs as u32, point: point as u32 };
    pass.dispatch(&KERNEL, &[], &params, &[bests.into(), thresholds.into(), chosen.into()], [1, 1, 1])
}

#[cfg(test)]
mod tests {
    use maskov_gpu::testing::{Seeded, gpu};

    use super::threshold_best;
    use crate::threshold_scores::RUN;

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn threshold_best_takes_the_first_of_the_highest() {
        let gpu = gpu().await;
        for runs in [1usize, 2, 255, 256, 257, 600] {
            let mut seeded = Seeded::new(18);
            // Few different scores: the highest is there many times.
            let bests: Vec<(f32, u32)> = (0..runs)
                .map(|run| (seeded.below(3) as f32, (run * RUN) as u32 + seeded.below(RUN as u32)))
                .collect();
            let words: Vec<[u32; 2]> =
                bests.iter().map(|&(score, candidate)| [score.to_bits(), candidate]).collect();
            let highest = bests.iter().map(|best| best.0).fold(0.0, f32::max);
            let expected = bests.iter().find(|best| best.0 == highest).expect("there are runs").1;
            let thresholds: Vec<f32> = (0..runs * RUN).map(|i| i as f32).collect();
            let [bests, thresholds] = [
                gpu.upload("bests", &words).expect("fits"),
                gpu.upload("thresholds", &thresholds).expect("fits"),
            ];
            let chosen = gpu.upload("chosen", &[7u32; 4]).expect("fits");
            let mut pass = gpu.pass();
            threshold_best(&mut pass, &bests, &thresholds, runs * RUN, &chosen, 0).expect("fits");
            pass.submit().expect("the device works");
            let got: Vec<u32> = gpu.read(&chosen).await.expect("reads");
            assert_eq!(got, [expected, (expected as f32).to_bits(), 7, 7], "{runs} runs");
        }
    }

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn a_point_beyond_the_result_is_refused() {
        let gpu = gpu().await;
        let buffer = gpu.create("all", 4).expect("fits");
        let error =
            threshold_best(&mut gpu.pass(), &buffer, &buffer, 4, &buffer, 2).expect_err("points 0 and 1");
        assert!(error.to_string().contains("point 2"), "{error}");
    }
}
