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

// Source pixel of tap 0, by row of the tile. Unsigned: what lies before the picture wraps around and is beyond it as well.
var<workgroup> source: array<vec2<u32>, 32>;

fn place_row(r: u32, row: u32) {
    let out = vec2(row % params.out_width, row / params.out_width);
    source[r] = out * params.stride - params.pad_before;
}

struct Place {
    tap: vec2<u32>,  // x and y within the 3 × 3
    channel: u32,
}

fn place_step(k: u32) -> Place {
    let tap = k / params.padded_inputs;
    return Place(vec2(tap % 3u, tap / 3u), k - tap * params.padded_inputs);
}

fn activation(r: u32, row: u32, at: Place) -> f32 {
    let pixel = source[r] + at.tap;
    if at.channel >= params.inputs || pixel.x >= params.width || pixel.y >= params.height {
        return 0.0;
    }
    return x[(pixel.y * params.width + pixel.x) * params.inputs + at.channel];
}

fn store(row: u32, o: u32, value: f32) {
    y[row * params.outputs + o] = value + bias[o];
}

@compute @workgroup_size(8, 8)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    matmul_tile(group.xy, local.xy, params.rows, params.outputs, params.k_len);
}
