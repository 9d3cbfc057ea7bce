// y = scale · x / ‖x‖, one workgroup per row.
// Meaning and layout: crates/kernels/src/l2_normalize.rs.

struct Params {
    rows: u32,
    channels: u32,
    scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;        // [rows, channels]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // [rows, channels]

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
    let end = start + params.channels;
    var sum = 0.0;
    for (var i = start + lane; i < end; i += 256u) {
        sum += x[i] * x[i];
    }
    let factor = params.scale / max(sqrt(reduce_sum(lane, sum)), 1e-12);
    for (var i = start + lane; i < end; i += 256u) {
        y[i] = x[i] * factor;
    }
}
