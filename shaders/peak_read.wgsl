// Reads a buffer once, neighbouring lanes neighbouring values, and keeps a sum for each invocation.
// Meaning: crates/kernels/src/peak_read.rs.

struct Params {
    invocations: u32,
    reads: u32,  // of one invocation
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;  // [reads, invocations] of 4 values
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // [invocations]

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x >= params.invocations {
        return;
    }
    var sum = vec4(0.0);
    for (var read = 0u; read < params.reads; read++) {
        sum += x[read * params.invocations + id.x];
    }
    y[id.x] = (sum.x + sum.y) + (sum.z + sum.w);
}
