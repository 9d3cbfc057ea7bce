// y = (x − mean) / √(variance + eps) · weight + bias, one workgroup per row.
// Meaning and layout: crates/kernels/src/layer_norm.rs.

struct Params {
    rows: u32,
    channels: u32,
    eps: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;        // [rows, channels]
@group(0) @binding(2) var<storage, read> weight: array<f32>;   // [channels]
@group(0) @binding(3) var<storage, read> bias: array<f32>;     // [channels]
@group(0) @binding(4) var<storage, read_write> y: array<f32>;  // [rows, channels]

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let row = group.y * groups.x + group.x;
    if row >= params.rows {
        return;
    }
    let start = row * params.channels;
    var sum = 0.0;
    for (var channel = lane; channel < params.channels; channel += 256u) {
        sum += x[start + channel];
    }
    let mean = reduce_sum(lane, sum) / f32(params.channels);
    var squares = 0.0;
    for (var channel = lane; channel < params.channels; channel += 256u) {
        let deviation = x[start + channel] - mean;
        squares = fma(deviation, deviation, squares);
    }
    let variance = reduce_sum(lane, squares) / f32(params.channels);
    let inverse_deviation = 1.0 / sqrt(variance + params.eps);
    for (var channel = lane; channel < params.channels; channel += 256u) {
        y[start + channel] = (x[start + channel] - mean) * inverse_deviation * weight[channel] + bias[channel];
    }
}
