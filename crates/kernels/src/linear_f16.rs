//! `y = x · Wᵀ + b` with f16 weights and f32 arithmetic: every linear layer and every 1×1 convolution.
//!
//! | tensor | shape | layout |
//! |---|---|---|
//! | x | `[rows, inputs]` | f32, row-major |
//! | W | `[outputs, inputs]` | [`Matrix`] of one tap |
//! | b | `[outputs]` | f32 |
//! | y | `[rows, outputs]` | f32, row-major |

use bytemuck::{Pod, Zeroable};
use maskov_gpu::{Bind, Buffer, GpuError, Kernel, Pass, Result};

use crate::matmul_tile::Tiles;
use crate::matrix::{Format, Matrix};

/// Register-tiled product: up to 64 × 64 outputs per workgroup.
pub static KERNEL: Kernel = Kernel {
    name: "linear_f16",
    wgsl: wgsl!("common/matmul_tile", "common/weights_f16", "common/linear", "linear_f16"),
    binds: &[Bind::Uniform, Bind::Read, Bind::Read, Bind::Read, Bind::ReadWrite],
    workgroup: [8, 8, 1],
};

/// Must match `struct Params` in shaders/common/linear.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Params {
    rows: u32,
    inputs: u32,
    outputs: u32,
    padded_inputs: u32,
    steps: u32,
    splits: u32,
}

/// Records `y = x · Wᵀ + b`. Errors: [`GpuError::Shape`] where buffers are too short or the matrix is not f16 and of one
/// tap.
pub fn linear_f16(
    pass: &mut Pass<'_>,
    x: &Buffer,
    matrix: &Matrix,
    bias: &Buffer,
    rows: usize,
    y: &Buffer,
) -> Result<()> {
    record(pass, &KERNEL, Format::F16, x, matrix, bias, rows, y)
}

/// The linear kernels differ in how they read a weight, not in how they are dispatched.
pub(crate) fn record(
    pass: &mut Pass<'_>,
    kernel: &'static Kernel,
    format: Format,
    x: &Buffer,
    matrix: &Matrix,
    bias: &Buffer,
    rows: usize,
    y: &Buffer,
) -> Result<()> {
    let fits = matrix.format == format
        && matrix.taps == 1
        && x.len() >= rows * matrix.inputs
        && bias.len() >= matrix.outputs
        && y.len() >= rows * matrix.outputs;
    if !fits {
        let reason = format!(
            "x of {} and y of {} words for {rows} rows, {} inputs, {} outputs, {} taps, {:?}",
            x.len(),
            y.len(),
            matrix.inputs,
            matrix.outputs,
            matrix.taps,
            matrix.format
        );
        return Err(GpuError::Shape { kernel: kernel.name, reason });
    }
    let tiles = Tiles::of(rows, matrix);
    let params = Params {
        rows: rows as u32,
        inputs: matrix.inputs as u32,
        outputs: matrix.outputs as u32,
        padded_inputs: matrix.padded_inputs() as u32,
        steps: tiles.steps as u32,
        splits: tiles.splits as u32,
    };
    tiles.dispatch(pass, kernel, &params, [x, bias, y], matrix, rows)
}

/// What the kernel means: `weight` is `[outputs, inputs]`, `y` is filled.
pub fn linear_cpu(x: &[f32], weight: &[f32], bias: Option<&[f32]>, inputs: usize, y: &mut [f32]) {
    let outputs = weight.len() / inputs;
    for (x, y) in x.chunks_exact(inputs).zip(y.chunks_exact_mut(outputs)) {
        for (o, (weight, y)) in weight.chunks_exact(inputs).zip(y).enumerate() {
            let product: f32 = x.iter().zip(weight).map(|(x, w)| x * w).sum();
            *y = product + bias.map_or(0.0, |bias| bias[o]);
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::matrix::tests::TestMatrix;
    use maskov_gpu::Gpu;
    use maskov_gpu::testing::{Guarded, Seeded, Tolerance, assert_close, gpu};

    /// `[rows, inputs, outputs]`: one, around a tile's sides, of several shares, real ones of the embedded model (GEGLU, odd
    /// inputs), and one of tall tiles whose last row and column of tiles are not full.
    const SHAPES: [[usize; 3]; 9] = [
        [1, 1, 1],
        [31, 31, 63],
        [32, 32, 64],
        [33, 33, 65],
        [5, 1311, 130],
        [64, 512, 64],
        [64, 144, 1152],
        [77, 194, 96],
        [450, 17, 1601],
    ];

    /// Compares the kernel of a format with the twin on the very weights that the format holds: the error of the kernel
    /// is tested here, the error of the format in `maskov_weights`.
    pub(crate) async fn compare(gpu: &Gpu, format: Format) {
        for [rows, inputs, outputs] in SHAPES {
            let mut seeded = Seeded::new(1);
            let (x, bias) = (seeded.values(rows * inputs), seeded.values(outputs));
            let TestMatrix { matrix, weight } =
                TestMatrix::new(gpu, format, &[outputs, inputs], &seeded.values(outputs * inputs));
            let x_buffer = gpu.upload("x", &x).expect("fits");
            let bias_buffer = gpu.upload("bias", &bias).expect("fits");
            let y = Guarded::new(gpu, rows * outputs);
            let mut pass = gpu.pass();
            crate::products::linear(&mut pass, &x_buffer, &matrix, &bias_buffer, rows, &y.buffer)
                .expect("shapes fit");
            pass.submit().expect("the device works");
            let mut expected = vec![0.0; rows * outputs];
            linear_cpu(&x, &weight, Some(&bias), inputs, &mut expected);
            let what = format!("{rows} × {inputs} → {outputs} {format:?}");
            assert_close(&what, &y.read(gpu).await, &expected, Tolerance::products(inputs, 1.0, 1.0));
        }
    }

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn linear_f16_matches_cpu() {
        compare(&gpu().await, Format::F16).await;
    }

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn short_buffers_are_refused() {
        let gpu = gpu().await;
        let TestMatrix { matrix, .. } = TestMatrix::new(&gpu, Format::F16, &[4, 8], &[0.5; 32]);
        let [x, bias, y] =
            [("x", 8), ("bias", 4), ("y", 3)].map(|(what, len)| gpu.create(what, len).expect("fits"));
        let error =
            linear_f16(&mut gpu.pass(), &x, &matrix, &bias, 1, &y).expect_err("y holds 3 of 4 values");
        assert!(matches!(error, GpuError::Shape { kernel: "linear_f16", .. }), "{error}");
    }
}
