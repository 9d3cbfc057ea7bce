// out[p] = Σ_k w[p, k] · map[cell(p, k)] / Σ_k w[p, k]; one invocation per pixel of a tile of image rows.
// Meaning and layout: crates/kernels/src/upsample_map.rs.

struct Params {
    side: u32,       // of the padded map
    width: u32,
    first_row: u32,  // of this tile within the image
    pixels: u32,     // of this tile
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> map: array<f32>;              // [side, side]
@group(0) @binding(2) var<storage, read> axis_x: array<AxisPixel>;     // [width]
@group(0) @binding(3) var<storage, read> axis_y: array<AxisPixel>;     // [height]
@group(0) @binding(4) var<storage, read> weights: array<u32>;          // [32, pixels], two u16 each
@group(0) @binding(5) var<storage, read_write> out: array<f32>;        // [height, width]

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let index = flat_index(group, groups, lane, 64u);
    if index >= params.pixels {
        return;
    }
    let px = index % params.width;
    let py = params.first_row + index / params.width;
    var cell = axis_y[py].origin * params.side + axis_x[px].origin;
    var sum = 0.0;
    var total = 0.0;
    for (var row = 0u; row < 8u; row++) {
        for (var pair = 0u; pair < 4u; pair++) {
            // Planes of words: neighbouring lanes read neighbouring pixels.
            let two = unpack2x16unorm(weights[(row * 4u + pair) * params.pixels + index]);
            sum += two.x * map[cell + 2u * pair] + two.y * map[cell + 2u * pair + 1u];
            total += two.x + two.y;
        }
        cell += params.side;
    }
    out[params.first_row * params.width + index] = sum / total;
}
