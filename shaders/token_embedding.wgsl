// Rows of a token table plus the position table.
// Meaning and layout: crates/kernels/src/token_embedding.rs.

struct Params {
    len: u32,  // n · channels
    channels: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> ids: array<u32>;        // [n]
@group(0) @binding(2) var<storage, read> tokens: array<f32>;     // [vocabulary, channels]
@group(0) @binding(3) var<storage, read> positions: array<f32>;  // [at least n, channels]
@group(0) @binding(4) var<storage, read_write> y: array<f32>;    // [n, channels]

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
    y[i] = tokens[ids[i / params.channels] * params.channels + i % params.channels] + positions[i];
}
