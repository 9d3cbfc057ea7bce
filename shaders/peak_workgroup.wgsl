// Reads workgroup memory, neighbouring lanes neighbouring values, `rounds` times.
// Meaning: crates/kernels/src/peak_workgroup.rs.

const LANES = 256u;

struct Params {
    rounds: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;  // [invocations]

var<workgroup> tile: array<vec4<f32>, LANES>;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    tile[lane] = vec4(f32(lane)) + vec4(0.0, 1.0, 2.0, 3.0);
    workgroupBarrier();
    var sum = vec4(0.0);
    for (var round = 0u; round < params.rounds; round++) {
        sum += tile[(lane + round) % LANES];
    }
    y[id.x] = (sum.x + sum.y) + (sum.z + sum.w);
}
