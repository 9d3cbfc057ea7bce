// softmax(QKᵀ/√d) V with an online softmax: shaders/common/{score_tile,online_softmax}.wgsl.
// Meaning and layout: crates/kernels/src/attention.rs.
//
// A workgroup makes 32 queries × COLUMNS channels of one head. Wider heads are split over workgroups, and each of these
// computes the scores anew: a row of 512 sums per query would not fit an invocation's registers.

struct Params {
    queries: u32,
    keys: u32,
    channels: u32,
    head_dim: u32,
    scale: f32,  // 1 / √head_dim
    causal: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> q: array<f32>;        // [queries, channels]
@group(0) @binding(2) var<storage, read> k: array<f32>;        // [keys, channels]
@group(0) @binding(3) var<storage, read> v: array<f32>;        // [keys, channels]
@group(0) @binding(4) var<storage, read_write> y: array<f32>;  // [queries, channels]

// 64 or 128.
override COLUMNS: u32 = 64u;

var<workgroup> tile_a: array<f32, 1056>;  // queries, then exponentials [key][query], STRIDE apart
var<workgroup> tile_b: array<f32, 2048>;  // keys, then values [key][64 channels]

// exponentials · values for 64 channels from `column` of the head on: row r of the invocation is sums[2r] at columns
// 4 · local.x + 0..4 and sums[2r + 1] at 32 columns more.
fn add_values(
    local: vec2<u32>,
    first_key: u32,
    head: u32,
    column: u32,
    shrink: vec4<f32>,
    sums: ptr<function, array<vec4<f32>, 8>>,
) {
    load_values(local.y * 8u + local.x, first_key, head, column);
    workgroupBarrier();
    for (var r = 0u; r < 4u; r++) {
        (*sums)[2u * r] *= shrink[r];
        (*sums)[2u * r + 1u] *= shrink[r];
    }
    for (var key = 0u; key < TILE; key++) {
        let a = key * STRIDE + local.y * 4u;
        let b = key * 64u + local.x * 4u;
        let near = vec4(tile_b[b], tile_b[b + 1u], tile_b[b + 2u], tile_b[b + 3u]);
        let far = vec4(tile_b[b + 32u], tile_b[b + 33u], tile_b[b + 34u], tile_b[b + 35u]);
        (*sums)[0] = fma(vec4(tile_a[a]), near, (*sums)[0]);
        (*sums)[1] = fma(vec4(tile_a[a]), far, (*sums)[1]);
        (*sums)[2] = fma(vec4(tile_a[a + 1u]), near, (*sums)[2]);
        (*sums)[3] = fma(vec4(tile_a[a + 1u]), far, (*sums)[3]);
        (*sums)[4] = fma(vec4(tile_a[a + 2u]), near, (*sums)[4]);
        (*sums)[5] = fma(vec4(tile_a[a + 2u]), far, (*sums)[5]);
        (*sums)[6] = fma(vec4(tile_a[a + 3u]), near, (*sums)[6]);
        (*sums)[7] = fma(vec4(tile_a[a + 3u]), far, (*sums)[7]);
    }
    workgroupBarrier();
}

fn load_values(lane: u32, first_key: u32, head: u32, column: u32) {
    let exists = column + lane < params.head_dim;
    for (var i = 0u; i < TILE; i++) {
        let key = first_key + i;
        var value = 0.0;
        if exists && key < params.keys {
            value = v[key * params.channels + head + column + lane];
        }
        tile_b[i * 64u + lane] = value;
    }
}

// Exponentials of the tile, where add_values of every invocation finds them after its first barrier.
fn share_tile(local: vec2<u32>, tile: array<vec4<f32>, 4>) {
    for (var c = 0u; c < 4u; c++) {
        let a = (local.x * 4u + c) * STRIDE + local.y * 4u;
        tile_a[a] = tile[0][c];
        tile_a[a + 1u] = tile[1][c];
        tile_a[a + 2u] = tile[2][c];
        tile_a[a + 3u] = tile[3][c];
    }
}

fn store(local: vec2<u32>, first_query: u32, head: u32, column: u32, total: vec4<f32>, sums: array<vec4<f32>, 8>) {
    var rows = sums;
    for (var r = 0u; r < 4u; r++) {
        let query = first_query + local.y * 4u + r;
        for (var c = 0u; c < 8u; c++) {
            let at = column + local.x * 4u + c % 4u + 32u * (c / 4u);
            if query < params.queries && at < params.head_dim {
                y[query * params.channels + head + at] = rows[2u * r + c / 4u][c % 4u] / total[r];
            }
        }
    }
}

@compute @workgroup_size(8, 8)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local_id: vec3<u32>) {
    let local = local_id.xy;
    let first_query = group.x * TILE;
    let head = group.y * params.head_dim;
    let column = group.z * COLUMNS;
    let causal = params.causal == 1u;
    var keys = params.keys;
    if causal {
        keys = min(keys, first_query + TILE);
    }
    var softmax = softmax_start();
    var near: array<vec4<f32>, 8>;
    var far: array<vec4<f32>, 8>;
    for (var first_key = 0u; first_key < keys; first_key += TILE) {
        var tile = score_tile(local, first_query, first_key, head);
        mask_tile(local, first_query, first_key, params.keys, causal, &tile);
        softmax_tile(local, &softmax, &tile);
        share_tile(local, tile);
        add_values(local, first_key, head, column, softmax.shrink, &near);
        if COLUMNS > 64u {
            add_values(local, first_key, head, column + 64u, softmax.shrink, &far);
        }
    }
    let total = row_sum(local, softmax.sums);
    store(local, first_query, head, column, total, near);
    if COLUMNS > 64u {
        store(local, first_query, head, column + 64u, total, far);
    }
}
