// partials[b, j] = Σ_i weights[i] · matrix[i, j] over the 64 rows i of block b: a vector times a matrix, one invocation
// per column of a block. Neighbouring lanes read neighbouring columns.
// Meaning and layout: crates/kernels/src/weighted_column_sums.rs.

const BLOCK_ROWS = 64u;

struct Params {
    rows: u32,         // of this tile
    columns: u32,
    first_row: u32,    // of this tile within the matrix
    first_block: u32,  // of this tile within the partial sums
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> matrix: array<f32>;           // [rows, columns]
@group(0) @binding(2) var<storage, read> weights: array<f32>;          // [rows of all tiles]
@group(0) @binding(3) var<storage, read_write> partials: array<f32>;   // [blocks of all tiles, columns]

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let column = id.x;
    if column >= params.columns {
        return;
    }
    let first = id.y * BLOCK_ROWS;
    let end = min(first + BLOCK_ROWS, params.rows);
    var sum = 0.0;
    for (var row = first; row < end; row++) {
        sum = fma(weights[params.first_row + row], matrix[row * params.columns + column], sum);
    }
    partials[(params.first_block + id.y) * params.columns + column] = sum;
}
