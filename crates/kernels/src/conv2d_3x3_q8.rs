//! 3×3 convolution with q8 weights (signed bytes, one f16 scale per group of 32 inputs of a tap) and f32 arithmetic.
//!
//! Tensors as in [`conv2d_3x3_f16`](crate::conv2d_3x3_f16); the twin is
//! [`conv2d_3x3_cpu`](crate::conv2d_3x3_f16::conv2d_3x3_cpu) on the dequantised weights (`maskov_weights::dequantize`).

use maskov_gpu::{Bind, Buffer, Kernel, Pass, Result};

use crate::conv2d_3x3_f16::{Picture, Window, record};
use crate::matrix::{Format, Matrix};

/// Register-tiled implicit product: up to 64 pixels × 64 outputs per workgroup, dequantised once per tile.
pub static KERNEL: Kernel = Kernel {
    name: "conv2d_3x3_q8",
    wgsl: wgsl!("common/matmul_tile", "common/weights_q8", "common/conv2d_3x3", "conv2d_3x3_q8"),
    binds: &[Bind::Uniform, Bind::Read, Bind::Read, Bind::Read, Bind::Read, Bind::ReadWrite],
    workgroup: [8, 8, 1],
};

/// Records the convolution. Errors: `GpuError::Shape` where buffers are too short or the matrix is not q8 and of nine
/// taps.
pub fn conv2d_3x3_q8(
    pass: &mut Pass<'_>,
    x: &Buffer,
    matrix: &Matrix,
    bias: &Buffer,
    picture: Picture,
    window: &Window,
    y: &Buffer,
) -> Result<()> {
    record(pass, &KERNEL, Format::Q8, x, matrix, bias, picture, window, y)
}

#[cfg(test)]
mod tests {
    use crate::conv2d_3x3_f16::tests::compare;
    use crate::matrix::Format;
    use maskov_gpu::testing::gpu;

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn conv2d_3x3_q8_matches_cpu() {
        compare(&gpu().await, Format::Q8).await;
    }
}
