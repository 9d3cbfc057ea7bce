// What the linear kernels share: x · Wᵀ + b on row-major activations. The including kernel binds x, bias and y.

struct Params {
    rows: u32,
    inputs: u32,
    outputs: u32,
    k_len: u32,  // inputs, rounded up to a multiple of 32
}

// A row needs no preparation.
fn place_row(r: u32, row: u32) {}

struct Place {
    k: u32,
}

fn place_step(k: u32) -> Place {
    return Place(k);
}

fn activation(r: u32, row: u32, at: Place) -> f32 {
    if at.k >= params.inputs {
        return 0.0;
    }
    return x[row * params.inputs + at.k];
}

fn store(row: u32, o: u32, value: f32) {
    y[row * params.outputs + o] = value + bias[o];
}

@compute @workgroup_size(8, 8)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    matmul_tile(group.xy, local.xy, params.rows, params.outputs, params.k_len);
}
