//! The rows of an activation on the device.

use std::ops::Range;
use std::rc::Rc;

use maskov_gpu::{Buffer, Gpu, GpuError};

use crate::Result;

/// Rows of f32 values in tiles of at most one binding each: all in one, but for what is large.
#[derive(Clone)]
pub(super) struct Rows {
    tiles: Vec<Rc<Buffer>>,
    pub(super) rows_per_tile: usize,
    channels: usize,
}

impl Rows {
    pub(super) fn new(tiles: Vec<Rc<Buffer>>, rows_per_tile: usize, channels: usize) -> Self {
        Self { tiles, rows_per_tile, channels }
    }

    /// All rows in one buffer.
    pub(super) fn of(buffer: Buffer, channels: usize) -> Self {
        let rows = buffer.len() / channels;
        Self::new(vec![Rc::new(buffer)], rows, channels)
    }

    /// Rows of one tile, as a buffer of their own.
    pub(super) fn part(&self, rows: &Range<usize>) -> Buffer {
        let tile = rows.start / self.rows_per_tile;
        let first = tile * self.rows_per_tile;
        self.tiles[tile].slice((rows.start - first) * self.channels..(rows.end - first) * self.channels)
    }

    /// The only tile. Errors: there are several, which no kernel that needs all rows at once reads.
    pub(super) fn whole(&self, name: &str) -> Result<&Rc<Buffer>> {
        match self.tiles.as_slice() {
            [tile] => Ok(tile),
            tiles => {
                let bytes = tiles.iter().map(|tile| 4 * tile.len() as u64).sum();
                let limit = 4 * tiles[0].len() as u64;
                Err(GpuError::BufferTooLarge { what: name.to_owned(), bytes, limit }.into())
            }
        }
    }

    pub(super) fn tiles(&self) -> &[Rc<Buffer>] {
        &self.tiles
    }

    /// All values, in the order of the rows.
    pub(super) async fn read(&self, gpu: &Gpu) -> Result<Vec<f32>> {
        let mut values = Vec::new();
        for tile in &self.tiles {
            values.extend(gpu.read::<f32>(tile).await?);
        }
        Ok(values)
    }
}
