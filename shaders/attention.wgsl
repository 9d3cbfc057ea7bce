// softmax(QKᵀ/√d) V with an online softmax: shaders/common/{score_tile,online_softmax}.wgsl.
// Meaning and layout: crates/kernels/src/attention.rs.
//
// A workgroup makes 32 queries × COLUMNS channels of one head. Heads wider than 160 are split over workgroups, and each of
// these computes the scores anew: a row of 512 sums per query would not fit an invocation's registers.

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

// 32 to 160, a multiple of 32.
override COLUMNS: u32 = 64u;

var<workgroup> tile_a: array<vec4<f32>, 288>;  // queries, then exponentials [key][query / 4], LINE apart
var<workgroup> tile_b: array<vec4<f32>, 512>;  // keys, then values [key][16 or 8 fours of channels]

// exponentials · values for 64 channels from `column` of the head on: row r of the invocation is sums[2r] at columns
// 4 · local.x + 0..4 and sums[2r + 1] at 32 columns more.
fn add_64(
    local: vec2<u32>,
    first_key: u32,
    head: u32,
    column: u32,
    shrink: vec4<f32>,
    sums: ptr<function, array<vec4<f32>, 8>>,
) {
    load_values(local.y * 8u + local.x, 16u, first_key, head, column);
    workgroupBarrier();
    (*sums)[0] *= shrink.x;
    (*sums)[1] *= shrink.x;
    (*sums)[2] *= shrink.y;
    (*sums)[3] *= shrink.y;
    (*sums)[4] *= shrink.z;
    (*sums)[5] *= shrink.z;
    (*sums)[6] *= shrink.w;
    (*sums)[7] *= shrink.w;
    for (var key = 0u; key < TILE; key++) {
        let weight = tile_a[key * LINE + local.y];
        let near = tile_b[key * 16u + local.x];
        let far = tile_b[key * 16u + local.x + 8u];
        (*sums)[0] = fma(vec4(weight.x), near, (*sums)[0]);
        (*sums)[1] = fma(vec4(weight.x), far, (*sums)[1]);
        (*sums)[2] = fma(vec4(weight.y), near, (*sums)[2]);
        (*sums)[3] = fma(vec4(weight.y), far, (*sums)[3]);
        (*sums)[4] = fma(vec4(weight.z), near, (*sums)[4]);
        (*sums)[5] = fma(vec4(weight.z), far, (*sums)[5]);
        (*sums)[6] = fma(vec4(weight.w), near, (*sums)[6]);
        (*sums)[7] = fma(vec4(weight.w), far, (*sums)[7]);
    }
    workgroupBarrier();
}

// The same for 32 channels: row r of the invocation is sums[r].
fn add_32(
    local: vec2<u32>,
    first_key: u32,
    head: u32,
    column: u32,
    shrink: vec4<f32>,
    sums: ptr<function, array<vec4<f32>, 4>>,
) {
    load_values(local.y * 8u + local.x, 8u, first_key, head, column);
    workgroupBarrier();
    (*sums)[0] *= shrink.x;
    (*sums)[1] *= shrink.y;
    (*sums)[2] *= shrink.z;
    (*sums)[3] *= shrink.w;
    for (var key = 0u; key < TILE; key++) {
        let weight = tile_a[key * LINE + local.y];
        let value = tile_b[key * 8u + local.x];
        (*sums)[0] = fma(vec4(weight.x), value, (*sums)[0]);
        (*sums)[1] = fma(vec4(weight.y), value, (*sums)[1]);
        (*sums)[2] = fma(vec4(weight.z), value, (*sums)[2]);
        (*sums)[3] = fma(vec4(weight.w), value, (*sums)[3]);
    }
    workgroupBarrier();
}

// Neighbouring lanes read neighbouring channels.
fn load_values(lane: u32, fours: u32, first_key: u32, head: u32, column: u32) {
    let width = 4u * fours;
    let at = lane % width;
    let exists = column + at < params.head_dim;
    for (var i = lane / width; i < TILE; i += 64u / width) {
        let key = first_key + i;
        var value = 0.0;
        if exists && key < params.keys {
            value = v[key * params.channels + head + column + at];
        }
        tile_b[i * fours + at / 4u][at % 4u] = value;
    }
}

// Exponentials of the tile, where every invocation finds them after the next barrier.
fn share_tile(local: vec2<u32>, tile: array<vec4<f32>, 4>) {
    let by_key = transpose(mat4x4(tile[0], tile[1], tile[2], tile[3]));
    let line = local.x * 4u * LINE + local.y;
    tile_a[line] = by_key[0];
    tile_a[line + LINE] = by_key[1];
    tile_a[line + 2u * LINE] = by_key[2];
    tile_a[line + 3u * LINE] = by_key[3];
}

// Four rows of the invocation at four columns. Written out, here and above, not in loops: an array whose index is no
// constant need not lie in registers.
fn store_rows(query: u32, head: u32, column: u32, total: vec4<f32>, a: vec4<f32>, b: vec4<f32>, c: vec4<f32>, d: vec4<f32>) {
    store(query, head, column, a / total.x);
    store(query + 1u, head, column, b / total.y);
    store(query + 2u, head, column, c / total.z);
    store(query + 3u, head, column, d / total.w);
}

fn store(query: u32, head: u32, column: u32, values: vec4<f32>) {
    if query >= params.queries {
        return;
    }
    let left = params.head_dim - min(column, params.head_dim);
    let at = query * params.channels + head + column;
    if left > 0u {
        y[at] = values.x;
    }
    if left > 1u {
        y[at + 1u] = values.y;
    }
    if left > 2u {
        y[at + 2u] = values.z;
    }
    if left > 3u {
        y[at + 3u] = values.w;
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
    var last: array<vec4<f32>, 4>;
    let last_column = column + COLUMNS / 64u * 64u;
    for (var first_key = 0u; first_key < keys; first_key += TILE) {
        var tile = score_tile(local, first_query, first_key, head);
        mask_tile(local, first_query, first_key, params.keys, causal, &tile);
        softmax_tile(local, &softmax, &tile);
        share_tile(local, tile);
        if COLUMNS >= 64u {
            add_64(local, first_key, head, column, softmax.shrink, &near);
        }
        if COLUMNS >= 128u {
            add_64(local, first_key, head, column + 64u, softmax.shrink, &far);
        }
        if COLUMNS % 64u != 0u {
            add_32(local, first_key, head, last_column, softmax.shrink, &last);
        }
    }
    let total = row_sum(local, softmax.sums);
    let query = first_query + local.y * 4u;
    let at = column + local.x * 4u;
    if COLUMNS >= 64u {
        store_rows(query, head, at, total, near[0], near[2], near[4], near[6]);
        store_rows(query, head, at + 32u, total, near[1], near[3], near[5], near[7]);
    }
    if COLUMNS >= 128u {
        store_rows(query, head, at + 64u, total, far[0], far[2], far[4], far[6]);
        store_rows(query, head, at + 96u, total, far[1], far[3], far[5], far[7]);
    }
    if COLUMNS % 64u != 0u {
        store_rows(query, head, last_column + local.x * 4u, total, last[0], last[1], last[2], last[3]);
    }
}
