// Every row divided by its sum, in place, one workgroup per row.
// Meaning and layout: crates/kernels/src/normalize_rows.rs.

struct Params {
    rows: u32,
    columns: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> map: array<f32>;  // [rows, columns]

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let row = group.y * groups.x + group.x;
    if row >= params.rows {
        return;
    }
    let start = row * params.columns;
    let end = start + params.columns;
    var sum = 0.0;
    for (var i = start + lane; i < end; i += 256u) {
        sum += map[i];
    }
    sum = reduce_sum(lane, sum);
    for (var i = start + lane; i < end; i += 256u) {
        map[i] /= sum;
    }
}
