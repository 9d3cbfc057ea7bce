// Every pixel becomes a square of 2 × 2.
// Meaning and layout: crates/kernels/src/upsample_nearest.rs.

struct Params {
    len: u32,    // 2 · height · 2 · width · channels
    width: u32,  // of x
    channels: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;        // [height, width, channels]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // [2 · height, 2 · width, channels]

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
    let pixel = i / params.channels;
    let row = pixel / (2u * params.width);
    let column = pixel % (2u * params.width);
    y[i] = x[((row / 2u) * params.width + column / 2u) * params.channels + channel];
}
