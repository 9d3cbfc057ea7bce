// What the 3×3 convolutions share: implicit im2col on a channels-last picture. The including kernel binds x, bias and y.

struct Params {
    rows: u32,           // output pixels
    inputs: u32,
    outputs: u32,
    k_len: u32,          // 9 · padded_inputs
    padded_inputs: u32,  // inputs, rounded up to a multiple of 32
    height: u32,
    width: u32,
    out_width: u32,
    stride: u32,
    pad_before: u32,
}

fn activation(row: u32, k: u32) -> f32 {
    let tap = k / params.padded_inputs;
    let channel = k - tap * params.padded_inputs;
    // Unsigned: a coordinate before the picture wraps around and is beyond it as well.
    let source_y = (row / params.out_width) * params.stride + tap / 3u - params.pad_before;
    let source_x = (row % params.out_width) * params.stride + tap % 3u - params.pad_before;
    if channel >= params.inputs || source_y >= params.height || source_x >= params.width {
        return 0.0;
    }
    return x[(source_y * params.width + source_x) * params.inputs + channel];
}

fn store(row: u32, o: u32, value: f32) {
    y[row * params.outputs + o] = value + bias[o];
}

@compute @workgroup_size(8, 8)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    matmul_tile(group.xy, local.xy, params.rows, params.outputs, params.k_len);
}
