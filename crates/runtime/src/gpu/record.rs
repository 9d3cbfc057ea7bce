//! One operation of the list as dispatches.

use std::rc::Rc;

use maskov_gpu::{Buffer, RowTiled};
use maskov_graph::{Function, Op, Operation, Tap, TensorId};
use maskov_kernels::attention::Layer;
use maskov_kernels::attention_map::Share;
use maskov_kernels::group_norm_partials::partials_len;
use maskov_kernels::token_embedding::token_embedding_cpu;
use maskov_kernels::{
    activation, add, add_row, attention, attention_map, attention_row_stats, concat, geglu, group_norm,
    group_norm_stats, layer_norm, normalize_rows, pixel_unshuffle, products, scaled_head, upsample_nearest,
};

use super::Walk;
use crate::Result;
use crate::picture::picture;
use crate::timestep::timestep_embedding;

impl Walk<'_> {
    /// Records an operation and keeps its output.
    pub(super) fn record(&mut self, op: &Op) -> Result<()> {
        use Operation as O;
        let (gpu, out) = (self.executor.gpu.clone(), self.shape(op.output));
        match &op.operation {
            O::AttentionMap { taps } => {
                let map = self.attention_map(&op.name, taps)?;
                self.maps.insert(op.output, map);
            }
            O::TimestepEmbedding { timestep, flip_sin_to_cos, freq_shift } => {
                let values = timestep_embedding(*timestep, out.channels, *flip_sin_to_cos, *freq_shift);
                self.keep(op.output, Rc::new(gpu.upload(&op.name, &values)?));
            }
            O::TokenEmbedding { ids, tokens, positions } => {
                let mut values = vec![0.0; out.len()];
                token_embedding_cpu(
                    ids,
                    self.executor.host(*tokens),
                    self.executor.host(*positions),
                    out.channels,
                    &mut values,
                );
                self.keep(op.output, Rc::new(gpu.upload(&op.name, &values)?));
            }
            operation => {
                let y = self.take(&op.name, out.len())?;
                self.dispatch(operation, op.output, &y)?;
                self.keep(op.output, y);
            }
        }
        Ok(())
    }

    fn dispatch(&mut self, operation: &Operation, output: TensorId, y: &Buffer) -> Result<()> {
        use Operation as O;
        let out = self.shape(output);
        let (rows, channels) = (out.rows(), out.channels);
        match operation {
            O::Linear { input, weight, bias } => {
                let (x, bias) = (self.value(*input), self.executor.bias(*bias));
                products::linear(&mut self.pass, &x, self.executor.matrix(*weight), bias, rows, y)?;
            }
            O::Conv3x3 { input, weight, bias, stride, padding } => {
                let (x, bias) = (self.value(*input), self.executor.bias(*bias));
                let picture = picture(self.shape(*input), *stride, *padding);
                products::conv2d_3x3(&mut self.pass, &x, self.executor.matrix(*weight), bias, picture, y)?;
            }
            O::GroupNorm { input, weight, bias, groups, eps, silu } => {
                let (x, extents) = (self.value(*input), [rows, channels, *groups]);
                let partials = self.take("group norm partials", partials_len(rows, channels))?;
                let stats = self.take("group norm statistics", 2 * groups)?;
                let (weight, bias) = (self.executor.vector(*weight), self.executor.vector(*bias));
                group_norm_stats::group_norm_stats(&mut self.pass, &x, extents, *eps, &partials, &stats)?;
                group_norm::group_norm(&mut self.pass, &x, &stats, weight, bias, extents, *silu, y)?;
                self.give(partials);
                self.give(stats);
            }
            O::LayerNorm { input, weight, bias, eps } => {
                let (weight, bias) = (self.executor.vector(*weight), self.executor.vector(*bias));
                let x = self.value(*input);
                layer_norm::layer_norm(&mut self.pass, &x, weight, bias, [rows, channels], *eps, y)?;
            }
            O::Activation { input, function } => {
                let x = self.value(*input);
                activation::activation(&mut self.pass, &x, kernel_function(*function), out.len(), y)?;
            }
            O::Geglu { input } => {
                let x = self.value(*input);
                geglu::geglu(&mut self.pass, &x, rows, channels, y)?;
            }
            O::Add { a, b } => {
                let (a, b) = (self.value(*a), self.value(*b));
                add::add(&mut self.pass, &a, &b, out.len(), y)?;
            }
            O::AddRow { input, row } => {
                let (x, row) = (self.value(*input), self.value(*row));
                add_row::add_row(&mut self.pass, &x, &row, rows, channels, y)?;
            }
            O::Concat { a, b } => {
                let (a_channels, b_channels) = (self.shape(*a).channels, self.shape(*b).channels);
                let (a, b) = (self.value(*a), self.value(*b));
                concat::concat(&mut self.pass, &a, a_channels, &b, b_channels, rows, y)?;
            }
            O::UpsampleNearest { input } => {
                let (x, from) = (self.value(*input), self.shape(*input));
                let extent = [from.height, from.width];
                upsample_nearest::upsample_nearest(&mut self.pass, &x, extent, channels, y)?;
            }
            O::ScaledHead { input, channels, scale } => {
                let (x, inputs) = (self.value(*input), self.shape(*input).channels);
                scaled_head::scaled_head(&mut self.pass, &x, rows, inputs, *channels, *scale, y)?;
            }
            O::PixelUnshuffle { input, factor, positions } => {
                let (x, from) = (self.value(*input), self.shape(*input));
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
                let layer = self.layer(*query, *key, *heads);
                let (q, k, v) = (self.value(*query), self.value(*key), self.value(*value));
                attention::attention(&mut self.pass, &q, &k, &v, layer, *causal, y)?;
            }
            O::AttentionMap { .. } | O::TimestepEmbedding { .. } | O::TokenEmbedding { .. } => {
                unreachable!("recorded apart: their outputs are not pooled buffers")
            }
        }
        Ok(())
    }

    fn attention_map(&mut self, name: &str, taps: &[Tap]) -> Result<RowTiled> {
        let tokens = self.shape(taps[0].query).rows();
        let map = RowTiled::create(&self.executor.gpu, name, tokens, tokens)?;
        for (index, tap) in taps.iter().enumerate() {
            let layer = self.layer(tap.query, tap.key, tap.heads);
            let (q, k) = (self.value(tap.query), self.value(tap.key));
            let stats = self.take(name, 2 * tap.heads * tokens)?;
            attention_row_stats::attention_row_stats(&mut self.pass, &q, &k, layer, &stats)?;
            let share = if index == 0 { Share::Overwrite } else { Share::Add };
            attention_map::attention_map(&mut self.pass, &q, &k, &stats, layer, tap.weight, share, &map)?;
            self.row_stats.push((tap.query, stats));
        }
        normalize_rows::normalize_rows(&mut self.pass, &map)?;
        Ok(map)
    }

    fn layer(&self, query: TensorId, key: TensorId, heads: usize) -> Layer {
        let (query, key) = (self.shape(query), self.shape(key));
        Layer { queries: query.rows(), keys: key.rows(), channels: query.channels, heads }
    }

    fn value(&self, id: TensorId) -> Rc<Buffer> {
        self.alive[id.0 as usize].clone().expect("tensors are made before they are read")
    }
}

fn kernel_function(function: Function) -> activation::Function {
    match function {
        Function::Silu => activation::Function::Silu,
        Function::Gelu => activation::Function::Gelu,
        Function::QuickGelu => activation::Function::QuickGelu,
    }
}
