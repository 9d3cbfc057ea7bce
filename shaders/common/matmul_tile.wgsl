// Register-tiled product of activations and weights: y[row, o] = Σ_k x(row, k) · weight(o, k) + bias[o].
//
// A workgroup of 8 × 8 makes a tile of 32 rows × 32 outputs, each invocation 4 × 4 of it, in steps of 32 along k. A step
// lies in one tap and one quantisation group, because matrices are padded to multiples of 32 (crates/kernels/src/matrix.rs).
//
// The including kernel provides
//   fn place_row(r: u32, row: u32)                   called once for row r of the tile: what all steps need of it
//   struct Place; fn place_step(k: u32) -> Place     called once a step: what all rows need of column k
//   fn activation(r: u32, row: u32, at: Place) -> f32   zero outside the picture and in the padding of k
//   fn weights16(o: u32, k: u32) -> array<f32, 16>   16 weights of output o from k on, k a multiple of 16, o in range
//   fn store(row: u32, o: u32, value: f32)           row and o in range

const TILE = 32u;
// One more than a tile's side: neighbours in a column fall into different memory banks.
const STRIDE = 33u;

var<workgroup> tile_a: array<f32, 1056>;  // [k][row], STRIDE apart
var<workgroup> tile_b: array<f32, 1056>;  // [k][output], STRIDE apart

fn matmul_tile(group: vec2<u32>, local: vec2<u32>, rows: u32, outputs: u32, k_len: u32) {
    let lane = local.y * 8u + local.x;
    let first_row = group.y * TILE;
    let first_output = group.x * TILE;
    if lane < TILE {
        place_row(lane, first_row + lane);
    }
    workgroupBarrier();
    var sums: array<vec4<f32>, 4>;
    for (var k = 0u; k < k_len; k += TILE) {
        load_activations(lane, first_row, rows, k);
        load_weights(lane, first_output, outputs, k);
        workgroupBarrier();
        for (var i = 0u; i < TILE; i++) {
            let a = i * STRIDE + local.y * 4u;
            let b = i * STRIDE + local.x * 4u;
            let weight = vec4(tile_b[b], tile_b[b + 1u], tile_b[b + 2u], tile_b[b + 3u]);
            sums[0] = fma(vec4(tile_a[a]), weight, sums[0]);
            sums[1] = fma(vec4(tile_a[a + 1u]), weight, sums[1]);
            sums[2] = fma(vec4(tile_a[a + 2u]), weight, sums[2]);
            sums[3] = fma(vec4(tile_a[a + 3u]), weight, sums[3]);
        }
        workgroupBarrier();
    }
    for (var r = 0u; r < 4u; r++) {
        let row = first_row + local.y * 4u + r;
        for (var c = 0u; c < 4u; c++) {
            let output = first_output + local.x * 4u + c;
            if row < rows && output < outputs {
                store(row, output, sums[r][c]);
            }
        }
    }
}

// Neighbouring lanes read neighbouring k: activations are contiguous along k.
fn load_activations(lane: u32, first_row: u32, rows: u32, k: u32) {
    let column = lane % TILE;
    let at = place_step(k + column);
    for (var r = lane / TILE; r < TILE; r += 2u) {
        let row = first_row + r;
        var value = 0.0;
        if row < rows {
            value = activation(r, row, at);
        }
        tile_a[column * STRIDE + r] = value;
    }
}

// Two lanes share an output: 16 weights each.
fn load_weights(lane: u32, first_output: u32, outputs: u32, k: u32) {
    let column = lane / 2u;
    let half = (lane % 2u) * 16u;
    var values: array<f32, 16>;
    if first_output + column < outputs {
        values = weights16(first_output + column, k + half);
    }
    for (var i = 0u; i < 16u; i++) {
        tile_b[(half + i) * STRIDE + column] = values[i];
    }
}
