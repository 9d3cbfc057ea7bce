// Each magnitude divided by the largest and truncated to an integer in 0..=1024.
// Meaning and layout: crates/kernels/src/sobel_levels.rs.

struct Params {
    pixels: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> magnitudes: array<f32>;         // [pixels]
@group(0) @binding(2) var<storage, read> largest: array<f32>;            // [1]
@group(0) @binding(3) var<storage, read_write> levels: array<u32>;       // [pixels]

const SOBEL_LEVELS = 1024.0;

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
    var level = 0u;
    if largest[0] > 0.0 {
        // Shader division may round x / x up.
        level = u32(min(magnitudes[pixel] / largest[0] * SOBEL_LEVELS, SOBEL_LEVELS));
    }
    levels[pixel] = level;
}
