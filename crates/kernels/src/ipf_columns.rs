//! The column half of a round of iterative proportional fitting: `v[j] = 1 / Σ_i u[i]·A'[i,j]`.
//!
//! The transition matrix is `P = diag(u)·A'·diag(v)`. A' stays as it is (row-major `[n, n]`, f32) and only the vectors
//! u and v `[n]` move; this sets v so that every column of P sums to 1. Columns are independent: a run of them may be
//! computed alone. A column of zeros gets `v = 0`.

use bytemuck::{Pod, Zeroable};
use maskov_gpu::{Bind, Buffer, Kernel, Pass, Result, groups_1d};
use std::ops::Range;

use crate::require;

/// One invocation per column; the sums come from `weighted_column_sums` in blocks of rows.
pub static KERNEL: Kernel = Kernel {
    name: "ipf_columns",
    wgsl: wgsl!("ipf_columns"),
    binds: &[Bind::Uniform, Bind::Read, Bind::ReadWrite, Bind::ReadWrite],
    workgroup: [64, 1, 1],
};

/// Must match `struct Params` in shaders/ipf_columns.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Params {
    blocks: u32,
    columns: u32,
    round: u32,
}

/// Records `v[j] = 1 / Σ_b partials[b, j]`, and the maximum of `deviations[round]` (the bits of an f32 ≥ 0) with the
/// largest `|column sum − 1|` under the old v. `partials` is `[blocks, columns]`, `v` is `[columns]`. Errors:
/// [`GpuError::Shape`](maskov_gpu::GpuError::Shape) where buffers are too short.
pub fn ipf_columns(
    pass: &mut Pass<'_>,
    partials: &Buffer,
    [blocks, columns]: [usize; 2],
    v: &Buffer,
    deviations: &Buffer,
    round: usize,
) -> Result<()> {
    let fits = partials.len() >= blocks * columns && v.len() >= columns && round < deviations.len();
    require(&KERNEL, fits, || {
        let (partials, deviations) = (partials.len(), deviations.len());
        format!(
            "partials of {partials} and v of {} words for [{blocks}, {columns}], round {round} of {deviations}",
            v.len()
        )
    })?;
    let params = Params { blocks: blocks as u32, columns: columns as u32, round: round as u32 };
    let buffers = [partials.into(), v.into(), deviations.into()];
    pass.dispatch(&KERNEL, &[], &params, &buffers, groups_1d(columns, KERNEL.workgroup[0]))
}

/// Rows that are read together, so that each partial sum is loaded and stored once for several of them.
const ROW_BLOCK: usize = 8;

/// `sums[j] = Σ_i weights[i] · matrix[i, columns.start + j]`: a vector times the columns of a square matrix.
///
/// # Panics
/// When the matrix is not `[n, n]` with `n = weights.len()`, or `sums` is not as long as `columns`.
pub fn weighted_column_sums_cpu(matrix: &[f32], weights: &[f32], columns: Range<usize>, sums: &mut [f32]) {
    let n = weights.len();
    assert_eq!(matrix.len(), n * n, "the matrix must be [n, n]");
    assert!(columns.end <= n && sums.len() == columns.len(), "one sum for each column");
    sums.fill(0.0);
    let row_slice = |row: usize| &matrix[row * n + columns.start..row * n + columns.end];
    let whole = n - n % ROW_BLOCK;
    for first in (0..whole).step_by(ROW_BLOCK) {
        let rows: [&[f32]; ROW_BLOCK] = std::array::from_fn(|k| &row_slice(first + k)[..sums.len()]);
        let w: [f32; ROW_BLOCK] = std::array::from_fn(|k| weights[first + k]);
        for (column, sum) in sums.iter_mut().enumerate() {
            // Pairwise, so that a block of rows adds one rounding to the running sum instead of eight.
            let low = (w[0] * rows[0][column] + w[1] * rows[1][column])
                + (w[2] * rows[2][column] + w[3] * rows[3][column]);
            let high = (w[4] * rows[4][column] + w[5] * rows[5][column])
                + (w[6] * rows[6][column] + w[7] * rows[7][column]);
            *sum += low + high;
        }
    }
    for (row, weight) in weights.iter().enumerate().skip(whole) {
        for (sum, entry) in sums.iter_mut().zip(row_slice(row)) {
            *sum += weight * entry;
        }
    }
}

/// Sets `v` of a run of columns so that those columns of `diag(u)·A'·diag(v)` sum to 1.
///
/// `v` holds the values of the round before (1 at first) and is as long as `columns`. Returns the largest
/// `|column sum − 1|` that the old values gave: how far the matrix was from doubly stochastic.
///
/// # Panics
/// As [`weighted_column_sums_cpu`].
pub fn ipf_columns_cpu(matrix: &[f32], u: &[f32], columns: Range<usize>, v: &mut [f32]) -> f32 {
    let mut sums = vec![0.0; v.len()];
    weighted_column_sums_cpu(matrix, u, columns, &mut sums);
    let mut deviation = 0.0f32;
    for (v, &sum) in v.iter_mut().zip(&sums) {
        if sum > 0.0 {
            deviation = deviation.max((*v * sum - 1.0).abs());
            *v = 1.0 / sum;
        } else {
            *v = 0.0;
        }
    }
    deviation
}

#[cfg(test)]
mod tests {
    use maskov_gpu::testing::{Guarded, Seeded, Tolerance, assert_close, gpu};

    use super::ipf_columns;
    use super::{ipf_columns_cpu, weighted_column_sums_cpu};
    use crate::weighted_column_sums::{self, partial_blocks, weighted_column_sums};

    #[test]
    fn column_sums_match_the_plain_double_loop() {
        for n in [1usize, 7, 8, 9, 33] {
            let matrix: Vec<f32> = (0..n * n).map(|i| ((i * 37) % 101) as f32 / 101.0).collect();
            let weights: Vec<f32> = (0..n).map(|i| 0.5 + i as f32).collect();
            let columns = n / 3..n;
            let mut sums = vec![f32::NAN; columns.len()];
            weighted_column_sums_cpu(&matrix, &weights, columns.clone(), &mut sums);
            for (column, got) in columns.zip(sums) {
                let want: f64 =
                    (0..n).map(|row| f64::from(weights[row]) * f64::from(matrix[row * n + column])).sum();
                assert!((f64::from(got) - want).abs() <= 1e-6 * want.max(1.0), "n {n}, column {column}");
            }
        }
    }

    #[test]
    fn columns_sum_to_one_and_the_deviation_is_that_of_before() {
        let matrix = [0.5f32, 0.5, 0.0, 1.0, 0.0, 0.0, 0.25, 0.75, 0.0];
        let u = [1.0f32, 2.0, 1.0];
        let mut v = [1.0f32; 3];
        let deviation = ipf_columns_cpu(&matrix, &u, 0..3, &mut v);
        assert_eq!(deviation, 1.75);
        assert_eq!(v[2], 0.0, "a column of zeros stays zero");
        for (column, &v) in v[..2].iter().enumerate() {
            let sum: f32 = (0..3).map(|row| u[row] * matrix[row * 3 + column] * v).sum();
            assert!((sum - 1.0).abs() < 1e-6);
        }
    }

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn ipf_columns_matches_cpu() {
        let gpu = gpu().await;
        for n in [1usize, 63, 64, 65, 300] {
            let mut seeded = Seeded::new(4);
            let mut values: Vec<f32> = (0..n * n).map(|_| 1.0 + seeded.value()).collect();
            // A column of zeros, where there are others.
            (n..n * n).step_by(n).chain([0]).filter(|_| n > 1).for_each(|i| values[i] = 0.0);
            let u: Vec<f32> = (0..n).map(|_| 1.5 + seeded.value()).collect();
            let matrix = weighted_column_sums::tests::tiled(&gpu, &values, n, 100);
            let blocks = partial_blocks(&matrix);
            let partials = gpu.create("partials", blocks * n).expect("fits");
            let u_buffer = gpu.upload("u", &u).expect("fits");
            let v = Guarded::new(&gpu, n);
            let mut expected = vec![1.0; n];
            gpu.write(&v.buffer, &expected);
            let deviations = gpu.upload("deviations", &[0u32; 3]).expect("fits");
            let mut pass = gpu.pass();
            weighted_column_sums(&mut pass, &matrix, &u_buffer, &partials).expect("fits");
            ipf_columns(&mut pass, &partials, [blocks, n], &v.buffer, &deviations, 1).expect("fits");
            pass.submit().expect("the device works");
            let expected_deviation = ipf_columns_cpu(&values, &u, 0..n, &mut expected);
            assert_close(&format!("v of {n}"), &v.read(&gpu).await, &expected, Tolerance::REDUCTION);
            let deviations: Vec<f32> = gpu.read(&deviations).await.expect("reads");
            let expected = [0.0, expected_deviation, 0.0];
            assert_close("deviations", &deviations, &expected, Tolerance::REDUCTION);
        }
    }

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn short_buffers_are_refused() {
        let gpu = gpu().await;
        let buffer = gpu.create("both", 7).expect("fits");
        for ([blocks, columns], round) in [([2, 4], 0), ([1, 4], 7)] {
            let recorded = ipf_columns(&mut gpu.pass(), &buffer, [blocks, columns], &buffer, &buffer, round);
            let error = recorded.expect_err("7 of 8 words");
            assert!(error.to_string().contains("ipf_columns"), "{error}");
        }
    }
}
