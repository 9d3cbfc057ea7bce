// Adds to each block of 1024 pairs the total of the blocks before it.
// Meaning and layout: crates/kernels/src/prefix_sums_add.rs.

struct Params {
    pairs: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> totals: array<vec2<i32>>;           // [blocks], their own prefix sums
@group(0) @binding(2) var<storage, read_write> values: array<vec2<i32>>;     // [pairs]

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let index = flat_index(group, groups, lane, 256u);
    if index >= 1024u && index < params.pairs {
        values[index] += totals[index / 1024u - 1u];
    }
}
