// u[i] = 1 / Σ_j A'[i, j] · v[j], one workgroup per row.
// Meaning and layout: crates/kernels/src/ipf_rows.rs.

struct Params {
    rows: u32,       // of this tile
    columns: u32,
    first_row: u32,  // of this tile within the matrix
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> matrix: array<f32>;     // [rows, columns]
@group(0) @binding(2) var<storage, read> v: array<f32>;          // [columns]
@group(0) @binding(3) var<storage, read_write> u: array<f32>;    // [rows of all tiles]

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
    var sum = 0.0;
    for (var column = lane; column < params.columns; column += 256u) {
        sum = fma(matrix[start + column], v[column], sum);
    }
    sum = reduce_sum(lane, sum);
    if lane == 0u {
        u[params.first_row + row] = select(0.0, 1.0 / sum, sum > 0.0);
    }
}
