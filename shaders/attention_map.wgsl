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
    var sums: array<vec4<f32>, 4>;
    for (var head = 0u; head < params.heads; head++) {
        var tile = score_tile(local, params.first_row + first_row, first_key, head * params.head_dim);
        for (var r = 0u; r < 4u; r++) {
            // Rows beyond the last repeat it: they are not stored.
            let query = min(params.first_row + first_row + local.y * 4u + r, params.queries - 1u);
            let row = 2u * (head * params.queries + query);
            sums[r] += exp(tile[r] - stats[row]) / stats[row + 1u];
        }
    }
    for (var r = 0u; r < 4u; r++) {
        let row = first_row + local.y * 4u + r;
        for (var c = 0u; c < 4u; c++) {
            let key = first_key + local.x * 4u + c;
            if row < params.rows && key < params.keys {
                let entry = row * params.keys + key;
                let added = params.share * sums[r][c];
                if params.overwrite == 1u {
                    map[entry] = added;
                } else {
                    map[entry] += added;
                }
            }
        }
    }
}
