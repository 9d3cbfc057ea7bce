// The chain before its first step: weighted = s ⊙ u, and the map is 0 where s > λ, else −1 (not passed).
// Meaning and layout: crates/kernels/src/markov_start.rs.

struct Params {
    tokens: u32,
    lambda: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> state: array<f32>;              // [tokens]
@group(0) @binding(2) var<storage, read> u: array<f32>;                  // [tokens]
@group(0) @binding(3) var<storage, read_write> weighted: array<f32>;     // [tokens]
@group(0) @binding(4) var<storage, read_write> map: array<f32>;          // [tokens]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let token = id.x;
    if token >= params.tokens {
        return;
    }
    weighted[token] = state[token] * u[token];
    map[token] = select(-1.0, 0.0, state[token] > params.lambda);
}
