// y = x · Wᵀ + b with f16 weights. Meaning and layout: crates/kernels/src/linear_f16.rs.

struct Params {
    rows: u32,
    inputs: u32,
    outputs: u32,
    k_len: u32,  // inputs, rounded up to a multiple of 32
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;             // [rows, inputs]
@group(0) @binding(2) var<storage, read> qweight: array<u32>;       // [outputs, k_len / 2]
@group(0) @binding(3) var<storage, read> bias: array<f32>;          // [outputs]
@group(0) @binding(4) var<storage, read_write> y: array<f32>;       // [rows, outputs]

fn activation(row: u32, k: u32) -> f32 {
    if k >= params.inputs {
        return 0.0;
    }
    return x[row * params.inputs + k];
}

fn store(row: u32, o: u32, value: f32) {
    y[row * params.outputs + o] = value + bias[o];
}

@compute @workgroup_size(8, 8)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    matmul_tile(group.xy, local.xy, params.rows, params.outputs, params.k_len);
}
