// Channels of a, then channels of b.
// Meaning and layout: crates/kernels/src/concat.rs.

struct Params {
    len: u32,  // rows · (a_channels + b_channels)
    a_channels: u32,
    b_channels: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;        // [rows, a_channels]
@group(0) @binding(2) var<storage, read> b: array<f32>;        // [rows, b_channels]
@group(0) @binding(3) var<storage, read_write> y: array<f32>;  // [rows, a_channels + b_channels]

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
    let channels = params.a_channels + params.b_channels;
    let row = i / channels;
    let channel = i % channels;
    if channel < params.a_channels {
        y[i] = a[row * params.a_channels + channel];
    } else {
        y[i] = b[row * params.b_channels + channel - params.a_channels];
    }
}
