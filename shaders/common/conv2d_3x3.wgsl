// What the 3×3 convolutions share: implicit im2col on a channels-last picture. The including kernel binds x, bias and y.

struct Params {
    rows: u32,           // output pixels
    inputs: u32,
    outputs: u32,
    padded_inputs: u32,  // inputs, rounded up to a multiple of 32
    steps: u32,          // of 16 along k, of one group
    splits: u32,         // groups that share the steps
    height: u32,
    width: u32,
    out_width: u32,
    stride: u32,
    pad_top: u32,
    pad_left: u32,
}

fn taps() -> u32 {
    return 9u;
}

// Unsigned: what lies before the picture wraps around and is beyond it as well.
fn start_of(row: u32, tap: u32) -> u32 {
    let out = vec2(row % params.out_width, row / params.out_width);
    let pixel = out * params.stride + vec2(tap % 3u, tap / 3u) - vec2(params.pad_left, params.pad_top);
    if pixel.x >= params.width || pixel.y >= params.height {
        return NOWHERE;
    }
    return (pixel.y * params.width + pixel.x) * params.inputs;
}

@compute @workgroup_size(8, 8)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    matmul_tile(group, local.xy);
}
