// The 8 × 8 weights with which each pixel of some image rows reads the low-resolution map; one invocation per pixel.
// Meaning and layout: crates/kernels/src/upsample_weights.rs.

struct Params {
    width: u32,
    height: u32,
    first_row: u32,     // of the rows of this dispatch within the image
    first_pixel: u32,   // of the rows of this dispatch within the tile
    pixels: u32,        // of this dispatch
    tile_pixels: u32,
    radius_y: u32,
    stride_x: u32,
    stride_y: u32,
    factor_x: f32,
    factor_y: f32,
    range_exponent: f32,  // of the squared colour distance in 8-bit steps
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> photo: array<u32>;               // [height, width], r | g << 8 | b << 16
@group(0) @binding(2) var<storage, read> axis_x: array<AxisPixel>;        // [width]
@group(0) @binding(3) var<storage, read> axis_y: array<AxisPixel>;        // [height]
@group(0) @binding(4) var<storage, read> reach: array<u32>;               // [radius_y + 1]
@group(0) @binding(5) var<storage, read_write> weights: array<u32>;       // [32, tile_pixels], two u16 each

var<private> window: array<f32, 64>;

fn colour(pixel: u32) -> vec3<f32> {
    let word = photo[pixel];
    return vec3<f32>(vec3(word, word >> 8u, word >> 16u) & vec3(255u));
}

// Rounding may put a cell that weighs nothing just outside: it is held inside.
fn window_cell(cell: u32, origin: u32) -> u32 {
    return min(max(cell, origin) - origin, 7u);
}

// Deals the sums of the samples in one cell and image row out over the four cells that bilinear upsampling reads.
fn deal_out(cell: u32, row: u32, sum: f32, right: f32, below: f32) {
    let left = sum - right;
    let next_cell = min(cell + 1u, 7u);
    let next_row = min(row + 1u, 7u);
    window[row * 8u + cell] += left * (1.0 - below);
    window[row * 8u + next_cell] += right * (1.0 - below);
    window[next_row * 8u + cell] += left * below;
    window[next_row * 8u + next_cell] += right * below;
}

fn add_row(px: u32, qy: u32, centre: vec3<f32>, origin: vec2<u32>, vertical: f32, reach_x: u32) {
    let row = window_cell(axis_y[qy].lower, origin.y);
    let below = axis_y[qy].fraction;
    let first = px - min(reach_x, px) / params.stride_x * params.stride_x;
    let end = min(px + reach_x + 1u, params.width);
    var cell = 0u;
    var sum = 0.0;
    var right = 0.0;
    for (var qx = first; qx < end; qx += params.stride_x) {
        let axis = axis_x[qx];
        let current = window_cell(axis.lower, origin.x);
        // Samples of one cell are summed in registers: the window is touched once a cell, not once a sample.
        if current != cell {
            deal_out(cell, row, sum, right, below);
            cell = current;
            sum = 0.0;
            right = 0.0;
        }
        let difference = colour(qy * params.width + qx) - centre;
        let dx = (f32(qx) - f32(px)) / params.factor_x;
        let weight = exp(params.range_exponent * dot(difference, difference) - 0.5 * dx * dx + vertical);
        sum += weight;
        right += weight * axis.fraction;
    }
    deal_out(cell, row, sum, right, below);
}

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
    let centre = colour(py * params.width + px);
    let origin = vec2(axis_x[px].origin, axis_y[py].origin);
    for (var i = 0u; i < 64u; i++) {
        window[i] = 0.0;
    }
    let first = py - min(params.radius_y, py) / params.stride_y * params.stride_y;
    let end = min(py + params.radius_y + 1u, params.height);
    for (var qy = first; qy < end; qy += params.stride_y) {
        let distance = max(qy, py) - min(qy, py);
        let dy = f32(distance) / params.factor_y;
        add_row(px, qy, centre, origin, -0.5 * dy * dy, reach[distance]);
    }
    var largest = 0.0;
    for (var i = 0u; i < 64u; i++) {
        largest = max(largest, window[i]);
    }
    for (var i = 0u; i < 32u; i++) {
        let pair = vec2(window[2u * i], window[2u * i + 1u]) / largest;
        weights[i * params.tile_pixels + params.first_pixel + index] = pack2x16unorm(pair);
    }
}
