// Sobel magnitude of every pixel with reflect padding, and the largest of the image.
// Meaning and layout: crates/kernels/src/sobel.rs.

struct Params {
    width: u32,
    height: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> distances: array<f32>;            // [height, width]
@group(0) @binding(2) var<storage, read_write> magnitudes: array<f32>;     // [height, width]
@group(0) @binding(3) var<storage, read_write> largest: atomic<u32>;       // [1], the bits of an f32 ≥ 0

// The neighbours of i, mirrored at the ends; a single pixel is its own neighbour.
fn reflected(i: u32, extent: u32) -> vec2<u32> {
    let last = extent - 1u;
    let before = select(i - 1u, min(1u, last), i == 0u);
    let after = select(i + 1u, max(last, 1u) - 1u, i == last);
    return vec2(before, after);
}

fn magnitude(pixel: u32) -> f32 {
    let x = pixel % params.width;
    let columns = reflected(x, params.width);
    let y = pixel / params.width;
    let rows = reflected(y, params.height) * params.width;
    let row = y * params.width;
    let above = vec3(distances[rows.x + columns.x], distances[rows.x + x], distances[rows.x + columns.y]);
    let centre = vec2(distances[row + columns.x], distances[row + columns.y]);
    let below = vec3(distances[rows.y + columns.x], distances[rows.y + x], distances[rows.y + columns.y]);
    let gx = (above.z - above.x) + 2.0 * (centre.y - centre.x) + (below.z - below.x);
    let gy = (below.x - above.x) + 2.0 * (below.y - above.y) + (below.z - above.z);
    return sqrt(gx * gx + gy * gy);
}

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let pixel = flat_index(group, groups, lane, 256u);
    var value = 0.0;
    if pixel < params.width * params.height {
        value = magnitude(pixel);
        magnitudes[pixel] = value;
    }
    // One atomic per workgroup. Bits of floats ≥ 0 are ordered as the floats are.
    let most = reduce_max(lane, value);
    if lane == 0u {
        atomicMax(&largest, bitcast<u32>(most));
    }
}
