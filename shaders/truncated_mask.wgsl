// The sign bits of truncated_nearest.wgsl as bytes of 0 and 1, four per word, lowest byte first.
// Meaning and layout: crates/kernels/src/truncated_mask.rs.

struct Params {
    pixels: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> nearest: array<u32>;         // [pixels]
@group(0) @binding(2) var<storage, read_write> mask: array<u32>;      // [pixels / 4, rounded up]

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let first = 4u * flat_index(group, groups, lane, 256u);
    if first >= params.pixels {
        return;
    }
    var word = 0u;
    for (var i = 0u; i < 4u; i++) {
        if first + i < params.pixels {
            word |= (nearest[first + i] >> 31u) << (8u * i);
        }
    }
    mask[first / 4u] = word;
}
