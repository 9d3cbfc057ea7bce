//! The chain of a click before its first step: `weighted = s ⊙ u`, and the map is 0 where s > λ, else not passed.
//!
//! All vectors are f32 `[tokens]`. The next steps are `weighted_column_sums`, `markov_step` and `markov_crossing`, in
//! turn; the CPU twin of the map is [`markov_start_cpu`](crate::markov_step::markov_start_cpu).

use bytemuck::{Pod, Zeroable};
use maskov_gpu::{Bind, Buffer, Kernel, Pass, Result, groups_1d};

use crate::require;

/// One invocation per token.
pub static KERNEL: Kernel = Kernel {
    name: "markov_start",
    wgsl: wgsl!("markov_start"),
    binds: &[Bind::Uniform, Bind::Read, Bind::Read, Bind::ReadWrite, Bind::ReadWrite],
    workgroup: [64, 1, 1],
};

/// Must match `struct Params` in shaders/markov_start.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Params {
    tokens: u32,
    lambda: f32,
}

/// Records `weighted` and the first `map` of the start state. Errors:
/// [`GpuError::Shape`](maskov_gpu::GpuError::Shape) where buffers are too short.
pub fn markov_start(
    pass: &mut Pass<'_>,
    state: &Buffer,
    u: &Buffer,
    weighted: &Buffer,
    map: &Buffer,
    tokens: usize,
    lambda: f32,
) -> Result<()> {
    let lens = [state, u, weighted, map].map(Buffer::len);
    require(&KERNEL, lens.iter().all(|&len| len >= tokens), || {
        format!("{lens:?} words for {tokens} tokens")
    })?;
    let params = Params { tokens: tokens as u32, lambda };
    let buffers = [state.into(), u.into(), weighted.into(), map.into()];
    pass.dispatch(&KERNEL, &[], &params, &buffers, groups_1d(tokens, KERNEL.workgroup[0]))
}

#[cfg(test)]
mod tests {
    use maskov_gpu::testing::{Guarded, Seeded, Tolerance, assert_close, gpu};

    use super::markov_start;
    use crate::markov_step::markov_start_cpu;

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn markov_start_matches_cpu() {
        let gpu = gpu().await;
        for tokens in [1, 63, 64, 65, 576] {
            let mut seeded = Seeded::new(7);
            let (state, u) = (seeded.values(tokens), seeded.values(tokens));
            let [s, u_buffer] = [&state, &u].map(|values| gpu.upload("vector", values).expect("fits"));
            let (weighted, map) = (Guarded::new(&gpu, tokens), Guarded::new(&gpu, tokens));
            let mut pass = gpu.pass();
            markov_start(&mut pass, &s, &u_buffer, &weighted.buffer, &map.buffer, tokens, 0.3).expect("fits");
            pass.submit().expect("the device works");
            assert_eq!(map.read(&gpu).await, markov_start_cpu(&state, 0.3));
            let expected: Vec<f32> = state.iter().zip(&u).map(|(s, u)| s * u).collect();
            assert_close("weighted", &weighted.read(&gpu).await, &expected, Tolerance::EXACT);
        }
    }

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn a_short_map_is_refused() {
        let gpu = gpu().await;
        let (full, short) = (gpu.create("s", 4).expect("fits"), gpu.create("map", 3).expect("fits"));
        let error =
            markov_start(&mut gpu.pass(), &full, &full, &full, &short, 4, 0.3).expect_err("3 of 4 tokens");
        assert!(error.to_string().contains("markov_start"), "{error}");
    }
}
