//! One operation of the list as dispatches.

use std::ops::Range;
use std::rc::Rc;

use maskov_gpu::{Buffer, RowTiled};
use maskov_graph::{Function, Op, Operation, TensorId};
use maskov_kernels::attention::Layer;
use maskov_kernels::attention_map::Share;
use maskov_kernels::conv2d_3x3_f16::{Picture, Window};
use maskov_kernels::group_norm_partials::{BLOCK_ROWS, partials_len};
use maskov_kernels::{
    activation, add, add_row, attention, attention_map, attention_row_stats, concat, geglu, group_norm,
    group_norm_partials, group_norm_stats, l2_normalize, layer_norm, layer_scale, normalize_rows,
    pixel_unshuffle, products, scaled_head, upsample_nearest,
};

use super::{Output, Rows, Walk};
use crate::Result;
use crate::embedding::embedding_values;
use crate::picture::picture;

impl Walk<'_> {
    /// Records an operation that is made at once and keeps its output; of another it gives the output, to be made by
    /// [`Walk::record`] piece by piece.
    pub(super) fn begin(&mut self, op: &Op, pieces: &[Range<usize>]) -> Result<Option<Output>> {
        use Operation as O;
        let (gpu, out) = (self.executor.gpu.clone(), self.shape(op.output));
        match &op.operation {
            O::AttentionMap { .. } => {
                let rows_per_tile = RowTiled::rows_per_tile(self.executor.binding_bytes, out.channels);
                let map = RowTiled::create_with(&gpu, &op.name, out.rows(), out.channels, rows_per_tile)?;
                return Ok(Some(Output::Map(map)));
            }
            O::Embedding(embedding) => {
                let values = embedding_values(embedding, &|weight| self.executor.host(weight), out);
                self.keep(op.output, Rows::of(gpu.upload(&op.name, &values)?, out.channels));
            }
            O::Rows { input, first, .. } => {
                let (x, y) = (self.whole(*input)?, self.rows_for(op.output)?);
                let first = first * out.channels;
                self.pass.copy(&x, first..first + out.len(), y.whole(&op.name)?, 0);
                self.keep(op.output, y);
            }
            O::ConcatRows { a, b } => {
                let (of_a, of_b) = (self.shape(*a).len(), self.shape(*b).len());
                let (a, b, y) = (self.whole(*a)?, self.whole(*b)?, self.rows_for(op.output)?);
                self.pass.copy(&a, 0..of_a, y.whole(&op.name)?, 0);
                self.pass.copy(&b, 0..of_b, y.whole(&op.name)?, of_a);
                self.keep(op.output, y);
            }
            O::GroupNorm { .. } => {
                let y = self.rows_for(op.output)?;
                self.group_norm(op, pieces, &y)?;
                self.keep(op.output, y);
            }
            _ => return Ok(Some(Output::Rows(self.rows_for(op.output)?))),
        }
        Ok(None)
    }

    /// Records these rows of an operation's output.
    pub(super) fn record(&mut self, op: &Op, piece: &Range<usize>, output: &Output) -> Result<()> {
        match output {
            Output::Rows(rows) => self.record_rows(op, piece, rows),
            Output::Map(map) => self.attention_map(op, piece, map),
        }
    }

    /// Keeps what all pieces of an operation have made.
    pub(super) fn finish(&mut self, op: &Op, output: Output) -> Result<()> {
        match output {
            Output::Rows(rows) => self.keep(op.output, rows),
            Output::Map(map) => {
                normalize_rows::normalize_rows(&mut self.pass, &map)?;
                if let Operation::AttentionMap { taps, .. } = &op.operation {
                    let stats =
                        taps.iter().enumerate().map(|(index, tap)| (tap.query, self.scratch(op, index)));
                    let stats: Vec<_> = stats.collect();
                    self.row_stats.extend(stats);
                }
                self.maps.insert(op.output, map);
            }
        }
        Ok(())
    }

    fn record_rows(&mut self, op: &Op, piece: &Range<usize>, output: &Rows) -> Result<()> {
        use Operation as O;
        let (out, rows) = (self.shape(op.output), piece.len());
        let (channels, y) = (out.channels, &output.part(piece));
        match &op.operation {
            O::Linear { input, weight, bias } => {
                let (x, bias) = (self.part(*input, piece), self.executor.bias(*bias));
                products::linear(&mut self.pass, &x, &self.executor.matrix(*weight), &bias, rows, y)?;
            }
            O::Conv3x3 { input, weight, bias, stride, padding } => {
                let picture = picture(self.shape(*input), *stride, *padding);
                let (x, window) =
                    self.window(op, *input, picture, piece.start / out.width..piece.end / out.width)?;
                let (matrix, bias) = (self.executor.matrix(*weight), self.executor.bias(*bias));
                products::conv2d_3x3(&mut self.pass, &x, &matrix, &bias, picture, &window, y)?;
            }
            O::LayerNorm { input, weight, bias, eps } => {
                let (weight, bias) = (self.executor.vector(*weight), self.executor.vector(*bias));
                let x = self.part(*input, piece);
                layer_norm::layer_norm(&mut self.pass, &x, &weight, &bias, [rows, channels], *eps, y)?;
            }
            O::LayerScale { input, weight } => {
                let (x, weight) = (self.part(*input, piece), self.executor.vector(*weight));
                layer_scale::layer_scale(&mut self.pass, &x, &weight, rows, channels, y)?;
            }
            O::L2Normalize { input, scale } => {
                let x = self.part(*input, piece);
                l2_normalize::l2_normalize(&mut self.pass, &x, [rows, channels], *scale, y)?;
            }
            O::Activation { input, function } => {
                let x = self.part(*input, piece);
                activation::activation(&mut self.pass, &x, kernel_function(*function), rows * channels, y)?;
            }
            O::Geglu { input } => {
                let x = self.part(*input, piece);
                geglu::geglu(&mut self.pass, &x, rows, channels, y)?;
            }
            O::Add { a, b } => {
                let (a, b) = (self.part(*a, piece), self.part(*b, piece));
                add::add(&mut self.pass, &a, &b, rows * channels, y)?;
            }
            O::AddRow { input, row } => {
                let (x, row) = (self.part(*input, piece), self.whole(*row)?);
                add_row::add_row(&mut self.pass, &x, &row, rows, channels, y)?;
            }
            O::Concat { a, b } => {
                let (a_channels, b_channels) = (self.shape(*a).channels, self.shape(*b).channels);
                let (a, b) = (self.part(*a, piece), self.part(*b, piece));
                concat::concat(&mut self.pass, &a, a_channels, &b, b_channels, rows, y)?;
            }
            O::UpsampleNearest { input } => {
                let (x, from) = (self.whole(*input)?, self.shape(*input));
                let extent = [from.height, from.width];
                upsample_nearest::upsample_nearest(&mut self.pass, &x, extent, channels, y)?;
            }
            O::ScaledHead { input, channels, scale } => {
                let (x, inputs) = (self.part(*input, piece), self.shape(*input).channels);
                scaled_head::scaled_head(&mut self.pass, &x, rows, inputs, *channels, *scale, y)?;
            }
            O::PixelUnshuffle { input, factor, positions } => {
                let (x, from) = (self.whole(*input)?, self.shape(*input));
                let extent = [out.height, out.width];
                pixel_unshuffle::pixel_unshuffle(
                    &mut self.pass,
                    &x,
                    extent,
                    from.channels,
                    *factor,
                    *positions,
                    y,
                )?;
            }
            O::Attention { query, key, value, heads, causal } => {
                let layer = Layer { queries: rows, ..self.layer(*query, *key, *heads) };
                let (q, k, v) = (self.part(*query, piece), self.whole(*key)?, self.whole(*value)?);
                attention::attention(&mut self.pass, &q, &k, &v, layer, *causal, y)?;
            }
            O::GroupNorm { .. }
            | O::Rows { .. }
            | O::ConcatRows { .. }
            | O::AttentionMap { .. }
            | O::Embedding(_) => {
                unreachable!("made at once by begin()")
            }
        }
        Ok(())
    }

    /// Every piece has to be seen before the first can be normalised.
    fn group_norm(&mut self, op: &Op, pieces: &[Range<usize>], output: &Rows) -> Result<()> {
        let Operation::GroupNorm { input, weight, bias, groups, eps, silu } = &op.operation else {
            unreachable!("called for group norms")
        };
        let shape = self.shape(*input);
        let (rows, channels) = (shape.rows(), shape.channels);
        let (partials, stats) = (self.scratch(op, 0), self.scratch(op, 1));
        for piece in pieces {
            let first = piece.start / BLOCK_ROWS * 2 * channels;
            let of_piece = partials.slice(first..first + partials_len(piece.len(), channels));
            let x = self.part(*input, piece);
            group_norm_partials::group_norm_partials(&mut self.pass, &x, piece.len(), channels, &of_piece)?;
        }
        group_norm_stats::group_norm_stats(
            &mut self.pass,
            [rows, channels, *groups],
            *eps,
            &partials,
            &stats,
        )?;
        let (weight, bias) = (self.executor.vector(*weight), self.executor.vector(*bias));
        for piece in pieces {
            let (x, y) = (self.part(*input, piece), output.part(piece));
            let extents = [piece.len(), channels, *groups];
            group_norm::group_norm(&mut self.pass, &x, &stats, &weight, &bias, extents, *silu, &y)?;
        }
        Ok(())
    }

    /// What these lines of a convolution's output read: the tile of the input that has it all, else a copy of the lines
    /// from two tiles.
    fn window(
        &mut self,
        op: &Op,
        input: TensorId,
        picture: Picture,
        out: Range<usize>,
    ) -> Result<(Rc<Buffer>, Window)> {
        let rows = self.rows(input).clone();
        let needs = Window::needs(picture, &out);
        let lines = rows.rows_per_tile / picture.width;
        let tile = needs.start / lines;
        let of_tile = tile * lines..((tile + 1) * lines).min(picture.height);
        if needs.end <= of_tile.end {
            return Ok((rows.tiles()[tile].clone(), Window { out, source: of_tile }));
        }
        let line = picture.width * self.shape(input).channels;
        let copy = Rc::new(self.scratch(op, 0));
        let of_first = of_tile.end - needs.start;
        let (first, second) = (&rows.tiles()[tile], &rows.tiles()[tile + 1]);
        self.pass.copy(first, (needs.start - of_tile.start) * line..first.len(), &copy, 0);
        self.pass.copy(second, 0..(needs.end - of_tile.end) * line, &copy, of_first * line);
        Ok((copy, Window { out, source: needs }))
    }

    fn attention_map(&mut self, op: &Op, piece: &Range<usize>, map: &RowTiled) -> Result<()> {
        let Operation::AttentionMap { taps, .. } = &op.operation else {
            unreachable!("called for attention maps")
        };
        let map = map.part(piece);
        for (index, tap) in taps.iter().enumerate() {
            let layer = Layer { queries: piece.len(), ..self.layer(tap.query, tap.key, tap.heads) };
            let (q, k) = (self.part(tap.query, piece), self.whole(tap.key)?);
            let of_row = 2 * tap.heads;
            let stats = self.scratch(op, index).slice(of_row * piece.start..of_row * piece.end);
            attention_row_stats::attention_row_stats(&mut self.pass, &q, &k, layer, &stats)?;
            let share = if index == 0 { Share::Overwrite } else { Share::Add };
            // Keys behind the map's tokens are in the sums only.
            let layer = Layer { keys: map.columns, ..layer };
            attention_map::attention_map(&mut self.pass, &q, &k, &stats, layer, tap.weight, share, &map)?;
        }
        Ok(())
    }

    fn layer(&self, query: TensorId, key: TensorId, heads: usize) -> Layer {
        let (query, key) = (self.shape(query), self.shape(key));
        Layer { queries: query.rows(), keys: key.rows(), channels: query.channels, heads }
    }

    fn rows(&self, id: TensorId) -> &Rows {
        self.alive[id.0 as usize].as_ref().expect("tensors are made before they are read")
    }

    fn part(&self, id: TensorId, rows: &Range<usize>) -> Buffer {
        self.rows(id).part(rows)
    }

    fn whole(&self, id: TensorId) -> Result<Rc<Buffer>> {
        self.rows(id).whole(&self.executor.schedule.graph.tensor(id).name).cloned()
    }
}

fn kernel_function(function: Function) -> activation::Function {
    match function {
        Function::Silu => activation::Function::Silu,
        Function::Gelu => activation::Function::Gelu,
        Function::QuickGelu => activation::Function::QuickGelu,
    }
}
