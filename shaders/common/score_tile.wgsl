// Attention scores q · k / √d of 32 queries × 32 keys of one head: a workgroup of 8 × 8, each invocation 4 × 4 of them.
//
// The including kernel binds q and k ([tokens, channels]), has params.{queries, keys, channels, head_dim, scale} and
// declares the workgroup memory, which it may use between calls for something else:
//   tile_a: array<vec4<f32>, 288>             queries, [k][query / 4], LINE apart
//   tile_b: array<vec4<f32>, 288 or more>     keys, [k][key / 4], LINE apart

const TILE = 32u;
// Fours in a line of a tile, one more than there are: neighbours in a column fall into different memory banks.
const LINE = 9u;
// Below every score, and finite: shaders may assume that infinities do not occur.
const MASKED = -1e30;

var<workgroup> row_parts: array<f32, 256>;  // [query][8]

// Row r, column c of the result: query first_query + 4 · local.y + r, key first_key + 4 · local.x + c; zero where there
// is no such query or key. `head` is the head's first channel. Barriers inside: call from uniform control flow.
fn score_tile(local: vec2<u32>, first_query: u32, first_key: u32, head: u32) -> array<vec4<f32>, 4> {
    let lane = local.y * 8u + local.x;
    var scores: array<vec4<f32>, 4>;
    for (var step = 0u; step < params.head_dim; step += TILE) {
        let width = min(TILE, params.head_dim - step);
        load_tokens(lane, first_query, first_key, head + step, width);
        workgroupBarrier();
        for (var i = 0u; i < width; i++) {
            let query = tile_a[i * LINE + local.y];
            let key = tile_b[i * LINE + local.x];
            scores[0] = fma(vec4(query.x), key, scores[0]);
            scores[1] = fma(vec4(query.y), key, scores[1]);
            scores[2] = fma(vec4(query.z), key, scores[2]);
            scores[3] = fma(vec4(query.w), key, scores[3]);
        }
        workgroupBarrier();
    }
    return scores;
}

// Neighbouring lanes read neighbouring channels. What lies beyond `width` is not read by the product.
fn load_tokens(lane: u32, first_query: u32, first_key: u32, first_channel: u32, width: u32) {
    let column = lane % TILE;
    if column >= width {
        return;
    }
    let channel = first_channel + column;
    for (var four = lane / TILE; four < TILE / 4u; four += 2u) {
        let query = first_query + 4u * four;
        let key = first_key + 4u * four;
        // Scaled before the product: large activations then stay further from the end of f32.
        tile_a[column * LINE + four] = params.scale
            * vec4(of_query(query, channel), of_query(query + 1u, channel), of_query(query + 2u, channel), of_query(query + 3u, channel));
        tile_b[column * LINE + four] =
            vec4(of_key(key, channel), of_key(key + 1u, channel), of_key(key + 2u, channel), of_key(key + 3u, channel));
    }
}

fn of_query(query: u32, channel: u32) -> f32 {
    if query >= params.queries {
        return 0.0;
    }
    return q[query * params.channels + channel];
}

fn of_key(key: u32, channel: u32) -> f32 {
    if key >= params.keys {
        return 0.0;
    }
    return k[key * params.channels + channel];
}

// The largest of each of the invocation's four rows over the eight invocations that share them.
fn row_max(local: vec2<u32>, values: vec4<f32>) -> vec4<f32> {
    share_rows(local, values);
    var largest = values;
    for (var i = 0u; i < 8u; i++) {
        largest = max(largest, row_part(local, i));
    }
    workgroupBarrier();
    return largest;
}

// The sum of each of the invocation's four rows over the eight invocations that share them.
fn row_sum(local: vec2<u32>, values: vec4<f32>) -> vec4<f32> {
    share_rows(local, values);
    var sum = vec4(0.0);
    for (var i = 0u; i < 8u; i++) {
        sum += row_part(local, i);
    }
    workgroupBarrier();
    return sum;
}

fn share_rows(local: vec2<u32>, values: vec4<f32>) {
    let part = local.y * 32u + local.x;
    row_parts[part] = values.x;
    row_parts[part + 8u] = values.y;
    row_parts[part + 16u] = values.z;
    row_parts[part + 24u] = values.w;
    workgroupBarrier();
}

fn row_part(local: vec2<u32>, i: u32) -> vec4<f32> {
    let part = local.y * 32u + i;
    return vec4(row_parts[part], row_parts[part + 8u], row_parts[part + 16u], row_parts[part + 24u]);
}

fn largest_of(v: vec4<f32>) -> f32 {
    return max(max(v.x, v.y), max(v.z, v.w));
}

fn sum_of(v: vec4<f32>) -> f32 {
    return (v.x + v.y) + (v.z + v.w);
}
