// Largest score and sum of exponentials of every row of every head: shaders/common/{score_tile,online_softmax}.wgsl.
// Meaning and layout: crates/kernels/src/attention_row_stats.rs.

struct Params {
    queries: u32,
    keys: u32,
    channels: u32,
    head_dim: u32,
    scale: f32,  // 1 / √head_dim
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> q: array<f32>;            // [queries, channels]
@group(0) @binding(2) var<storage, read> k: array<f32>;            // [keys, channels]
@group(0) @binding(3) var<storage, read_write> stats: array<f32>;  // [heads, queries, 2]

var<workgroup> tile_a: array<vec4<f32>, 288>;
var<workgroup> tile_b: array<vec4<f32>, 288>;

@compute @workgroup_size(8, 8)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local_id: vec3<u32>) {
    let local = local_id.xy;
    let first_query = group.x * TILE;
    var softmax = softmax_start();
    for (var first_key = 0u; first_key < params.keys; first_key += TILE) {
        var tile = score_tile(local, first_query, first_key, group.y * params.head_dim);
        mask_tile(local, first_query, first_key, params.keys, false, &tile);
        softmax_tile(local, &softmax, &tile);
    }
    let total = row_sum(local, softmax.sums);
    // The first of the eight that share these rows writes them.
    if local.x == 0u {
        let query = first_query + local.y * 4u;
        store(group.y, query, softmax.largest.x, total.x);
        store(group.y, query + 1u, softmax.largest.y, total.y);
        store(group.y, query + 2u, softmax.largest.z, total.z);
        store(group.y, query + 3u, softmax.largest.w, total.w);
    }
}

fn store(head: u32, query: u32, largest: f32, total: f32) {
    if query < params.queries {
        let row = 2u * (head * params.queries + query);
        stats[row] = largest;
        stats[row + 1u] = total;
    }
}
