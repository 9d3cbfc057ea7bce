//! Adds one layer's share to the attention map: `map += weight · mean over heads of softmax(QKᵀ/√d)`.
//!
//! | tensor | shape | layout |
//! |---|---|---|
//! | q | `[queries, heads · d]` | f32, row-major |
//! | k | `[keys, heads · d]` | f32, row-major |
//! | stats | `[heads, queries, 2]` | f32, from [`attention_row_stats`](crate::attention_row_stats) |
//! | map | `[queries, keys]` | f32, row-major |
//!
//! When all layers are in, [`normalize_rows`](crate::normalize_rows) makes rows sum to 1.

use bytemuck::{Pod, Zeroable};
use maskov_gpu::{Bind, Buffer, Kernel, Pass, Result, RowTiled};

use crate::attention::{Layer, TILE, head_scores};
use crate::require;

/// 32 queries × 32 keys of all heads per workgroup.
pub static KERNEL: Kernel = Kernel {
    name: "attention_map",
    wgsl: wgsl!("common/score_tile", "attention_map"),
    binds: &[Bind::Uniform, Bind::Read, Bind::Read, Bind::Read, Bind::ReadWrite],
    workgroup: [8, 8, 1],
};

/// Must match `struct Params` in shaders/attention_map.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Params {
    queries: u32,
    keys: u32,
    channels: u32,
    head_dim: u32,
    scale: f32,
    heads: u32,
    share: f32,
    overwrite: u32,
    first_row: u32,
    rows: u32,
}

/// How a layer's share goes into the map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// In place of what the map holds: the first layer.
    Overwrite,
    /// In addition to what the map holds.
    Add,
}

/// Records one layer's share of `map`, one dispatch per tile. `stats` are those of the same `q` and `k`. Errors:
/// [`GpuError::Shape`](maskov_gpu::GpuError::Shape) where buffers are too short, the map is not queries × keys, or heads do
/// not divide the channels.
pub fn attention_map(
    pass: &mut Pass<'_>,
    q: &Buffer,
    k: &Buffer,
    stats: &Buffer,
    layer: Layer,
    weight: f32,
    how: Share,
    map: &RowTiled,
) -> Result<()> {
    let Layer { queries, keys, channels, heads } = layer;
    let lens = [q.len(), k.len(), stats.len()];
    let needs = [queries * channels, keys * channels, 2 * heads * queries];
    let fits = layer.is_valid()
        && lens.iter().zip(needs).all(|(&has, needs)| has >= needs)
        && [map.rows, map.columns] == [queries, keys];
    require(&KERNEL, fits, || {
        format!("{lens:?} words and a map of {} × {} for {layer:?}", map.rows, map.columns)
    })?;
    for tile in &map.tiles {
        let params = Params {
            queries: queries as u32,
            keys: keys as u32,
            channels: channels as u32,
            head_dim: layer.head_dim() as u32,
            scale: layer.scale(),
            heads: heads as u32,
            share: weight / heads as f32,
            overwrite: u32::from(how == Share::Overwrite),
            first_row: tile.start as u32,
            rows: tile.rows as u32,
        };
        let buffers = [q.into(), k.into(), stats.into(), (&tile.buffer).into()];
        let groups = [keys.div_ceil(TILE) as u32, tile.rows.div_ceil(TILE) as u32, 1];
        pass.dispatch(&KERNEL, &[], &params, &buffers, groups)?;
    }
    Ok(())
}

/// What the kernel means; `channels = heads · d`.
pub fn attention_map_cpu(
    q: &[f32],
    k: &[f32],
    stats: &[[f32; 2]],
    channels: usize,
    heads: usize,
    weight: f32,
    map: &mut [f32],
) {
    let d = channels / heads;
    let (queries, keys) = (q.len() / channels, k.len() / channels);
    let share = weight / heads as f32;
    for (query, (q, row)) in q.chunks_exact(channels).zip(map.chunks_exact_mut(keys)).enumerate() {
        for head in 0..heads {
            let [max, sum] = stats[head * queries + query];
            let scores = head_scores(&q[head * d..(head + 1) * d], k, channels, head * d);
            for (score, entry) in scores.iter().zip(&mut *row) {
                *entry += share * (score - max).exp() / sum;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::attention_row_stats::attention_row_stats_cpu;
    use maskov_gpu::Gpu;
    use maskov_gpu::testing::{Seeded, Tolerance, assert_close, gpu};

    use super::*;

    /// Two layers into one map on the device: the first overwrites NaN, the second adds.
    async fn two_layers(gpu: &Gpu, layer: Layer, rows_per_tile: usize) -> (Vec<f32>, Vec<f32>) {
        let Layer { queries, keys, channels, heads } = layer;
        let map = RowTiled::create_with(gpu, "map", queries, keys, rows_per_tile).expect("fits");
        for tile in &map.tiles {
            gpu.write(&tile.buffer, &vec![f32::NAN; tile.rows * keys]);
        }
        let mut expected = vec![0.0; queries * keys];
        let mut pass = gpu.pass();
        let mut seeded = Seeded::new(28);
        for (how, weight) in [(Share::Overwrite, 0.25), (Share::Add, 0.75)] {
            // Scores of some ±10.
            let q: Vec<f32> = seeded.values(queries * channels).iter().map(|x| 10.0 * x).collect();
            let k = seeded.values(keys * channels);
            let stats = attention_row_stats_cpu(&q, &k, channels, heads);
            attention_map_cpu(&q, &k, &stats, channels, heads, weight, &mut expected);
            let [q, k, stats] =
                [&q, &k, &stats.concat()].map(|values| gpu.upload("input", values).expect("fits"));
            attention_map(&mut pass, &q, &k, &stats, layer, weight, how, &map).expect("shapes fit");
        }
        pass.submit().expect("the device works");
        (map.read(gpu).await.expect("reads"), expected)
    }

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn attention_map_matches_cpu() {
        let gpu = gpu().await;
        for ([queries, keys, heads, head_dim], rows_per_tile) in [
            ([1, 1, 1, 1], 1),
            ([31, 31, 2, 31], 31),
            ([32, 32, 2, 32], 7),
            ([33, 33, 2, 33], 32),
            ([65, 77, 8, 40], 33),
            ([576, 576, 2, 48], 250),
        ] {
            let layer = Layer { queries, keys, channels: heads * head_dim, heads };
            let (got, expected) = two_layers(&gpu, layer, rows_per_tile).await;
            // Entries are near 1/keys, and the exponential of a score of 10 is off by some 10 last places.
            let tolerance = Tolerance { abs: 1e-5 / keys as f32, rel: 1e-4 };
            assert_close(&format!("{layer:?} in tiles of {rows_per_tile}"), &got, &expected, tolerance);
        }
    }

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn a_map_of_another_size_is_refused() {
        let gpu = gpu().await;
        let x = gpu.create("x", 100).expect("fits");
        let map = RowTiled::create(&gpu, "map", 4, 5).expect("fits");
        let layer = Layer { queries: 4, keys: 4, channels: 8, heads: 2 };
        let error =
            attention_map(&mut gpu.pass(), &x, &x, &x, layer, 1.0, Share::Add, &map).expect_err("4 × 4");
        assert!(error.to_string().contains("a map of 4 × 5"), "{error}");
    }
}
