//! `peak_fma` in f16 arithmetic, on adapters that have shader-f16; `y` stays f32 `[256·groups]`.

use maskov_gpu::{Bind, Buffer, Kernel, Pass, Result};

use crate::peak_fma::peak_fma_by;
use crate::require;

/// One invocation per value of `y`.
pub static KERNEL: Kernel = Kernel {
    name: "peak_fma_f16",
    wgsl: wgsl!("peak_fma_f16"),
    binds: &[Bind::Uniform, Bind::ReadWrite],
    workgroup: [256, 1, 1],
};

/// Records `rounds` rounds in `groups` groups of 256 invocations. Errors:
/// [`GpuError::Shape`](maskov_gpu::GpuError::Shape) where `y` is too short or the adapter has no shader-f16.
pub fn peak_fma_f16(
    pass: &mut Pass<'_>,
    rounds: usize,
    a: f32,
    b: f32,
    groups: usize,
    y: &Buffer,
) -> Result<()> {
    require(&KERNEL, pass.gpu().caps().shader_f16, || "the adapter has no shader-f16".to_owned())?;
    peak_fma_by(&KERNEL, pass, rounds, [a, b], groups, y)
}

#[cfg(test)]
mod tests {
    use maskov_gpu::testing::{Guarded, Tolerance, assert_close, gpu};

    use super::*;
    use crate::peak_fma::peak_fma_cpu;

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn peak_fma_f16_matches_cpu_or_is_refused() {
        let gpu = gpu().await;
        let y = Guarded::new(&gpu, 512);
        let mut pass = gpu.pass();
        let recorded = peak_fma_f16(&mut pass, 10, 0.5, 0.25, 2, &y.buffer);
        if !gpu.caps().shader_f16 {
            let error = recorded.expect_err("no shader-f16");
            assert!(error.to_string().contains("no shader-f16"), "{error}");
            return;
        }
        recorded.expect("shapes fit");
        pass.submit().expect("the device works");
        let mut expected = vec![0.0; 512];
        peak_fma_cpu(10, 0.5, 0.25, &mut expected);
        // 11 bits of each of 32 values, and of their sum.
        let tolerance = Tolerance { abs: 0.0, rel: 5e-3 };
        assert_close("f16", &y.read(&gpu).await, &expected, tolerance);
    }
}
