//! Divides every row by its sum, in place.
//!
//! | tensor | shape | layout |
//! |---|---|---|
//! | map | `[rows, columns]`, sums above zero | f32, row-major |

use bytemuck::{Pod, Zeroable};
use maskov_gpu::{Bind, Kernel, Pass, Result, RowTiled, groups_1d};

/// One workgroup per row.
pub static KERNEL: Kernel = Kernel {
    name: "normalize_rows",
    wgsl: wgsl!("common/reduce", "normalize_rows"),
    binds: &[Bind::Uniform, Bind::ReadWrite],
    workgroup: [256, 1, 1],
};

/// Must match `struct Params` in shaders/normalize_rows.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Params {
    rows: u32,
    columns: u32,
}

/// Records the division of every row of `map` by its sum.
pub fn normalize_rows(pass: &mut Pass<'_>, map: &RowTiled) -> Result<()> {
    for tile in &map.tiles {
        let params = Params { rows: tile.rows as u32, columns: map.columns as u32 };
        pass.dispatch(&KERNEL, &[], &params, &[(&tile.buffer).into()], groups_1d(tile.rows, 1))?;
    }
    Ok(())
}

/// What the kernel means.
pub fn normalize_rows_cpu(map: &mut [f32], columns: usize) {
    for row in map.chunks_exact_mut(columns) {
        let sum: f32 = row.iter().sum();
        for entry in row {
            *entry /= sum;
        }
    }
}

#[cfg(test)]
mod tests {
    use maskov_gpu::testing::{Seeded, Tolerance, assert_close, gpu};

    use super::*;

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn normalize_rows_matches_cpu() {
        let gpu = gpu().await;
        for [rows, columns, rows_per_tile] in
            [[1, 1, 1], [7, 255, 3], [7, 256, 7], [7, 257, 4], [576, 576, 200]]
        {
            let mut seeded = Seeded::new(22);
            let values: Vec<f32> = (0..rows * columns).map(|_| 0.1 + seeded.value().abs()).collect();
            let map = RowTiled::create_with(&gpu, "map", rows, columns, rows_per_tile).expect("fits");
            for tile in &map.tiles {
                gpu.write(&tile.buffer, &values[tile.start * columns..][..tile.rows * columns]);
            }
            let mut pass = gpu.pass();
            normalize_rows(&mut pass, &map).expect("shapes fit");
            pass.submit().expect("the device works");
            let mut expected = values;
            normalize_rows_cpu(&mut expected, columns);
            // Entries are near 1/columns: an absolute part would hide what is wrong.
            let tolerance = Tolerance { abs: 0.0, rel: 1e-5 };
            let what = format!("{rows} × {columns} in tiles of {rows_per_tile}");
            assert_close(&what, &map.read(&gpu).await.expect("reads"), &expected, tolerance);
        }
    }
}
