//! The most that an adapter multiplies and adds in f32, for `maskov bench roofline`: `x ← x·a + b`, `rounds` times, on 32
//! values an invocation that lie in registers, `x₀ = (i mod 256 + chain + lane) / 256`; `y[i]` is their sum.
//!
//! | tensor | shape | layout |
//! |---|---|---|
//! | y | `[256·groups]` | f32 |

use bytemuck::{Pod, Zeroable};
use maskov_gpu::{Bind, Buffer, Kernel, Pass, Result};

use crate::require;

/// One invocation per value of `y`.
pub static KERNEL: Kernel = Kernel {
    name: "peak_fma",
    wgsl: wgsl!("peak_fma"),
    binds: &[Bind::Uniform, Bind::ReadWrite],
    workgroup: [256, 1, 1],
};

/// Must match `struct Params` in shaders/peak_fma.wgsl and shaders/peak_fma_f16.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Params {
    rounds: u32,
    a: f32,
    b: f32,
}

/// FLOP of one invocation in one round.
pub const FLOP_OF_ROUND: u64 = 2 * 32;

/// Records `rounds` rounds in `groups` groups of 256 invocations. Errors:
/// [`GpuError::Shape`](maskov_gpu::GpuError::Shape) where `y` is too short.
pub fn peak_fma(pass: &mut Pass<'_>, rounds: usize, a: f32, b: f32, groups: usize, y: &Buffer) -> Result<()> {
    peak_fma_by(&KERNEL, pass, rounds, [a, b], groups, y)
}

pub(crate) fn peak_fma_by(
    kernel: &'static Kernel,
    pass: &mut Pass<'_>,
    rounds: usize,
    [a, b]: [f32; 2],
    groups: usize,
    y: &Buffer,
) -> Result<()> {
    let invocations = groups * kernel.workgroup[0] as usize;
    require(kernel, y.len() >= invocations, || format!("{} words for {invocations} invocations", y.len()))?;
    let params = Params { rounds: rounds as u32, a, b };
    pass.dispatch(kernel, &[], &params, &[y.into()], [groups as u32, 1, 1])
}

/// What the kernel means.
pub fn peak_fma_cpu(rounds: usize, a: f32, b: f32, y: &mut [f32]) {
    for (i, y) in y.iter_mut().enumerate() {
        let of_chain = |value: usize| {
            let start = (i % 256 + value / 4 + value % 4) as f32 / 256.0;
            (0..rounds).fold(start, |x, _| x.mul_add(a, b))
        };
        *y = (0..32).map(of_chain).sum();
    }
}

#[cfg(test)]
mod tests {
    use maskov_gpu::testing::{Guarded, Tolerance, assert_close, gpu};

    use super::*;

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn peak_fma_matches_cpu() {
        let gpu = gpu().await;
        for (rounds, groups) in [(0, 1), (1, 2), (100, 3)] {
            let y = Guarded::new(&gpu, 256 * groups);
            let mut pass = gpu.pass();
            peak_fma(&mut pass, rounds, 0.96, 0.25, groups, &y.buffer).expect("shapes fit");
            pass.submit().expect("the device works");
            let mut expected = vec![0.0; 256 * groups];
            peak_fma_cpu(rounds, 0.96, 0.25, &mut expected);
            // Whether a product is rounded before the sum is the adapter's choice, and so is the order of the sum of 32.
            let tolerance = Tolerance { abs: 1e-5, rel: 1e-5 };
            assert_close(&format!("{rounds} rounds"), &y.read(&gpu).await, &expected, tolerance);
        }
    }

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn a_short_output_is_refused() {
        let gpu = gpu().await;
        let short = gpu.create("y", 255).expect("fits");
        let error = peak_fma(&mut gpu.pass(), 1, 1.0, 1.0, 1, &short).expect_err("255 of 256 words");
        assert!(error.to_string().contains("peak_fma: 255 words"), "{error}");
    }
}
