//! What follows the product of a Markov step: `s' = y / max(y)`, and the tokens that pass get their value.
//!
//! The formula and the CPU twin, [`markov_crossing_cpu`](crate::markov_step::markov_crossing_cpu), stand beside the
//! product in `markov_step`. All vectors are f32 `[tokens]`; `progress` is u32 `[steps, 2]`: the bits of max(y) that
//! `markov_step` left, and how many tokens still wait after the step. When the chain dies out the maximum is 0 or not
//! finite and the state is of no use any more: whoever reads the progress sees that.

use bytemuck::{Pod, Zeroable};
use maskov_gpu::{Bind, Buffer, Kernel, Pass, Result, groups_1d};

use crate::require;

/// One invocation per token.
pub static KERNEL: Kernel = Kernel {
    name: "markov_crossing",
    wgsl: wgsl!("markov_crossing"),
    binds: &[
        Bind::Uniform,
        Bind::Read,
        Bind::Read,
        Bind::ReadWrite,
        Bind::ReadWrite,
        Bind::ReadWrite,
        Bind::ReadWrite,
    ],
    workgroup: [256, 1, 1],
};

/// Must match `struct Params` in shaders/markov_crossing.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Params {
    tokens: u32,
    step: u32,
    lambda: f32,
}

/// The vectors of a chain.
#[derive(Clone, Copy)]
pub struct ChainBuffers<'a> {
    /// The product of the step, before its division by the maximum.
    pub y: &'a Buffer,
    /// Row factors of the transition matrix.
    pub u: &'a Buffer,
    /// s on entry, s' on return.
    pub state: &'a Buffer,
    /// The Markov map; −1 where a token has not passed.
    pub map: &'a Buffer,
    /// `s' ⊙ u`, for the next product.
    pub weighted: &'a Buffer,
    /// u32 `[steps, 2]`.
    pub progress: &'a Buffer,
}

/// Records the crossing of step `step` (i of the formula). Errors:
/// [`GpuError::Shape`](maskov_gpu::GpuError::Shape) where buffers are too short.
pub fn markov_crossing(
    pass: &mut Pass<'_>,
    chain: ChainBuffers<'_>,
    tokens: usize,
    step: u32,
    lambda: f32,
) -> Result<()> {
    let ChainBuffers { y, u, state, map, weighted, progress } = chain;
    let lens = [y, u, state, map, weighted].map(Buffer::len);
    let fits = lens.iter().all(|&len| len >= tokens) && progress.len() > 2 * step as usize + 1;
    require(&KERNEL, fits, || {
        format!("{lens:?} words for {tokens} tokens, progress of {} words at step {step}", progress.len())
    })?;
    let params = Params { tokens: tokens as u32, step, lambda };
    let buffers = [y.into(), u.into(), state.into(), map.into(), weighted.into(), progress.into()];
    pass.dispatch(&KERNEL, &[], &params, &buffers, groups_1d(tokens, KERNEL.workgroup[0]))
}

#[cfg(test)]
mod tests {
    use maskov_gpu::testing::{Guarded, Seeded, Tolerance, assert_close, gpu};

    use super::{ChainBuffers, markov_crossing};
    use crate::markov_step::{markov_crossing_cpu, markov_start_cpu};

    const LAMBDA: f32 = 0.3;

    /// Whole steps are divisions and one subtraction of values around 1: pointwise, but a slow token's δ is small and
    /// is divided by.
    const TOLERANCE: Tolerance = Tolerance { abs: 1e-4, rel: 1e-5 };

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn markov_crossing_matches_cpu() {
        let gpu = gpu().await;
        for tokens in [1usize, 255, 256, 257, 1000] {
            let mut seeded = Seeded::new(8);
            let mut positive = |len: usize| seeded.values(len).iter().map(|v| v.abs()).collect::<Vec<f32>>();
            let (mut state, u) = (positive(tokens), positive(tokens));
            let mut map = markov_start_cpu(&state, LAMBDA);
            let [state_gpu, map_gpu, weighted_gpu] = [(); 3].map(|()| Guarded::new(&gpu, tokens));
            gpu.write(&state_gpu.buffer, &state);
            gpu.write(&map_gpu.buffer, &map);
            let u_buffer = gpu.upload("u", &u).expect("fits");
            for step in 0..2u32 {
                let y: Vec<f32> = positive(tokens).iter().map(|y| 3.0 * y).collect();
                let largest = y.iter().copied().fold(0.0, f32::max);
                let mut progress = vec![0u32; 4];
                progress[2 * step as usize] = largest.to_bits();
                let progress = gpu.upload("progress", &progress).expect("fits");
                let y_buffer = gpu.upload("y", &y).expect("fits");
                let chain = ChainBuffers {
                    y: &y_buffer,
                    u: &u_buffer,
                    state: &state_gpu.buffer,
                    map: &map_gpu.buffer,
                    weighted: &weighted_gpu.buffer,
                    progress: &progress,
                };
                let mut pass = gpu.pass();
                markov_crossing(&mut pass, chain, tokens, step, LAMBDA).expect("fits");
                pass.submit().expect("the device works");
                let waiting =
                    markov_crossing_cpu(&y, &mut state, &mut map, step, LAMBDA).expect("mass is there");
                let progress: Vec<u32> = gpu.read(&progress).await.expect("reads");
                assert_eq!(progress[2 * step as usize + 1] as usize, waiting, "{tokens} tokens, step {step}");
                assert_close("state", &state_gpu.read(&gpu).await, &state, Tolerance::POINTWISE);
                assert_close("map", &map_gpu.read(&gpu).await, &map, TOLERANCE);
                let weighted: Vec<f32> = state.iter().zip(&u).map(|(s, u)| s * u).collect();
                assert_close("weighted", &weighted_gpu.read(&gpu).await, &weighted, Tolerance::POINTWISE);
            }
        }
    }

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn a_short_state_is_refused() {
        let gpu = gpu().await;
        let (full, short) = (gpu.create("all", 4).expect("fits"), gpu.create("state", 3).expect("fits"));
        let chain =
            ChainBuffers { y: &full, u: &full, state: &short, map: &full, weighted: &full, progress: &full };
        let error = markov_crossing(&mut gpu.pass(), chain, 4, 0, LAMBDA).expect_err("3 of 4 tokens");
        assert!(error.to_string().contains("markov_crossing"), "{error}");
    }
}
