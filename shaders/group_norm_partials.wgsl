// Mean and sum of squared deviations of every channel over blocks of 64 rows, one invocation per channel and block.
// Meaning and layout: crates/kernels/src/group_norm_partials.rs.

struct Params {
    rows: u32,
    channels: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;               // [rows, channels]
@group(0) @binding(2) var<storage, read_write> partials: array<f32>;  // [blocks, channels, 2]

const BLOCK_ROWS = 64u;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let channel = group.x * 64u + lane;
    if channel >= params.channels {
        return;
    }
    let first_row = group.y * BLOCK_ROWS;
    let count = min(BLOCK_ROWS, params.rows - first_row);
    let start = first_row * params.channels + channel;
    let end = start + count * params.channels;
    // Sums of differences from the first value: a large common offset costs no digits.
    let offset = x[start];
    var sum = 0.0;
    for (var i = start; i < end; i += params.channels) {
        sum += x[i] - offset;
    }
    let mean = offset + sum / f32(count);
    var squares = 0.0;
    for (var i = start; i < end; i += params.channels) {
        let deviation = x[i] - mean;
        squares = fma(deviation, deviation, squares);
    }
    let partial = 2u * (group.y * params.channels + channel);
    partials[partial] = mean;
    partials[partial + 1u] = squares;
}
