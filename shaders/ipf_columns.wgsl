// v[j] = 1 / Σ_i u[i] · A'[i, j], from the partial sums of shaders/weighted_column_sums.wgsl.
// Meaning and layout: crates/kernels/src/ipf_columns.rs.

struct Params {
    blocks: u32,
    columns: u32,
    round: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> partials: array<f32>;                   // [blocks, columns]
@group(0) @binding(2) var<storage, read_write> v: array<f32>;                    // [columns]
@group(0) @binding(3) var<storage, read_write> deviations: array<atomic<u32>>;   // [rounds], the bits of f32s ≥ 0

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let column = id.x;
    if column >= params.columns {
        return;
    }
    var sum = 0.0;
    for (var block = 0u; block < params.blocks; block++) {
        sum += partials[block * params.columns + column];
    }
    var scale = 0.0;
    if sum > 0.0 {
        scale = 1.0 / sum;
        // Bits of floats ≥ 0 are ordered as the floats are.
        atomicMax(&deviations[params.round], bitcast<u32>(abs(v[column] * sum - 1.0)));
    }
    v[column] = scale;
}
