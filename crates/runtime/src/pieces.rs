//! How activations and operations are cut by their rows: no binding is larger than the adapter's limit, and no dispatch
//! longer than what a submit should take.
//!
//! Where a tensor is larger than a binding, its rows lie in several tiles. An operation is made in pieces of its output's
//! rows, each of which lies in one tile of the output, reads one tile of each input, and is little enough work.

use std::ops::Range;

use maskov_gpu::{GpuError, RowTiled, SLICE_WORDS};
use maskov_graph::{Graph, Op, Operation, Padding, Shape, TensorId};
use maskov_kernels::conv2d_3x3_f16::{Picture, Window};

use crate::Result;
use crate::picture::picture;

/// Every tile begins at a multiple of so many rows: there a slice may begin in a tensor of any width, and in the partial sums of
/// a group norm, two words for 64 rows of a channel.
const TILE_ROWS: usize = 32 * SLICE_WORDS;

/// Rows of a tensor that lie in one tile: all, where they fit into `limit` bytes; else whole lines of the picture.
///
/// # Errors
/// [`GpuError::BufferTooLarge`] where not even the fewest rows fit.
pub(crate) fn rows_per_tile(name: &str, shape: Shape, limit: u64) -> Result<usize> {
    if shape.bytes() <= limit {
        return Ok(shape.rows());
    }
    let fewest = least_common_multiple(TILE_ROWS, shape.width);
    let fitting = (limit / (4 * shape.channels as u64)) as usize / fewest * fewest;
    if fitting == 0 {
        return Err(GpuError::BufferTooLarge { what: name.to_owned(), bytes: shape.bytes(), limit }.into());
    }
    Ok(fitting)
}

/// The pieces of an operation, as rows of its output, in order. `most_flop` is exceeded only where rows cannot be cut finer.
///
/// # Errors
/// As [`rows_per_tile`].
pub(crate) fn pieces(graph: &Graph, op: &Op, limit: u64, most_flop: u64) -> Result<Vec<Range<usize>>> {
    use Operation as O;
    let out = graph.tensor(op.output).shape;
    let tile = |id: TensorId| rows_per_tile(&graph.tensor(id).name, graph.tensor(id).shape, limit);
    let flop_of_row = graph.op_flop(op).div_ceil(out.rows() as u64).max(1);
    let most_rows = usize::try_from(most_flop / flop_of_row).unwrap_or(usize::MAX).max(1);
    match &op.operation {
        O::Conv3x3 { input, stride, padding, .. } => {
            let (source, width) = (graph.tensor(*input).shape, out.width);
            let lines = ConvLines {
                picture: picture(source, *stride, *padding),
                source_tile: tile(*input)? / source.width,
                out_tile: tile(op.output)? / width,
                most: (most_rows / width).max(1),
                step: fewest_lines(out),
            };
            Ok(lines.pieces().into_iter().map(|lines| lines.start * width..lines.end * width).collect())
        }
        O::Attention { causal: false, query, .. } => {
            Ok(runs(out.rows(), most_rows, &[tile(op.output)?, tile(*query)?]))
        }
        O::Linear { .. }
        | O::GroupNorm { .. }
        | O::LayerNorm { .. }
        | O::Activation { .. }
        | O::Geglu { .. }
        | O::Add { .. }
        | O::AddRow { .. }
        | O::LayerScale { .. }
        | O::L2Normalize { .. }
        | O::Concat { .. }
        | O::ScaledHead { .. } => {
            let same_rows = |id: &TensorId| graph.tensor(*id).shape.rows() == out.rows();
            let inputs = op.operation.inputs().into_iter().filter(same_rows);
            let tiles: Vec<_> = inputs.chain([op.output]).map(tile).collect::<Result<_>>()?;
            Ok(runs(out.rows(), most_rows, &tiles))
        }
        O::AttentionMap { .. } => {
            Ok(runs(out.rows(), most_rows, &[RowTiled::rows_per_tile(limit, out.channels)]))
        }
        O::Attention { causal: true, .. }
        | O::Rows { .. }
        | O::ConcatRows { .. }
        | O::UpsampleNearest { .. }
        | O::PixelUnshuffle { .. }
        | O::Embedding(_) => Ok(std::iter::once(0..out.rows()).collect()),
    }
}

/// Words of the lines that a convolution copies where one piece reads two tiles; `None` where its input is one tile.
///
/// # Errors
/// As [`rows_per_tile`].
pub(crate) fn conv_scratch_words(
    graph: &Graph,
    op: &Op,
    input: TensorId,
    stride: usize,
    padding: Padding,
    limit: u64,
) -> Result<Option<usize>> {
    let source = graph.tensor(input);
    if rows_per_tile(&source.name, source.shape, limit)? >= source.shape.rows() {
        return Ok(None);
    }
    // Such a piece is as short as pieces can be.
    let out = graph.tensor(op.output).shape;
    let lines = Window::needs(picture(source.shape, stride, padding), &(1..1 + fewest_lines(out))).len();
    Ok(Some(lines * source.shape.width * source.shape.channels))
}

/// The fewest lines of a picture after which a slice may begin.
fn fewest_lines(picture: Shape) -> usize {
    SLICE_WORDS / greatest_common_divisor(picture.width * picture.channels, SLICE_WORDS)
}

/// Whether every tensor of the list can be bound by those who read and write it, in bindings of at most `limit` bytes.
///
/// # Errors
/// [`GpuError::BufferTooLarge`] with the first that cannot.
pub fn fits_bindings(graph: &Graph, limit: u64) -> Result<()> {
    use Operation as O;
    for op in &graph.ops {
        pieces(graph, op, limit, u64::MAX)?;
        let whole = match &op.operation {
            O::Attention { key, value, causal: false, .. } => vec![*key, *value],
            O::Attention { query, key, value, causal: true, .. } => vec![*query, *key, *value, op.output],
            O::AddRow { row, .. } => vec![*row],
            O::UpsampleNearest { input } | O::PixelUnshuffle { input, .. } => vec![*input, op.output],
            // The map itself lies in tiles of its own.
            O::AttentionMap { taps, .. } => taps.iter().flat_map(|tap| [tap.query, tap.key]).collect(),
            O::Rows { input, .. } => vec![*input, op.output],
            O::ConcatRows { a, b } => vec![*a, *b, op.output],
            O::Embedding(_) => vec![op.output],
            O::Linear { .. }
            | O::Conv3x3 { .. }
            | O::GroupNorm { .. }
            | O::LayerNorm { .. }
            | O::Activation { .. }
            | O::Geglu { .. }
            | O::Add { .. }
            | O::LayerScale { .. }
            | O::L2Normalize { .. }
            | O::Concat { .. }
            | O::ScaledHead { .. } => Vec::new(),
        };
        let too_large =
            whole.into_iter().map(|id| graph.tensor(id)).find(|tensor| tensor.shape.bytes() > limit);
        if let Some(tensor) = too_large {
            let (what, bytes) = (tensor.name.clone(), tensor.shape.bytes());
            return Err(GpuError::BufferTooLarge { what, bytes, limit }.into());
        }
    }
    Ok(())
}

/// Rows in runs of at most `most` that cross no tile's end.
fn runs(rows: usize, most: usize, tiles: &[usize]) -> Vec<Range<usize>> {
    let most = (most / SLICE_WORDS).max(1) * SLICE_WORDS;
    let mut all = Vec::new();
    let mut start = 0;
    while start < rows {
        let ends = tiles.iter().map(|tile| (start / tile + 1) * tile);
        let end = ends.chain([rows, start.saturating_add(most)]).min().unwrap_or(rows);
        all.push(start..end);
        start = end;
    }
    all
}

/// The lines of a convolution's output, and how many of them and of its input lie together.
struct ConvLines {
    picture: Picture,
    source_tile: usize,
    out_tile: usize,
    most: usize,
    /// Of the output, between which pieces may end.
    step: usize,
}

impl ConvLines {
    fn pieces(&self) -> Vec<Range<usize>> {
        let height = self.picture.out_height();
        let most = (self.most / self.step).max(1) * self.step;
        let mut all = Vec::new();
        let mut start = 0;
        while start < height {
            let end_of_tile = (start / self.out_tile + 1) * self.out_tile;
            let mut end = height.min(end_of_tile).min(start.saturating_add(most));
            let boundary = (Window::needs(self.picture, &(start..start + 1)).start / self.source_tile + 1)
                * self.source_tile;
            // As far as one tile of the input goes; where that is nowhere, the fewest lines, from two tiles.
            while Window::needs(self.picture, &(start..end)).end > boundary && end > start + self.step {
                end = start + (end - start - 1) / self.step * self.step;
            }
            all.push(start..end);
            start = end;
        }
        all
    }
}

fn greatest_common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

fn least_common_multiple(a: usize, b: usize) -> usize {
    a / greatest_common_divisor(a, b) * b
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_are_whole_lines_of_the_picture() {
        let shape = |height, width, channels| Shape { height, width, channels };
        let tile = |shape, limit| rows_per_tile("x", shape, limit).unwrap();
        assert_eq!(tile(shape(64, 64, 320), 128 << 20), 4096, "all fit");
        assert_eq!(tile(shape(1024, 1024, 128), 128 << 20), 256 * 1024);
        assert_eq!(
            tile(shape(800, 800, 128), 128 << 20),
            5 * 51_200,
            "lines of 800, from multiples of 2048 rows"
        );
        let error = rows_per_tile("x", shape(800, 800, 128), 1 << 20).unwrap_err();
        assert!(error.to_string().contains("x"), "{error}");
    }

    /// Where each ends, and the next begins.
    fn ends(runs: Vec<Range<usize>>) -> Vec<usize> {
        runs.into_iter().map(|run| run.end).collect()
    }

    #[test]
    fn runs_cross_no_tile_and_hold_no_more_than_allowed() {
        assert_eq!(ends(runs(4096, usize::MAX, &[4096])), [4096]);
        assert_eq!(ends(runs(5000, 2100, &[4096])), [2048, 4096, 5000], "from multiples of 64 on");
        assert_eq!(ends(runs(200, 1, &[200])), [64, 128, 192, 200]);
        assert_eq!(ends(runs(6144, usize::MAX, &[4096, 2048])), [2048, 4096, 6144]);
    }

    #[test]
    fn lines_of_a_convolution_come_from_one_tile_wherever_that_can_be() {
        let picture = |stride, pad_before| Picture { height: 16, width: 64, stride, pad_before };
        let pieces = |picture, source_tile, out_tile, most| {
            ends(ConvLines { picture, source_tile, out_tile, most, step: 1 }.pieces())
        };
        assert_eq!(pieces(picture(1, 1), 16, 16, 99), [16]);
        assert_eq!(pieces(picture(1, 1), 16, 16, 6), [6, 12, 16]);
        // The last line of a tile needs the first of the next, and the other way round.
        assert_eq!(pieces(picture(1, 1), 8, 16, 99), [7, 8, 9, 16]);
        assert_eq!(pieces(picture(2, 0), 8, 8, 99), [3, 4, 8]);
    }
}
