// edge[i] = border sum / border length of candidate i, 0 where it has no border.
// Meaning and layout: crates/kernels/src/edge_terms.rs.

struct Params {
    candidates: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> borders: array<vec2<i32>>;      // [candidates]: length, sum
@group(0) @binding(2) var<storage, read_write> edge: array<f32>;         // [candidates]

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let candidate = flat_index(group, groups, lane, 256u);
    if candidate >= params.candidates {
        return;
    }
    let border = borders[candidate];
    var term = 0.0;
    if border.x > 0 {
        term = f32(border.y) / f32(border.x);
    }
    edge[candidate] = term;
}
