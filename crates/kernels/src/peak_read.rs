//! The most that an adapter reads from memory, for `maskov bench roofline`: `y[i] = Σ_r Σ_k x[r, i, k]`.
//!
//! | tensor | shape | layout |
//! |---|---|---|
//! | x | `[reads, invocations, 4]` | f32 |
//! | y | `[invocations]` | f32 |

use bytemuck::{Pod, Zeroable};
use maskov_gpu::{Bind, Buffer, Kernel, Pass, Result};

use crate::require;

/// One invocation per value of `y`.
pub static KERNEL: Kernel = Kernel {
    name: "peak_read",
    wgsl: wgsl!("peak_read"),
    binds: &[Bind::Uniform, Bind::Read, Bind::ReadWrite],
    workgroup: [256, 1, 1],
};

/// Must match `struct Params` in shaders/peak_read.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Params {
    invocations: u32,
    reads: u32,
}

/// Records the reading of `16·reads·invocations` bytes. Errors:
/// [`GpuError::Shape`](maskov_gpu::GpuError::Shape) where buffers are too short.
pub fn peak_read(
    pass: &mut Pass<'_>,
    x: &Buffer,
    reads: usize,
    invocations: usize,
    y: &Buffer,
) -> Result<()> {
    let fits = x.len() >= 4 * reads * invocations && y.len() >= invocations;
    let found = || format!("{} and {} words for {reads} reads of {invocations}", x.len(), y.len());
    require(&KERNEL, fits, found)?;
    let params = Params { invocations: invocations as u32, reads: reads as u32 };
    let groups = invocations.div_ceil(KERNEL.workgroup[0] as usize) as u32;
    pass.dispatch(&KERNEL, &[], &params, &[x.into(), y.into()], [groups, 1, 1])
}

/// What the kernel means.
pub fn peak_read_cpu(x: &[f32], reads: usize, y: &mut [f32]) {
    let invocations = y.len();
    for (i, y) in y.iter_mut().enumerate() {
        *y = (0..reads).flat_map(|read| &x[4 * (read * invocations + i)..][..4]).sum();
    }
}

#[cfg(test)]
mod tests {
    use maskov_gpu::testing::{Guarded, Seeded, Tolerance, assert_close, gpu};

    use super::*;

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn peak_read_matches_cpu() {
        let gpu = gpu().await;
        for (reads, invocations) in [(1, 1), (3, 255), (2, 256), (5, 257), (64, 1024)] {
            let x = Seeded::new(21).values(4 * reads * invocations);
            let uploaded = gpu.upload("x", &x).expect("fits");
            let y = Guarded::new(&gpu, invocations);
            let mut pass = gpu.pass();
            peak_read(&mut pass, &uploaded, reads, invocations, &y.buffer).expect("shapes fit");
            pass.submit().expect("the device works");
            let mut expected = vec![0.0; invocations];
            peak_read_cpu(&x, reads, &mut expected);
            // Up to 256 values in another order.
            let tolerance = Tolerance { abs: 1e-5, rel: 1e-5 };
            let what = format!("{reads} reads of {invocations}");
            assert_close(&what, &y.read(&gpu).await, &expected, tolerance);
        }
    }

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn a_short_input_is_refused() {
        let gpu = gpu().await;
        let (x, y) = (gpu.create("x", 7).expect("fits"), gpu.create("y", 1).expect("fits"));
        let error = peak_read(&mut gpu.pass(), &x, 2, 1, &y).expect_err("7 of 8 words");
        assert!(error.to_string().contains("peak_read: 7 and 1 words"), "{error}");
    }
}
