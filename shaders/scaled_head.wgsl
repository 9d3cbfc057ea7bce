// The first channels of every row, times a factor.
// Meaning and layout: crates/kernels/src/scaled_head.rs.

struct Params {
    len: u32,  // rows · channels
    inputs: u32,
    channels: u32,
    scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;        // [rows, inputs]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // [rows, channels]

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
    let row = i / params.channels;
    y[i] = x[row * params.inputs + i % params.channels] * params.scale;
}
