// s' = y / max(y); tokens that pass at this step get their value; the next step's weighted = s' ⊙ u.
// Meaning and layout: crates/kernels/src/markov_crossing.rs.

struct Params {
    tokens: u32,
    step: u32,  // i of the formula, 0 at the first step
    lambda: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> y: array<f32>;                          // [tokens]
@group(0) @binding(2) var<storage, read> u: array<f32>;                          // [tokens]
@group(0) @binding(3) var<storage, read_write> state: array<f32>;                // [tokens]
@group(0) @binding(4) var<storage, read_write> map: array<f32>;                  // [tokens]
@group(0) @binding(5) var<storage, read_write> weighted: array<f32>;             // [tokens]
@group(0) @binding(6) var<storage, read_write> progress: array<atomic<u32>>;     // [steps, 2]: bits of max(y), waiting

var<workgroup> waiting: atomic<u32>;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    if lane == 0u {
        atomicStore(&waiting, 0u);
    }
    workgroupBarrier();
    let token = id.x;
    if token < params.tokens {
        let largest = bitcast<f32>(atomicLoad(&progress[2u * params.step]));
        let before = state[token];
        let next = y[token] / largest;
        if map[token] < 0.0 {
            if next > params.lambda {
                let delta = select(next - before, 1.0 - params.lambda, params.step == 0u);
                map[token] = f32(params.step + 1u) - (next - params.lambda) / (delta + 1e-6);
            } else {
                atomicAdd(&waiting, 1u);
            }
        }
        state[token] = next;
        weighted[token] = next * u[token];
    }
    workgroupBarrier();
    if lane == 0u {
        atomicAdd(&progress[2u * params.step + 1u], atomicLoad(&waiting));
    }
}
