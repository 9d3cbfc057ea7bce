//! Attention as products: per head and block of queries one `QKᵀ`, one softmax, one product with V. Scores of a block
//! are all that is ever held.

use super::gemm::{part, part_mut, product};
use super::math::exp_sum;
use maskov_parallel::{for_row_blocks, for_row_blocks_of_two};

/// Values of scores per thread: 2 MiB, a core's second-level cache.
const SCRATCH: usize = 1 << 19;

fn max_rows(keys: usize) -> usize {
    // Fewer rows would spend more on packing the keys than on multiplying by them.
    (SCRATCH / keys).clamp(32, 256)
}

/// The share that a layer's attention has in a map.
pub struct MapShare<'a> {
    /// The map so far, `[queries, keys]`.
    pub map: &'a mut [f32],
    /// Share of the layer.
    pub weight: f32,
}

/// The fast form of [`attention_cpu`](maskov_kernels::attention::attention_cpu); adds the softmax itself, as a mean over heads, to a
/// map that wants it.
pub fn attention(
    q: &[f32],
    k: &[f32],
    v: &[f32],
    channels: usize,
    heads: usize,
    causal: bool,
    share: Option<MapShare<'_>>,
    y: &mut [f32],
) {
    let (d, keys) = (channels / heads, k.len() / channels);
    let scale = 1.0 / (d as f32).sqrt();
    let block = |first: usize, y: &mut [f32], mut map: Option<(&mut [f32], f32)>| {
        let rows = y.len() / channels;
        let (mut scores, mut sums) = (vec![0.0; rows * keys], vec![0.0; rows]);
        for head in (0..channels).step_by(d) {
            head_scores(&q[first * channels..], k, channels, head..head + d, &mut scores);
            for (row, (scores, sum)) in scores.chunks_exact_mut(keys).zip(&mut sums).enumerate() {
                let visible = if causal { (first + row + 1).min(keys) } else { keys };
                *sum = exp_sum(&mut scores[..visible], scale);
                scores[visible..].fill(0.0);
                if let Some((map, weight)) = &mut map {
                    add_to_map(scores, *weight / (heads as f32 * *sum), &mut map[row * keys..][..keys]);
                }
            }
            let v = part(&v[head..], keys, d, channels);
            product(part(&scores, rows, keys, keys), v, 0.0, part_mut(&mut y[head..], rows, d, channels));
            // Dividing the output is less work than dividing the scores.
            for (y, sum) in y.chunks_exact_mut(channels).zip(&sums) {
                y[head..head + d].iter_mut().for_each(|y| *y /= sum);
            }
        }
    };
    match share {
        None => for_row_blocks(y, channels, max_rows(keys), |first, y| block(first, y, None)),
        Some(MapShare { map, weight }) => {
            for_row_blocks_of_two((y, channels), (map, keys), max_rows(keys), |first, y, map| {
                block(first, y, Some((map, weight)));
            });
        }
    }
}

fn add_to_map(scores: &[f32], share: f32, map: &mut [f32]) {
    for (score, entry) in scores.iter().zip(map) {
        *entry += share * score;
    }
}

/// One layer of an attention map: queries and keys of `heads · d` channels, and its share. Keys behind the map's tokens take
/// part in the softmax alone.
pub struct MapLayer<'a> {
    /// `[at least tokens, channels]`
    pub q: &'a [f32],
    /// `[at least tokens, channels]`
    pub k: &'a [f32],
    /// `heads · d`
    pub channels: usize,
    /// Number of heads.
    pub heads: usize,
    /// Share of this layer in the map.
    pub weight: f32,
}

/// Adds layers to a map and finishes it: the fast form of [`attention_map_cpu`](maskov_kernels::attention_map::attention_map_cpu),
/// and of [`normalize_rows_cpu`](maskov_kernels::normalize_rows::normalize_rows_cpu) after it.
pub fn attention_map(layers: &[MapLayer<'_>], tokens: usize, map: &mut [f32]) {
    let most_keys = layers.iter().map(MapLayer::keys).max().unwrap_or(tokens);
    for_row_blocks(map, tokens, max_rows(most_keys), |first, map| {
        let rows = map.len() / tokens;
        let mut scores = Vec::new();
        for layer in layers {
            let (d, keys) = (layer.channels / layer.heads, layer.keys());
            scores.resize(rows * keys, 0.0);
            let scale = 1.0 / (d as f32).sqrt();
            for head in (0..layer.channels).step_by(d) {
                let q = &layer.q[first * layer.channels..];
                head_scores(q, layer.k, layer.channels, head..head + d, &mut scores);
                for (scores, map) in scores.chunks_exact_mut(keys).zip(map.chunks_exact_mut(tokens)) {
                    let share = layer.weight / (layer.heads as f32 * exp_sum(scores, scale));
                    add_to_map(scores, share, map);
                }
            }
        }
        maskov_kernels::normalize_rows::normalize_rows_cpu(map, tokens);
    });
}

impl MapLayer<'_> {
    fn keys(&self) -> usize {
        self.k.len() / self.channels
    }
}

/// `scores ← Q · Kᵀ` of the channels of one head, unscaled, for as many queries as there is room.
fn head_scores(q: &[f32], k: &[f32], channels: usize, head: std::ops::Range<usize>, scores: &mut [f32]) {
    let keys = k.len() / channels;
    let rows = scores.len() / keys;
    let q = part(&q[head.start..], rows, head.len(), channels);
    let k = part(&k[head.start..], keys, head.len(), channels);
    product(q, k.reversed_axes(), 0.0, part_mut(scores, rows, keys, keys));
}

#[cfg(test)]
mod tests {
    use super::*;
    use maskov_gpu::testing::{Seeded, Tolerance, assert_close};
    use maskov_kernels::attention::attention_cpu;
    use maskov_kernels::attention_map::attention_map_cpu;
    use maskov_kernels::attention_row_stats::attention_row_stats_cpu;
    use maskov_kernels::normalize_rows::normalize_rows_cpu;

    #[test]
    fn attention_matches_its_twin() {
        // queries, keys, heads, d; a cross-attention to 77 tokens and the embedded model's at R = 24 among them.
        for [queries, keys, heads, d] in [[1, 1, 1, 1], [7, 5, 3, 2], [300, 77, 2, 33], [576, 576, 2, 48]] {
            let (mut seeded, channels) = (Seeded::new(6), heads * d);
            let q: Vec<f32> = seeded.values(queries * channels).iter().map(|q| 4.0 * q).collect();
            let (k, v) = (seeded.values(keys * channels), seeded.values(keys * channels));
            for causal in [false, true] {
                let (mut got, mut expected) = (vec![f32::NAN; q.len()], vec![f32::NAN; q.len()]);
                attention(&q, &k, &v, channels, heads, causal, None, &mut got);
                attention_cpu(&q, &k, &v, channels, heads, causal, &mut expected);
                let what = format!("{queries} × {keys}, {heads} heads of {d}, causal {causal}");
                assert_close(&what, &got, &expected, Tolerance::REDUCTION);
            }
        }
    }

    #[test]
    fn attention_map_matches_its_twins() {
        for [tokens, heads, d] in [[1, 1, 1], [9, 3, 5], [576, 2, 48]] {
            let (mut seeded, channels) = (Seeded::new(7), heads * d);
            let mut values =
                || seeded.values(tokens * channels).iter().map(|q| 2.0 * q).collect::<Vec<f32>>();
            let taps = [(values(), values(), 0.5), (values(), values(), 0.25)];
            let layers =
                taps.each_ref().map(|(q, k, weight)| MapLayer { q, k, channels, heads, weight: *weight });
            let mut got = vec![0.0; tokens * tokens];
            attention_map(&layers, tokens, &mut got);
            // The first layer while its attention is computed, the second afterwards.
            let mut on_the_way = vec![0.0; tokens * tokens];
            let (q, k, weight) = &taps[0];
            let share = MapShare { map: &mut on_the_way, weight: *weight };
            attention(q, k, k, channels, heads, false, Some(share), &mut vec![0.0; q.len()]);
            attention_map(&layers[1..], tokens, &mut on_the_way);
            let mut expected = vec![0.0; tokens * tokens];
            for (q, k, weight) in &taps {
                let stats = attention_row_stats_cpu(q, k, channels, heads);
                attention_map_cpu(q, k, &stats, channels, heads, *weight, &mut expected);
            }
            normalize_rows_cpu(&mut expected, tokens);
            assert_close(&format!("{tokens} tokens"), &got, &expected, Tolerance::REDUCTION);
            assert_close("on the way", &on_the_way, &expected, Tolerance::REDUCTION);
        }
    }
}
