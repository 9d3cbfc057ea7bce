// Softmax over rows of scores that come tile by tile (shaders/common/score_tile.wgsl): the largest score so far, and the
// sum of exponentials relative to it. Each of the eight invocations that share a row sums its own columns.

struct Softmax {
    largest: vec4<f32>,  // of the invocation's four rows
    sums: vec4<f32>,     // over the invocation's own columns
    shrink: vec4<f32>,   // what the last tile made of earlier exponentials
}

fn softmax_start() -> Softmax {
    return Softmax(vec4(MASKED), vec4(0.0), vec4(0.0));
}

// Takes in a tile and turns its scores into exponentials. Barriers inside: call from uniform control flow.
fn softmax_tile(local: vec2<u32>, softmax: ptr<function, Softmax>, tile: ptr<function, array<vec4<f32>, 4>>) {
    let scores = *tile;
    let largest = max(
        (*softmax).largest,
        row_max(
            local,
            vec4(largest_of(scores[0]), largest_of(scores[1]), largest_of(scores[2]), largest_of(scores[3])),
        ),
    );
    (*softmax).shrink = exp((*softmax).largest - largest);
    (*softmax).largest = largest;
    (*tile)[0] = exp(scores[0] - largest.x);
    (*tile)[1] = exp(scores[1] - largest.y);
    (*tile)[2] = exp(scores[2] - largest.z);
    (*tile)[3] = exp(scores[3] - largest.w);
    (*softmax).sums = (*softmax).sums * (*softmax).shrink
        + vec4(sum_of((*tile)[0]), sum_of((*tile)[1]), sum_of((*tile)[2]), sum_of((*tile)[3]));
}

// Scores of keys that do not exist, or that come after a query under a causal mask, weigh nothing.
fn mask_tile(
    local: vec2<u32>,
    first_query: u32,
    first_key: u32,
    keys: u32,
    causal: bool,
    tile: ptr<function, array<vec4<f32>, 4>>,
) {
    let key = vec4(first_key + 4u * local.x) + vec4(0u, 1u, 2u, 3u);
    let query = first_query + 4u * local.y;
    let beyond = key >= vec4(keys);
    let hides = vec4(causal);
    (*tile)[0] = select((*tile)[0], vec4(MASKED), beyond | (hides & (key > vec4(query))));
    (*tile)[1] = select((*tile)[1], vec4(MASKED), beyond | (hides & (key > vec4(query + 1u))));
    (*tile)[2] = select((*tile)[2], vec4(MASKED), beyond | (hides & (key > vec4(query + 2u))));
    (*tile)[3] = select((*tile)[3], vec4(MASKED), beyond | (hides & (key > vec4(query + 3u))));
}
