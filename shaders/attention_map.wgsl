// map (+)= share · Σ over heads of exp(score − largest) / sum: shaders/common/score_tile.wgsl.
// Meaning and layout: crates/kernels/src/attention_map.rs.

struct Params {
    queries: u32,
    keys: u32,
    channels: u32,
    head_dim: u32,
    scale: f32,  // 1 / √head_dim
    heads: u32,
    share: f32,  // weight of the layer / heads
    overwrite: u32,
    first_row: u32,  // of this tile within the map
    rows: u32,       // of this tile
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> q: array<f32>;          // [queries, channels]
@group(0) @binding(2) var<storage, read> k: array<f32>;          // [keys, channels]
@group(0) @binding(3) var<storage, read> stats: array<f32>;      // [heads, queries, 2]
@group(0) @binding(4) var<storage, read_write> map: array<f32>;  // [rows, keys]

var<workgroup> tile_a: array<vec4<f32>, 288>;
var<workgroup> tile_b: array<vec4<f32>, 288>;

@compute @workgroup_size(8, 8)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local_id: vec3<u32>) {
    let local = local_id.xy;
    let first_row = group.y * TILE;
    let first_key = group.x * TILE;
    let row = first_row + local.y * 4u;
    var sums: array<vec4<f32>, 4>;
    for (var head = 0u; head < params.heads; head++) {
        let tile = score_tile(local, params.first_row + first_row, first_key, head * params.head_dim);
        sums[0] += share_of(head, row, tile[0]);
        sums[1] += share_of(head, row + 1u, tile[1]);
        sums[2] += share_of(head, row + 2u, tile[2]);
        sums[3] += share_of(head, row + 3u, tile[3]);
    }
    let key = first_key + local.x * 4u;
    store_row(row, key, params.share * sums[0]);
    store_row(row + 1u, key, params.share * sums[1]);
    store_row(row + 2u, key, params.share * sums[2]);
    store_row(row + 3u, key, params.share * sums[3]);
}

// What the scores of a row of the tile are of all its keys'.
fn share_of(head: u32, row: u32, scores: vec4<f32>) -> vec4<f32> {
    // Rows beyond the last repeat it: they are not stored.
    let query = min(params.first_row + row, params.queries - 1u);
    let at = 2u * (head * params.queries + query);
    return exp(scores - stats[at]) / stats[at + 1u];
}

fn store_row(row: u32, key: u32, added: vec4<f32>) {
    if row >= params.rows {
        return;
    }
    store(row, key, added.x);
    store(row, key + 1u, added.y);
    store(row, key + 2u, added.z);
    store(row, key + 3u, added.w);
}

fn store(row: u32, key: u32, added: f32) {
    if key >= params.keys {
        return;
    }
    let entry = row * params.keys + key;
    if params.overwrite == 1u {
        map[entry] = added;
    } else {
        map[entry] += added;
    }
}
