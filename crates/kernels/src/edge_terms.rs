//! The edge term of every candidate: `edge[i] = border sum / border length`, 0 where it has no border.
//!
//! `borders` i32 `[candidates, 2]` are the prefix sums of `border_events`; `edge` f32 `[candidates]`. The CPU twin of the
//! three kernels in a row is [`edge_terms_cpu`](crate::threshold_scores::edge_terms_cpu).

use bytemuck::{Pod, Zeroable};
use maskov_gpu::{Bind, Buffer, Kernel, Pass, Result, groups_1d};

use crate::require;

/// One invocation per candidate.
pub static KERNEL: Kernel = Kernel {
    name: "edge_terms",
    wgsl: wgsl!("common/index", "edge_terms"),
    binds: &[Bind::Uniform, Bind::Read, Bind::ReadWrite],
    workgroup: [256, 1, 1],
};

/// Must match `struct Params` in shaders/edge_terms.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Params {
    candidates: u32,
}

/// Records the edge terms. Errors: [`GpuError::Shape`](maskov_gpu::GpuError::Shape) where buffers are too short.
pub fn edge_terms(pass: &mut Pass<'_>, borders: &Buffer, candidates: usize, edge: &Buffer) -> Result<()> {
    require(&KERNEL, borders.len() >= 2 * candidates && edge.len() >= candidates, || {
        format!("borders of {} and edge of {} words for {candidates} candidates", borders.len(), edge.len())
    })?;
    let params = Params { candidates: candidates as u32 };
    let groups = groups_1d(candidates, KERNEL.workgroup[0]);
    pass.dispatch(&KERNEL, &[], &params, &[borders.into(), edge.into()], groups)
}

#[cfg(test)]
mod tests {
    use maskov_gpu::testing::{Guarded, Tolerance, assert_close, gpu};

    use super::edge_terms;
    use crate::border_events::border_events;
    use crate::border_events::tests::ranks_and_levels;
    use crate::prefix_sums::prefix_sums;
    use crate::threshold_scores::edge_terms_cpu;

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn edge_terms_matches_cpu() {
        let gpu = gpu().await;
        for [height, width] in [[1, 2], [5, 1], [15, 17], [16, 16], [1, 257], [77, 131]] {
            let (rank, levels) = ranks_and_levels(height * width);
            let candidates = height * width - 1;
            let wide: Vec<u32> = levels.iter().map(|&level| level.into()).collect();
            let [rank_buffer, levels_buffer] =
                [&rank, &wide].map(|words| gpu.upload("pixels", words).expect("fits"));
            let events = gpu.create("events", 2 * candidates).expect("fits");
            let edge = Guarded::new(&gpu, candidates);
            let mut pass = gpu.pass();
            pass.clear(&events);
            border_events(&mut pass, &rank_buffer, &levels_buffer, [height, width], candidates, &events)
                .expect("fits");
            prefix_sums(&mut pass, &events, candidates).expect("fits");
            edge_terms(&mut pass, &events, candidates, &edge.buffer).expect("fits");
            pass.submit().expect("the device works");
            let expected = edge_terms_cpu(&rank, &levels, width, candidates);
            // One division of integers.
            let what = format!("{width}×{height}");
            assert_close(&what, &edge.read(&gpu).await, &expected, Tolerance::POINTWISE);
        }
    }

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn a_candidate_without_border_scores_nothing_and_short_buffers_are_refused() {
        let gpu = gpu().await;
        let borders = gpu.upload("borders", &[[2i32, 5], [0, 0]]).expect("fits");
        let edge = Guarded::new(&gpu, 2);
        let mut pass = gpu.pass();
        edge_terms(&mut pass, &borders, 2, &edge.buffer).expect("fits");
        let error = edge_terms(&mut pass, &borders, 3, &edge.buffer).expect_err("4 of 6 words");
        assert!(error.to_string().contains("edge_terms"), "{error}");
        pass.submit().expect("the device works");
        assert_eq!(edge.read(&gpu).await, [2.5, 0.0]);
    }
}
