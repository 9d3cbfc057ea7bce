//! One operation of the list: its inputs and weights in, its output out.

use std::borrow::Cow;

use maskov_graph::{Function, Op, Operation, TensorId, WeightId};
use maskov_kernels::concat::concat_cpu;
use maskov_kernels::l2_normalize::l2_normalize_cpu;
use maskov_kernels::pixel_unshuffle::pixel_unshuffle_cpu;
use maskov_kernels::scaled_head::scaled_head_cpu;
use maskov_kernels::upsample_nearest::upsample_nearest_cpu;

use super::conv::Convolution;
use super::{Alive, CpuExecutor, attention, gemm, pointwise};
use crate::embedding::embedding_values;
use crate::picture::picture;

impl CpuExecutor {
    pub(super) fn compute(&self, op: &Op, alive: &mut Alive<'_>) -> Vec<f32> {
        use Operation as O;
        // Only a map is there before its operation: as far as its layers were computed on the way.
        let mut y = self.take_or_zeros(op.output, alive);
        let tapped = self.tapped_layers.get(&op.output);
        let mut map = tapped.map(|layer| self.take_or_zeros(layer.map, alive));
        let value =
            |id: &TensorId| alive[id.0 as usize].as_deref().expect("tensors are made before they are read");
        let shape = |id: &TensorId| self.schedule.graph.tensor(*id).shape;
        let weight = |id: &WeightId| &self.weights[id.0 as usize][..];
        let bias = |id: &Option<WeightId>| id.as_ref().map(weight);
        let out = shape(&op.output);
        match &op.operation {
            O::Linear { input, weight: w, bias: b } => {
                gemm::linear(value(input), weight(w), bias(b), shape(input).channels, &mut y);
            }
            O::Conv3x3 { input, weight: w, bias: b, stride, padding } => {
                let picture = picture(shape(input), *stride, *padding);
                let convolution =
                    Convolution { picture, inputs: shape(input).channels, outputs: out.channels };
                convolution.compute(value(input), weight(w), bias(b), &mut y);
            }
            O::GroupNorm { input, weight: w, bias: b, groups, eps, silu } => {
                pointwise::group_norm(value(input), weight(w), weight(b), *groups, *eps, *silu, &mut y);
            }
            O::LayerNorm { input, weight: w, bias: b, eps } => {
                pointwise::layer_norm(value(input), weight(w), weight(b), *eps, &mut y);
            }
            O::Activation { input, function } => match function {
                Function::Silu => pointwise::silu(value(input), &mut y),
                Function::Gelu => pointwise::gelu(value(input), &mut y),
                Function::QuickGelu => pointwise::quick_gelu(value(input), &mut y),
            },
            O::Geglu { input } => pointwise::geglu(value(input), out.channels, &mut y),
            O::Add { a, b } => pointwise::add(value(a), value(b), &mut y),
            O::AddRow { input, row } => pointwise::add_row(value(input), value(row), &mut y),
            O::LayerScale { input, weight: w } => pointwise::layer_scale(value(input), weight(w), &mut y),
            O::L2Normalize { input, scale } => {
                l2_normalize_cpu(value(input), out.channels, *scale, &mut y);
            }
            O::Rows { input, first, .. } => {
                let first = first * out.channels;
                y.copy_from_slice(&value(input)[first..first + out.len()]);
            }
            O::ConcatRows { a, b } => {
                let (of_a, of_b) = y.split_at_mut(value(a).len());
                of_a.copy_from_slice(value(a));
                of_b.copy_from_slice(value(b));
            }
            O::Concat { a, b } => {
                concat_cpu(value(a), shape(a).channels, value(b), shape(b).channels, &mut y);
            }
            O::UpsampleNearest { input } => {
                upsample_nearest_cpu(value(input), shape(input).width, out.channels, &mut y);
            }
            O::ScaledHead { input, channels, scale } => {
                scaled_head_cpu(value(input), shape(input).channels, *channels, *scale, &mut y);
            }
            O::PixelUnshuffle { input, factor, positions } => {
                let (extent, channels) = ([out.height, out.width], shape(input).channels);
                pixel_unshuffle_cpu(value(input), extent, channels, *factor, *positions, &mut y);
            }
            O::Embedding(embedding) => {
                y = embedding_values(embedding, &|weight| &self.weights[weight.0 as usize][..], out);
            }
            O::Attention { query, key, value: v, heads, causal } => {
                let [q, k, v] = [query, key, v].map(value);
                let tapped = tapped.zip(map.as_mut());
                let share = tapped.map(|(layer, map)| attention::MapShare { map, weight: layer.weight });
                attention::attention(q, k, v, out.channels, *heads, *causal, share, &mut y);
            }
            O::AttentionMap { taps, .. } => {
                let is_left = |tap: &&maskov_graph::Tap| {
                    !self.tapped_layers.values().any(|layer| layer.is_of(tap, op.output))
                };
                let layer = |tap: &maskov_graph::Tap| attention::MapLayer {
                    q: value(&tap.query),
                    k: value(&tap.key),
                    channels: shape(&tap.query).channels,
                    heads: tap.heads,
                    weight: tap.weight,
                };
                let layers: Vec<_> = taps.iter().filter(is_left).map(layer).collect();
                attention::attention_map(&layers, out.channels, &mut y);
            }
        }
        if let (Some(layer), Some(map)) = (tapped, map) {
            alive[layer.map.0 as usize] = Some(Cow::Owned(map));
        }
        y
    }

    fn take_or_zeros(&self, id: TensorId, alive: &mut Alive<'_>) -> Vec<f32> {
        let begun = alive[id.0 as usize].take();
        begun.map_or_else(|| vec![0.0; self.schedule.graph.tensor(id).shape.len()], Cow::into_owned)
    }
}
