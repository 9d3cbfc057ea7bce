// y = (x − mean) / √(variance + eps) · weight + bias, sixteen invocations per row.
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

const LANES = 16u;

var<workgroup> parts: array<f32, 64>;  // [4 rows][LANES]

fn row_sum(local: vec2<u32>, value: f32) -> f32 {
    parts[local.y * LANES + local.x] = value;
    workgroupBarrier();
    var sum = 0.0;
    for (var i = 0u; i < LANES; i++) {
        sum += parts[local.y * LANES + i];
    }
    workgroupBarrier();
    return sum;
}

@compute @workgroup_size(16, 4)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
) {
    let row = (group.y * groups.x + group.x) * 4u + local.y;
    // Rows beyond the last repeat it up to the store: all invocations must meet at the barriers.
    let start = min(row, params.rows - 1u) * params.channels;
    var sum = 0.0;
    for (var channel = local.x; channel < params.channels; channel += LANES) {
        sum += x[start + channel];
    }
    let mean = row_sum(local.xy, sum) / f32(params.channels);
    var squares = 0.0;
    for (var channel = local.x; channel < params.channels; channel += LANES) {
        let deviation = x[start + channel] - mean;
        squares = fma(deviation, deviation, squares);
    }
    let variance = row_sum(local.xy, squares) / f32(params.channels);
    let inverse_deviation = 1.0 / sqrt(variance + params.eps);
    if row < params.rows {
        for (var channel = local.x; channel < params.channels; channel += LANES) {
            y[start + channel] = (x[start + channel] - mean) * inverse_deviation * weight[channel] + bias[channel];
        }
    }
}
