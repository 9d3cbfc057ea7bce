//! Matrix products: everything here goes through `ndarray` to `matrixmultiply`'s kernels (AVX-512 to SSE, NEON, wasm
//! `simd128`). Threads take blocks of rows; a product itself stays on one.

use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayView2, ArrayViewMut2, ShapeBuilder};

use maskov_parallel::for_row_blocks;

/// A part of a row-major matrix: `columns` values at the start of each of `rows` rows that lie `stride` values apart.
pub fn part(values: &[f32], rows: usize, columns: usize, stride: usize) -> ArrayView2<'_, f32> {
    ArrayView2::from_shape((rows, columns).strides((stride, 1)), values).expect("rows lie within the values")
}

/// The same, to be written.
pub fn part_mut(values: &mut [f32], rows: usize, columns: usize, stride: usize) -> ArrayViewMut2<'_, f32> {
    ArrayViewMut2::from_shape((rows, columns).strides((stride, 1)), values)
        .expect("rows lie within the values")
}

/// `y ← a · b + beta · y`
pub fn product(a: ArrayView2<'_, f32>, b: ArrayView2<'_, f32>, beta: f32, mut y: ArrayViewMut2<'_, f32>) {
    general_mat_mul(1.0, &a, &b, beta, &mut y);
}

/// Fills rows with the bias and returns the `beta` that keeps it.
pub fn start_with_bias(y: &mut [f32], bias: Option<&[f32]>) -> f32 {
    let Some(bias) = bias else { return 0.0 };
    for y in y.chunks_exact_mut(bias.len()) {
        y.copy_from_slice(bias);
    }
    1.0
}

/// The fast form of [`linear_cpu`](maskov_kernels::linear_f16::linear_cpu).
pub fn linear(x: &[f32], weight: &[f32], bias: Option<&[f32]>, inputs: usize, y: &mut [f32]) {
    let outputs = weight.len() / inputs;
    for_row_blocks(y, outputs, usize::MAX, |first, y| {
        let rows = y.len() / outputs;
        let beta = start_with_bias(y, bias);
        let x = part(&x[first * inputs..], rows, inputs, inputs);
        let weight = part(weight, outputs, inputs, inputs);
        product(x, weight.reversed_axes(), beta, part_mut(y, rows, outputs, outputs));
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use maskov_gpu::testing::{Seeded, Tolerance, assert_close};
    use maskov_kernels::linear_f16::linear_cpu;

    #[test]
    fn linear_matches_its_twin() {
        for [rows, inputs, outputs] in [[1, 1, 1], [7, 3, 5], [33, 31, 65], [1024, 96, 768], [77, 1024, 64]] {
            let mut seeded = Seeded::new(3);
            let (x, weight) = (seeded.values(rows * inputs), seeded.values(outputs * inputs));
            let bias = seeded.values(outputs);
            for bias in [None, Some(&bias[..])] {
                let (mut got, mut expected) =
                    (vec![f32::NAN; rows * outputs], vec![f32::NAN; rows * outputs]);
                linear(&x, &weight, bias, inputs, &mut got);
                linear_cpu(&x, &weight, bias, inputs, &mut expected);
                let what = format!("{rows} × {inputs} → {outputs}");
                assert_close(&what, &got, &expected, Tolerance::products(inputs, 1.0, 1.0));
            }
        }
    }
}
