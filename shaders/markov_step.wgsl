// y[j] = v[j] · Σ_i (s ⊙ u)[i] · A'[i, j], from the partial sums of shaders/weighted_column_sums.wgsl, and its maximum.
// Meaning and layout: crates/kernels/src/markov_step.rs.

struct Params {
    blocks: u32,
    columns: u32,
    step: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> partials: array<f32>;                   // [blocks, columns]
@group(0) @binding(2) var<storage, read> v: array<f32>;                          // [columns]
@group(0) @binding(3) var<storage, read_write> y: array<f32>;                    // [columns]
@group(0) @binding(4) var<storage, read_write> progress: array<atomic<u32>>;     // [steps, 2]: bits of max(y), waiting

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let column = id.x;
    var value = 0.0;
    if column < params.columns {
        value = v[column] * column_total(column);
        y[column] = value;
    }
    // One atomic per workgroup. Bits of floats ≥ 0 are ordered as the floats are.
    let largest = reduce_max(lane, value);
    if lane == 0u {
        atomicMax(&progress[2u * params.step], bitcast<u32>(largest));
    }
}
