//! `sums[j] = Σ_i weights[i]·matrix[i, j]`, in blocks of rows: the product behind `ipf_columns`.
//!
//! | tensor | shape | layout |
//! |---|---|---|
//! | matrix | `[rows, columns]` | f32, row tiles |
//! | weights | `[rows]` | f32 |
//! | partials | `[blocks, columns]` | f32; a block is 64 rows of one tile |
//!
//! The kernel leaves the sum over blocks to its reader: a column alone is too little work for a GPU. The CPU twin is
//! [`weighted_column_sums_cpu`](crate::ipf_columns::weighted_column_sums_cpu).

use bytemuck::{Pod, Zeroable};
use maskov_gpu::{Bind, Buffer, Kernel, Pass, Result, RowTiled};

use crate::require;

/// One invocation per column and block of rows.
pub static KERNEL: Kernel = Kernel {
    name: "weighted_column_sums",
    wgsl: wgsl!("weighted_column_sums"),
    binds: &[Bind::Uniform, Bind::Read, Bind::Read, Bind::ReadWrite],
    workgroup: [256, 1, 1],
};

/// Rows in a block; must match `BLOCK_ROWS` in shaders/weighted_column_sums.wgsl.
const BLOCK_ROWS: usize = 64;

/// Must match `struct Params` in shaders/weighted_column_sums.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Params {
    rows: u32,
    columns: u32,
    first_row: u32,
    first_block: u32,
}

/// How many blocks of partial sums a matrix gives.
pub fn partial_blocks(matrix: &RowTiled) -> usize {
    matrix.tiles.iter().map(|tile| tile.rows.div_ceil(BLOCK_ROWS)).sum()
}

/// Records the partial sums of every block: `partials` is `[partial_blocks(matrix), columns]`. Errors:
/// [`GpuError::Shape`](maskov_gpu::GpuError::Shape) where buffers are too short.
pub fn weighted_column_sums(
    pass: &mut Pass<'_>,
    matrix: &RowTiled,
    weights: &Buffer,
    partials: &Buffer,
) -> Result<()> {
    let (blocks, columns) = (partial_blocks(matrix), matrix.columns);
    require(&KERNEL, weights.len() >= matrix.rows && partials.len() >= blocks * columns, || {
        format!(
            "weights of {} and partials of {} words for [{}, {columns}] in {blocks} blocks",
            weights.len(),
            partials.len(),
            matrix.rows
        )
    })?;
    let mut first_block = 0;
    for tile in &matrix.tiles {
        let tile_blocks = tile.rows.div_ceil(BLOCK_ROWS);
        let params = Params {
            rows: tile.rows as u32,
            columns: columns as u32,
            first_row: tile.start as u32,
            first_block: first_block as u32,
        };
        let buffers = [(&tile.buffer).into(), weights.into(), partials.into()];
        let groups = [columns.div_ceil(KERNEL.workgroup[0] as usize) as u32, tile_blocks as u32, 1];
        pass.dispatch(&KERNEL, &[], &params, &buffers, groups)?;
        first_block += tile_blocks;
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests {
    use maskov_gpu::testing::{Guarded, Seeded, Tolerance, assert_close, gpu};
    use maskov_gpu::{Gpu, RowTiled};

    use super::{partial_blocks, weighted_column_sums};
    use crate::ipf_columns::weighted_column_sums_cpu;

    /// `[rows, columns]` around a workgroup of 256, and one that is not square.
    pub(crate) const SHAPES: [[usize; 2]; 6] = [[1, 1], [2, 255], [3, 256], [7, 257], [300, 4], [33, 1024]];

    /// A matrix in tiles of so many rows.
    pub(crate) fn tiled(gpu: &Gpu, values: &[f32], columns: usize, rows_per_tile: usize) -> RowTiled {
        let matrix = RowTiled::create_with(gpu, "matrix", values.len() / columns, columns, rows_per_tile)
            .expect("a test matrix fits");
        for tile in &matrix.tiles {
            gpu.write(&tile.buffer, &values[tile.start * columns..(tile.start + tile.rows) * columns]);
        }
        matrix
    }

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn weighted_column_sums_matches_cpu() {
        let gpu = gpu().await;
        for (n, rows_per_tile) in [(1usize, 1usize), (63, 63), (64, 64), (65, 65), (257, 100), (576, 576)] {
            let mut seeded = Seeded::new(2);
            let (values, weights) = (seeded.values(n * n), seeded.values(n));
            let matrix = tiled(&gpu, &values, n, rows_per_tile);
            let blocks = partial_blocks(&matrix);
            let weights_buffer = gpu.upload("weights", &weights).expect("fits");
            let partials = Guarded::new(&gpu, blocks * n);
            let mut pass = gpu.pass();
            weighted_column_sums(&mut pass, &matrix, &weights_buffer, &partials.buffer).expect("fits");
            pass.submit().expect("the device works");
            let partials = partials.read(&gpu).await;
            let sums: Vec<f32> = (0..n).map(|j| partials.iter().skip(j).step_by(n).sum()).collect();
            let mut expected = vec![f32::NAN; n];
            weighted_column_sums_cpu(&values, &weights, 0..n, &mut expected);
            assert_close(
                &format!("{n}² in {blocks} blocks"),
                &sums,
                &expected,
                Tolerance::products(n, 1.0, 1.0),
            );
        }
    }

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn short_weights_are_refused() {
        let gpu = gpu().await;
        let matrix = tiled(&gpu, &[1.0; 6], 2, 3);
        let (weights, partials) = (gpu.create("w", 2).expect("fits"), gpu.create("p", 2).expect("fits"));
        let error = weighted_column_sums(&mut gpu.pass(), &matrix, &weights, &partials)
            .expect_err("weights hold 2 of 3 values");
        assert!(error.to_string().contains("weighted_column_sums"), "{error}");
    }
}
