// What the linear kernels share: x · Wᵀ + b on row-major activations. The including kernel binds x, bias and y.

struct Params {
    rows: u32,
    inputs: u32,
    outputs: u32,
    padded_inputs: u32,  // inputs, rounded up to a multiple of 32
    steps: u32,          // of 16 along k, of one group
    splits: u32,         // groups that share the steps
}

fn taps() -> u32 {
    return 1u;
}

fn start_of(row: u32, tap: u32) -> u32 {
    return row * params.inputs;
}

@compute @workgroup_size(8, 8)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    matmul_tile(group, local.xy);
}
