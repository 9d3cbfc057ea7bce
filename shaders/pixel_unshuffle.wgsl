// Squares of pixels become channels; two more may hold the token's place.
// Meaning and layout: crates/kernels/src/pixel_unshuffle.rs.

struct Params {
    len: u32,     // height · width · outputs
    height: u32,  // of y
    width: u32,   // of y
    channels: u32,  // of x
    factor: u32,
    outputs: u32,  // channels of y
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;        // [factor · height, factor · width, channels]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // [height, width, outputs]

fn centre(token: u32, tokens: u32) -> f32 {
    return 2.0 * (f32(token) + 0.5) / f32(tokens) - 1.0;
}

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let i = flat_index(group, groups, lane, 256u);
    if i >= params.len {
        return;
    }
    let token = i / params.outputs;
    let output = i % params.outputs;
    let row = token / params.width;
    let column = token % params.width;
    let unshuffled = params.channels * params.factor * params.factor;
    if output < unshuffled {
        let channel = output / (params.factor * params.factor);
        let source_row = row * params.factor + output / params.factor % params.factor;
        let source_column = column * params.factor + output % params.factor;
        y[i] = x[(source_row * params.width * params.factor + source_column) * params.channels + channel];
    } else if output == unshuffled {
        y[i] = centre(column, params.width);
    } else {
        y[i] = centre(row, params.height);
    }
}
