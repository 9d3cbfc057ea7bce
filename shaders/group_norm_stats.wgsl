// Mean and inverse standard deviation of every group, put together from partials, one workgroup per group.
// Meaning and layout: crates/kernels/src/group_norm_stats.rs.

struct Params {
    rows: u32,
    channels: u32,
    group_channels: u32,
    eps: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> partials: array<f32>;     // [blocks, channels, 2]
@group(0) @binding(2) var<storage, read_write> stats: array<f32>;  // [groups, 2]

const BLOCK_ROWS = 64u;

// Where in `partials` the group's i-th pair is, and how many values it stands for.
fn pair(group: u32, i: u32) -> vec2<u32> {
    let block = i / params.group_channels;
    let channel = group * params.group_channels + i % params.group_channels;
    return vec2(2u * (block * params.channels + channel), min(BLOCK_ROWS, params.rows - block * BLOCK_ROWS));
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let pairs = (params.rows + BLOCK_ROWS - 1u) / BLOCK_ROWS * params.group_channels;
    let count = f32(params.rows) * f32(params.group_channels);
    var sum = 0.0;
    for (var i = lane; i < pairs; i += 256u) {
        let at = pair(group.x, i);
        sum = fma(f32(at.y), partials[at.x], sum);
    }
    let mean = reduce_sum(lane, sum) / count;
    // Chan, Golub & LeVeque: what each part deviates in itself, and what its mean deviates from the whole mean.
    var squares = 0.0;
    for (var i = lane; i < pairs; i += 256u) {
        let at = pair(group.x, i);
        let deviation = partials[at.x] - mean;
        squares += partials[at.x + 1u] + f32(at.y) * deviation * deviation;
    }
    let variance = reduce_sum(lane, squares) / count;
    if lane == 0u {
        stats[2u * group.x] = mean;
        stats[2u * group.x + 1u] = 1.0 / sqrt(variance + params.eps);
    }
}
