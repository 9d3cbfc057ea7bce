// One point's turn in the truncated nearest neighbour: keeps the smallest adjusted distance of every pixel, and in its
// sign bit whether the pixel is foreground.
// Meaning and layout: crates/kernels/src/truncated_nearest.rs.

struct Params {
    pixels: u32,
    point: u32,
    foreground: u32,
    first: u32,  // whether nothing was kept yet
}

struct Chosen {
    candidate: u32,
    threshold: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> distances: array<f32>;            // [pixels]
@group(0) @binding(2) var<storage, read> chosen: array<Chosen>;            // [points]
@group(0) @binding(3) var<storage, read_write> nearest: array<u32>;        // [pixels], bits of an f32

const SMALLEST_THRESHOLD = 1e-7;
const SIGN = 0x80000000u;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let pixel = flat_index(group, groups, lane, 256u);
    if pixel >= params.pixels {
        return;
    }
    let divisor = max(chosen[params.point].threshold, SMALLEST_THRESHOLD);
    let adjusted = distances[pixel] / divisor;
    if params.first == 1u || adjusted < bitcast<f32>(nearest[pixel] & ~SIGN) {
        // Not `adjusted <= 1`: shader division may round x / x up, and whole plateaus have the distance θ.
        let inside = params.foreground == 1u && distances[pixel] <= divisor;
        nearest[pixel] = bitcast<u32>(adjusted) | select(0u, SIGN, inside);
    }
}
