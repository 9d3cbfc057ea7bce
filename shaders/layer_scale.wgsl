// y = x · weight, channel by channel.
// Meaning and layout: crates/kernels/src/layer_scale.rs.

struct Params {
    len: u32,  // rows · channels
    channels: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;        // [rows, channels]
@group(0) @binding(2) var<storage, read> weight: array<f32>;   // [channels]
@group(0) @binding(3) var<storage, read_write> y: array<f32>;  // [rows, channels]

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
    y[i] = x[i] * weight[i % params.channels];
}
