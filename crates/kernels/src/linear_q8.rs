//! `y = x · Wᵀ + b` with q8 weights (signed bytes, one f16 scale per group of 32 inputs) and f32 arithmetic.
//!
//! Tensors as in [`linear_f16`](crate::linear_f16); the twin is [`linear_cpu`](crate::linear_f16::linear_cpu) on the
//! dequantised weights (`maskov_weights::dequantize`).

use maskov_gpu::{Bind, Buffer, Kernel, Pass, Result};

use crate::linear_f16::record;
use crate::matrix::{Format, Matrix};

/// Register-tiled product: up to 64 × 64 outputs per workgroup, dequantised once per tile.
pub static KERNEL: Kernel = Kernel {
    name: "linear_q8",
    wgsl: wgsl!("common/matmul_tile", "common/weights_q8", "common/linear", "linear_q8"),
    binds: &[Bind::Uniform, Bind::Read, Bind::Read, Bind::Read, Bind::Read, Bind::ReadWrite],
    workgroup: [8, 8, 1],
};

/// Records `y = x · Wᵀ + b`. Errors: `GpuError::Shape` where buffers are too short or the matrix is not q8 and of one
/// tap.
pub fn linear_q8(
    pass: &mut Pass<'_>,
    x: &Buffer,
    matrix: &Matrix,
    bias: &Buffer,
    rows: usize,
    y: &Buffer,
) -> Result<()> {
    record(pass, &KERNEL, Format::Q8, x, matrix, bias, rows, y)
}

#[cfg(test)]
mod tests {
    use crate::linear_f16::tests::compare;
    use crate::matrix::Format;
    use maskov_gpu::testing::gpu;

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn linear_q8_matches_cpu() {
        compare(&gpu().await, Format::Q8).await;
    }
}
