// peak_fma.wgsl in f16 arithmetic.
// Meaning: crates/kernels/src/peak_fma_f16.rs.

enable f16;

const CHAINS = 8u;

struct Params {
    rounds: u32,
    a: f32,
    b: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;  // [invocations]

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let start = vec4(f32(id.x % 256u)) + vec4(0.0, 1.0, 2.0, 3.0);
    let a = vec4(f16(params.a));
    let b = vec4(f16(params.b));
    var x: array<vec4<f16>, CHAINS>;
    for (var chain = 0u; chain < CHAINS; chain++) {
        x[chain] = vec4<f16>((start + f32(chain)) / 256.0);
    }
    for (var round = 0u; round < params.rounds; round++) {
        x[0] = fma(x[0], a, b);
        x[1] = fma(x[1], a, b);
        x[2] = fma(x[2], a, b);
        x[3] = fma(x[3], a, b);
        x[4] = fma(x[4], a, b);
        x[5] = fma(x[5], a, b);
        x[6] = fma(x[6], a, b);
        x[7] = fma(x[7], a, b);
    }
    var sum = vec4(0.0);
    for (var chain = 0u; chain < CHAINS; chain++) {
        sum += vec4<f32>(x[chain]);
    }
    y[id.x] = (sum.x + sum.y) + (sum.z + sum.w);
}
