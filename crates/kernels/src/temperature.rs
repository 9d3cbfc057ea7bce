//! Sharpens each row of the attention map: `a'[i,j] = a[i,j]^(1/T) / Σ_j a[i,j]^(1/T)`.
//!
//! This is `softmax(log(a) / T)` of a row (method: temperature). Matrices are row-major `[rows, n]`, f32. Rows are
//! independent, so any run of whole rows may be passed. Entries must be finite and ≥ 0, with one > 0 in each row.

use bytemuck::{Pod, Zeroable};
use maskov_gpu::{Bind, Kernel, Pass, Result, RowTiled, groups_1d};

use crate::vector_math::power;

/// One workgroup per row.
pub static KERNEL: Kernel = Kernel {
    name: "temperature",
    wgsl: wgsl!("common/reduce", "temperature"),
    binds: &[Bind::Uniform, Bind::ReadWrite],
    workgroup: [256, 1, 1],
};

/// Must match `struct Params` in shaders/temperature.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Params {
    rows: u32,
    columns: u32,
    exponent: f32,
}

/// Records the sharpening of every row of `matrix`, in place.
pub fn temperature(pass: &mut Pass<'_>, matrix: &RowTiled, temperature: f32) -> Result<()> {
    for tile in &matrix.tiles {
        let params =
            Params { rows: tile.rows as u32, columns: matrix.columns as u32, exponent: 1.0 / temperature };
        pass.dispatch(&KERNEL, &[], &params, &[(&tile.buffer).into()], groups_1d(tile.rows, 1))?;
    }
    Ok(())
}

/// Sharpens whole rows of `n` entries in place; every row sums to 1 afterwards.
///
/// Each row is divided by its largest entry first, so that small entries do not underflow before they are compared.
///
/// # Panics
/// When `rows` is not a whole number of rows.
pub fn temperature_cpu(rows: &mut [f32], n: usize, temperature: f32) {
    assert!(n > 0 && rows.len().is_multiple_of(n), "temperature works on whole rows");
    let exponent = 1.0 / temperature;
    for row in rows.chunks_exact_mut(n) {
        let largest = row.iter().copied().fold(0.0f32, f32::max);
        row.iter_mut().for_each(|value| *value = power(*value / largest, exponent));
        let sum: f64 = row.iter().copied().map(f64::from).sum();
        let scale = (1.0 / sum) as f32;
        row.iter_mut().for_each(|value| *value *= scale);
    }
}

#[cfg(test)]
mod tests {
    use maskov_gpu::testing::{Seeded, Tolerance, assert_close, gpu};

    use super::temperature;
    use super::temperature_cpu;
    use crate::weighted_column_sums::tests::{SHAPES, tiled};

    #[test]
    fn temperature_is_the_softmax_of_logs() {
        let row = [0.1f32, 0.0, 0.6, 0.3];
        let mut out = row;
        temperature_cpu(&mut out, 4, 0.65);
        let powers: Vec<f64> = row.iter().map(|&a| f64::from(a).powf(1.0 / 0.65)).collect();
        let sum: f64 = powers.iter().sum();
        for (got, want) in out.iter().zip(&powers) {
            assert!((f64::from(*got) - want / sum).abs() < 1e-6, "{got} is not {}", want / sum);
        }
    }

    #[test]
    fn temperature_keeps_tiny_rows_apart() {
        // 1e-35^(1/0.65) is below the smallest f32: only the division by the row's largest entry keeps it.
        let mut row = [1e-35f32, 2e-35, 0.0];
        temperature_cpu(&mut row, 3, 0.65);
        let ratio = 2f64.powf(1.0 / 0.65);
        assert!((f64::from(row[1] / row[0]) - ratio).abs() < 1e-5);
        assert_eq!(row[2], 0.0);
    }

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn temperature_matches_cpu() {
        let gpu = gpu().await;
        for [rows, columns] in SHAPES {
            let mut seeded = Seeded::new(3);
            let values: Vec<f32> = (0..rows * columns).map(|_| (8.0 * seeded.value()).exp()).collect();
            let matrix = tiled(&gpu, &values, columns, 5);
            let mut pass = gpu.pass();
            temperature(&mut pass, &matrix, 0.65).expect("fits");
            pass.submit().expect("the device works");
            let mut expected = values;
            temperature_cpu(&mut expected, columns, 0.65);
            // Rows sum to 1, so an entry is compared to the size of a mean one. Shader `pow` is exp2(y · log2 x): over
            // ratios down to e⁻¹⁶ its error is some 1e-5 of the entry.
            let tolerance = Tolerance { abs: 1e-6 / columns as f32, rel: 5e-5 };
            assert_close(
                &format!("{rows} × {columns}"),
                &matrix.read(&gpu).await.expect("reads"),
                &expected,
                tolerance,
            );
        }
    }

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn zeros_stay_zero_and_tiny_rows_stay_apart() {
        let gpu = gpu().await;
        let matrix = tiled(&gpu, &[1e-35f32, 2e-35, 0.0], 3, 1);
        let mut pass = gpu.pass();
        temperature(&mut pass, &matrix, 0.65).expect("fits");
        pass.submit().expect("the device works");
        let row = matrix.read(&gpu).await.expect("reads");
        assert_eq!(row[2], 0.0);
        assert!((f64::from(row[1] / row[0]) - 2f64.powf(1.0 / 0.65)).abs() < 1e-4, "{row:?}");
    }
}
