//! A matrix whose rows are spread over several buffers.

use std::ops::Range;

use crate::{Buffer, Gpu, GpuError, Result, SLICE_WORDS};

/// Some whole rows of a matrix.
pub struct RowTile {
    /// The first row.
    pub start: usize,
    /// How many rows.
    pub rows: usize,
    /// `[rows, columns]` f32.
    pub buffer: Buffer,
}

/// A `[rows, columns]` f32 matrix in row tiles of at most one binding each: the attention map at R = 128 is 1 GiB, a
/// binding 128 MiB.
pub struct RowTiled {
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub columns: usize,
    /// The tiles, in order of their rows.
    pub tiles: Vec<RowTile>,
}

impl RowTiled {
    /// Rows per tile: as many as fit into a binding of so many bytes, and where they are many, a number after which a
    /// [`Buffer::slice`] of any width may begin.
    pub fn rows_per_tile(binding_bytes: u64, columns: usize) -> usize {
        let fitting = (binding_bytes as usize / (4 * columns)).max(1);
        if fitting < SLICE_WORDS { fitting } else { fitting / SLICE_WORDS * SLICE_WORDS }
    }

    /// An empty matrix in tiles as large as a binding allows.
    pub fn create(gpu: &Gpu, what: &str, rows: usize, columns: usize) -> Result<Self> {
        let rows_per_tile = Self::rows_per_tile(gpu.caps().max_binding_bytes, columns);
        Self::create_with(gpu, what, rows, columns, rows_per_tile)
    }

    /// An empty matrix in tiles of `rows_per_tile` rows.
    pub fn create_with(
        gpu: &Gpu,
        what: &str,
        rows: usize,
        columns: usize,
        rows_per_tile: usize,
    ) -> Result<Self> {
        let tiles = (0..rows)
            .step_by(rows_per_tile)
            .map(|start| {
                let rows = rows_per_tile.min(rows - start);
                Ok(RowTile { start, rows, buffer: gpu.create(what, rows * columns)? })
            })
            .collect::<Result<_>>()?;
        Ok(Self { rows, columns, tiles })
    }

    /// A matrix with these values, row-major.
    pub fn upload(gpu: &Gpu, what: &str, values: &[f32], columns: usize) -> Result<Self> {
        if columns == 0 || !values.len().is_multiple_of(columns) {
            let reason = format!("{} values do not fill rows of {columns}", values.len());
            return Err(GpuError::Shape { kernel: "row tiles", reason });
        }
        let rows_per_tile = Self::rows_per_tile(gpu.caps().max_binding_bytes, columns);
        let tiles = values
            .chunks(rows_per_tile * columns)
            .enumerate()
            .map(|(i, chunk)| {
                Ok(RowTile {
                    start: i * rows_per_tile,
                    rows: chunk.len() / columns,
                    buffer: gpu.upload(what, chunk)?,
                })
            })
            .collect::<Result<_>>()?;
        Ok(Self { rows: values.len() / columns, columns, tiles })
    }

    /// These rows of one tile, as a matrix of their own: nothing is copied.
    ///
    /// # Panics
    /// Where they lie in several, or a slice may not begin there.
    pub fn part(&self, rows: &Range<usize>) -> Self {
        let tile =
            self.tiles.iter().rfind(|tile| tile.start <= rows.start).expect("the first begins at row 0");
        let words = (rows.start - tile.start) * self.columns..(rows.end - tile.start) * self.columns;
        let part = RowTile { start: 0, rows: rows.len(), buffer: tile.buffer.slice(words) };
        Self { rows: rows.len(), columns: self.columns, tiles: vec![part] }
    }

    /// All values, row-major.
    pub async fn read(&self, gpu: &Gpu) -> Result<Vec<f32>> {
        let mut values = Vec::with_capacity(self.rows * self.columns);
        for tile in &self.tiles {
            values.extend(gpu.read::<f32>(&tile.buffer).await?);
        }
        Ok(values)
    }
}
