//! The row half of a round of iterative proportional fitting: `u[i] = 1 / Σ_j A'[i,j]·v[j]`.
//!
//! Sets u so that every row of `P = diag(u)·A'·diag(v)` sums to 1 (see `ipf_columns`). A' is row-major `[n, n]`, f32;
//! rows are independent, so any run of whole rows may be passed. A row whose sum is 0 gets `u = 0`.

use bytemuck::{Pod, Zeroable};
use maskov_gpu::{Bind, Buffer, Kernel, Pass, Result, RowTiled, groups_1d};

use crate::require;

/// One workgroup per 8 rows.
pub static KERNEL: Kernel = Kernel {
    name: "ipf_rows",
    wgsl: wgsl!("ipf_rows"),
    binds: &[Bind::Uniform, Bind::Read, Bind::Read, Bind::ReadWrite],
    workgroup: [256, 1, 1],
};

/// Rows of a workgroup; must match `ROWS` in shaders/ipf_rows.wgsl.
const ROWS: u32 = 8;

/// Must match `struct Params` in shaders/ipf_rows.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Params {
    rows: u32,
    columns: u32,
    first_row: u32,
}

/// Records `u[i] = 1 / Σ_j matrix[i, j]·v[j]` for every row. `v` is `[columns]`, `u` is `[rows]`. Errors:
/// [`GpuError::Shape`](maskov_gpu::GpuError::Shape) where buffers are too short.
pub fn ipf_rows(pass: &mut Pass<'_>, matrix: &RowTiled, v: &Buffer, u: &Buffer) -> Result<()> {
    require(&KERNEL, v.len() >= matrix.columns && u.len() >= matrix.rows, || {
        format!("v of {} and u of {} words for [{}, {}]", v.len(), u.len(), matrix.rows, matrix.columns)
    })?;
    for tile in &matrix.tiles {
        let params =
            Params { rows: tile.rows as u32, columns: matrix.columns as u32, first_row: tile.start as u32 };
        let buffers = [(&tile.buffer).into(), v.into(), u.into()];
        pass.dispatch(&KERNEL, &[], &params, &buffers, groups_1d(tile.rows, ROWS))?;
    }
    Ok(())
}

/// Partial sums that run side by side: enough for two vector registers, and a pairwise-like sum for accuracy.
const LANES: usize = 16;

/// `Σ_j a[j]·b[j]` in [`LANES`] interleaved partial sums.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a_whole, a_rest) = a.as_chunks::<LANES>();
    let (b_whole, b_rest) = b.as_chunks::<LANES>();
    let mut lanes = [0.0f32; LANES];
    for (a, b) in a_whole.iter().zip(b_whole) {
        for lane in 0..LANES {
            lanes[lane] += a[lane] * b[lane];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    lanes.iter().sum::<f32>() + rest
}

/// Sets `u` of a run of rows so that those rows of `diag(u)·A'·diag(v)` sum to 1.
///
/// `rows` is `[u.len(), n]` with `n = v.len()`.
///
/// # Panics
/// When the lengths do not fit.
pub fn ipf_rows_cpu(rows: &[f32], v: &[f32], u: &mut [f32]) {
    let n = v.len();
    assert_eq!(rows.len(), u.len() * n, "rows must be [u.len(), v.len()]");
    for (u, row) in u.iter_mut().zip(rows.chunks_exact(n)) {
        let sum = dot(row, v);
        *u = if sum > 0.0 { 1.0 / sum } else { 0.0 };
    }
}

#[cfg(test)]
mod tests {
    use maskov_gpu::testing::{Guarded, Seeded, Tolerance, assert_close, gpu};

    use super::ipf_rows;
    use super::ipf_rows_cpu;
    use crate::weighted_column_sums::tests::{SHAPES, tiled};

    #[test]
    fn rows_sum_to_one() {
        for n in [1usize, 15, 16, 17, 50] {
            let rows: Vec<f32> = (0..3 * n).map(|i| ((i * 29) % 31) as f32 + 0.5).collect();
            let v: Vec<f32> = (0..n).map(|j| 1.0 / (1.0 + j as f32)).collect();
            let mut u = [f32::NAN; 3];
            ipf_rows_cpu(&rows, &v, &mut u);
            for (row, u) in rows.chunks_exact(n).zip(u) {
                let sum: f64 =
                    row.iter().zip(&v).map(|(a, v)| f64::from(*a) * f64::from(*v) * f64::from(u)).sum();
                assert!((sum - 1.0).abs() < 1e-6, "n {n}: {sum}");
            }
        }
    }

    #[test]
    fn a_row_of_zeros_stays_zero() {
        let mut u = [f32::NAN];
        ipf_rows_cpu(&[0.0, 0.0], &[1.0, 1.0], &mut u);
        assert_eq!(u, [0.0]);
    }

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn ipf_rows_matches_cpu() {
        let gpu = gpu().await;
        for [rows, columns] in SHAPES {
            let mut seeded = Seeded::new(5);
            let mut values: Vec<f32> = (0..rows * columns).map(|_| 1.0 + seeded.value()).collect();
            values[(rows - 1) * columns..].fill(if rows > 1 { 0.0 } else { 0.5 });
            let v: Vec<f32> = (0..columns).map(|_| 1.5 + seeded.value()).collect();
            let matrix = tiled(&gpu, &values, columns, 7);
            let (v_buffer, u) = (gpu.upload("v", &v).expect("fits"), Guarded::new(&gpu, rows));
            let mut pass = gpu.pass();
            ipf_rows(&mut pass, &matrix, &v_buffer, &u.buffer).expect("fits");
            pass.submit().expect("the device works");
            let mut expected = vec![f32::NAN; rows];
            ipf_rows_cpu(&values, &v, &mut expected);
            assert_close(
                &format!("{rows} × {columns}"),
                &u.read(&gpu).await,
                &expected,
                Tolerance::REDUCTION,
            );
        }
    }

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn a_short_vector_is_refused() {
        let gpu = gpu().await;
        let matrix = tiled(&gpu, &[1.0; 6], 3, 2);
        let (v, u) = (gpu.create("v", 2).expect("fits"), gpu.create("u", 2).expect("fits"));
        let error = ipf_rows(&mut gpu.pass(), &matrix, &v, &u).expect_err("v holds 2 of 3 values");
        assert!(error.to_string().contains("ipf_rows"), "{error}");
    }
}
