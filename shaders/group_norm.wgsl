// y = f((x − mean) · inverse deviation · weight + bias), f the identity or SiLU.
// Meaning and layout: crates/kernels/src/group_norm.rs.

struct Params {
    len: u32,  // rows · channels
    channels: u32,
    group_channels: u32,
    with_silu: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;          // [rows, channels]
@group(0) @binding(2) var<storage, read> stats: array<f32>;      // [groups, 2]
@group(0) @binding(3) var<storage, read> weight: array<f32>;     // [channels]
@group(0) @binding(4) var<storage, read> bias: array<f32>;       // [channels]
@group(0) @binding(5) var<storage, read_write> y: array<f32>;    // [rows, channels]

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let i = flat_index(group, groups, lane, 256u);
    if i >= params.len {
        return;
    }
    let channel = i % params.channels;
    let first = 2u * (channel / params.group_channels);
    let normal = (x[i] - stats[first]) * stats[first + 1u] * weight[channel] + bias[channel];
    if params.with_silu == 1u {
        y[i] = silu(normal);
    } else {
        y[i] = normal;
    }
}
