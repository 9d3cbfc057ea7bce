// u[i] = 1 / Σ_j A'[i, j] · v[j]; a workgroup takes 8 rows with 32 lanes each, so that the rows share its barriers.
// Meaning and layout: crates/kernels/src/ipf_rows.rs.

const ROWS = 8u;
const LANES = 32u;

struct Params {
    rows: u32,       // of this tile
    columns: u32,
    first_row: u32,  // of this tile within the matrix
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> matrix: array<f32>;     // [rows, columns]
@group(0) @binding(2) var<storage, read> v: array<f32>;          // [columns]
@group(0) @binding(3) var<storage, read_write> u: array<f32>;    // [rows of all tiles]

var<workgroup> sums: array<f32, 256>;  // [ROWS, LANES]

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) index: u32,
) {
    let lane = index % LANES;
    let row = (group.y * groups.x + group.x) * ROWS + index / LANES;
    var sum = 0.0;
    if row < params.rows {
        let start = row * params.columns;
        for (var column = lane; column < params.columns; column += LANES) {
            sum = fma(matrix[start + column], v[column], sum);
        }
    }
    sums[index] = sum;
    workgroupBarrier();
    for (var half = LANES / 2u; half > 0u; half >>= 1u) {
        if lane < half {
            sums[index] += sums[index + half];
        }
        workgroupBarrier();
    }
    if lane == 0u && row < params.rows {
        let total = sums[index];
        u[params.first_row + row] = select(0.0, 1.0 / total, total > 0.0);
    }
}
