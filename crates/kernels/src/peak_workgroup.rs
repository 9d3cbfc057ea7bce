//! The most that an adapter reads from workgroup memory, for `maskov bench roofline`: a tile of 256 × 4 values,
//! `tile[l] = l + [0, 1, 2, 3]`, is read from one place further each round; `y[i]` is the sum of what lane `i mod 256` read.
//!
//! | tensor | shape | layout |
//! |---|---|---|
//! | y | `[256·groups]` | f32 |

use bytemuck::{Pod, Zeroable};
use maskov_gpu::{Bind, Buffer, Kernel, Pass, Result};

use crate::require;

/// One invocation per value of `y`.
pub static KERNEL: Kernel = Kernel {
    name: "peak_workgroup",
    wgsl: wgsl!("peak_workgroup"),
    binds: &[Bind::Uniform, Bind::ReadWrite],
    workgroup: [256, 1, 1],
};

/// Bytes that one invocation reads in one round.
pub const BYTES_OF_ROUND: u64 = 16;

/// Must match `struct Params` in shaders/peak_workgroup.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Params {
    rounds: u32,
}

/// Records `rounds` rounds in `groups` groups of 256 invocations. Errors:
/// [`GpuError::Shape`](maskov_gpu::GpuError::Shape) where `y` is too short.
pub fn peak_workgroup(pass: &mut Pass<'_>, rounds: usize, groups: usize, y: &Buffer) -> Result<()> {
    let invocations = groups * KERNEL.workgroup[0] as usize;
    require(&KERNEL, y.len() >= invocations, || format!("{} words for {invocations} invocations", y.len()))?;
    pass.dispatch(&KERNEL, &[], &Params { rounds: rounds as u32 }, &[y.into()], [groups as u32, 1, 1])
}

/// What the kernel means.
pub fn peak_workgroup_cpu(rounds: usize, y: &mut [f32]) {
    for (i, y) in y.iter_mut().enumerate() {
        *y = (0..rounds).map(|round| (4 * ((i + round) % 256) + 6) as f32).sum();
    }
}

#[cfg(test)]
mod tests {
    use maskov_gpu::testing::{Guarded, Tolerance, assert_close, gpu};

    use super::*;

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn peak_workgroup_matches_cpu() {
        let gpu = gpu().await;
        for (rounds, groups) in [(0, 1), (1, 2), (300, 3)] {
            let y = Guarded::new(&gpu, 256 * groups);
            let mut pass = gpu.pass();
            peak_workgroup(&mut pass, rounds, groups, &y.buffer).expect("shapes fit");
            pass.submit().expect("the device works");
            let mut expected = vec![0.0; 256 * groups];
            peak_workgroup_cpu(rounds, &mut expected);
            // Sums of whole numbers below 2^24.
            assert_close(&format!("{rounds} rounds"), &y.read(&gpu).await, &expected, Tolerance::EXACT);
        }
    }

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn a_short_output_is_refused() {
        let gpu = gpu().await;
        let short = gpu.create("y", 511).expect("fits");
        let error = peak_workgroup(&mut gpu.pass(), 1, 2, &short).expect_err("511 of 512 words");
        assert!(error.to_string().contains("peak_workgroup: 511 words"), "{error}");
    }
}
