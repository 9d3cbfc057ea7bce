// Register-tiled product of activations and weights: y[row, o] = Σ_k x(row, k) · weight(o, k) + bias[o].
//
// A workgroup of 8 × 8 makes a tile of 64 rows × 64 outputs, each invocation 8 × 8 of it, in steps of 16 along k; where
// that would be too few groups for a device, 32 rows and 4 × 8 each, and groups along z share the steps. A step lies in one
// tap and one quantisation group, because matrices are padded to multiples of 32 (crates/kernels/src/matrix.rs).
//
// The including kernel binds x, bias and y, has params.{rows, inputs, outputs, padded_inputs, steps, splits}, and provides
//   fn start_of(row: u32, tap: u32) -> u32          where the activations of a row and tap begin in x; NOWHERE: all are 0
//   fn scale_of(o: u32, k: u32) -> f32              of the weights of output o from k on, k a multiple of 16, o in range
//   fn weights4(o: u32, k: u32, four: u32) -> vec4<f32>   weights k + 4 · four and the three behind, without the scale

override TALL: bool = true;

const NOWHERE = 0xffffffffu;
const STEP = 16u;
const OUTPUTS = 64u;
// Fours in a line of a tile, one more than there are: neighbours in a column fall into different memory banks.
const LINE = 17u;

var<workgroup> tile_a: array<vec4<f32>, 272>;  // [k][row / 4], LINE apart
var<workgroup> tile_b: array<vec4<f32>, 272>;  // [k][output / 4], LINE apart
var<workgroup> row_start: array<u32, 64>;      // of the tap at hand

fn matmul_tile(group: vec3<u32>, local: vec2<u32>) {
    let lane = local.y * 8u + local.x;
    let tile_rows = select(32u, 64u, TALL);
    let first_row = group.y * tile_rows;
    let first_output = group.x * OUTPUTS;
    let first_step = group.z * params.steps;
    let k_len = taps() * params.padded_inputs;
    let last_k = min((first_step + params.steps) * STEP, k_len);
    var sums: array<vec4<f32>, 16>;
    for (var k = first_step * STEP; k < last_k; k += STEP) {
        let tap = k / params.padded_inputs;
        let channel = k - tap * params.padded_inputs;
        if channel == 0u || k == first_step * STEP {
            if lane < tile_rows {
                row_start[lane] = NOWHERE;
                if first_row + lane < params.rows {
                    row_start[lane] = start_of(first_row + lane, tap);
                }
            }
            workgroupBarrier();
        }
        load_activations(lane, tile_rows, channel);
        load_weights(lane, first_output, k);
        workgroupBarrier();
        for (var i = 0u; i < STEP; i++) {
            let b = i * LINE + local.x * 2u;
            let b0 = tile_b[b];
            let b1 = tile_b[b + 1u];
            let a = i * LINE + local.y * (tile_rows / 32u);
            let a0 = tile_a[a];
            sums[0] = fma(vec4(a0.x), b0, sums[0]);
            sums[1] = fma(vec4(a0.x), b1, sums[1]);
            sums[2] = fma(vec4(a0.y), b0, sums[2]);
            sums[3] = fma(vec4(a0.y), b1, sums[3]);
            sums[4] = fma(vec4(a0.z), b0, sums[4]);
            sums[5] = fma(vec4(a0.z), b1, sums[5]);
            sums[6] = fma(vec4(a0.w), b0, sums[6]);
            sums[7] = fma(vec4(a0.w), b1, sums[7]);
            if TALL {
                let a1 = tile_a[a + 1u];
                sums[8] = fma(vec4(a1.x), b0, sums[8]);
                sums[9] = fma(vec4(a1.x), b1, sums[9]);
                sums[10] = fma(vec4(a1.y), b0, sums[10]);
                sums[11] = fma(vec4(a1.y), b1, sums[11]);
                sums[12] = fma(vec4(a1.z), b0, sums[12]);
                sums[13] = fma(vec4(a1.z), b1, sums[13]);
                sums[14] = fma(vec4(a1.w), b0, sums[14]);
                sums[15] = fma(vec4(a1.w), b1, sums[15]);
            }
        }
        workgroupBarrier();
    }
    let row = first_row + local.y * (tile_rows / 8u);
    let output = first_output + local.x * 8u;
    store_row(group.z, row, output, sums[0], sums[1]);
    store_row(group.z, row + 1u, output, sums[2], sums[3]);
    store_row(group.z, row + 2u, output, sums[4], sums[5]);
    store_row(group.z, row + 3u, output, sums[6], sums[7]);
    if TALL {
        store_row(group.z, row + 4u, output, sums[8], sums[9]);
        store_row(group.z, row + 5u, output, sums[10], sums[11]);
        store_row(group.z, row + 6u, output, sums[12], sums[13]);
        store_row(group.z, row + 7u, output, sums[14], sums[15]);
    }
}

// Written out, not in loops: an array whose index is no constant need not lie in registers.
fn store_row(split: u32, row: u32, o: u32, near: vec4<f32>, far: vec4<f32>) {
    if row >= params.rows {
        return;
    }
    store(split, row, o, near.x);
    store(split, row, o + 1u, near.y);
    store(split, row, o + 2u, near.z);
    store(split, row, o + 3u, near.w);
    store(split, row, o + 4u, far.x);
    store(split, row, o + 5u, far.y);
    store(split, row, o + 6u, far.z);
    store(split, row, o + 7u, far.w);
}

// Neighbouring lanes read neighbouring k: activations are contiguous along k.
fn load_activations(lane: u32, tile_rows: u32, first_channel: u32) {
    let column = lane % STEP;
    let channel = first_channel + column;
    for (var four = lane / STEP; four < tile_rows / 4u; four += 4u) {
        tile_a[column * LINE + four] = vec4(
            activation(4u * four, channel),
            activation(4u * four + 1u, channel),
            activation(4u * four + 2u, channel),
            activation(4u * four + 3u, channel),
        );
    }
}

fn activation(r: u32, channel: u32) -> f32 {
    let start = row_start[r];
    if start == NOWHERE || channel >= params.inputs {
        return 0.0;
    }
    return x[start + channel];
}

// A lane takes the weights of one output; they lie one behind the other in that order.
fn load_weights(lane: u32, first_output: u32, k: u32) {
    let o = first_output + lane;
    let exists = o < params.outputs;
    var scale = 0.0;
    if exists {
        scale = scale_of(o, k);
    }
    for (var four = 0u; four < STEP / 4u; four++) {
        var weights = vec4(0.0);
        if exists {
            weights = scale * weights4(o, k, four);
        }
        let line = 4u * four * LINE + lane / 4u;
        tile_b[line][lane % 4u] = weights.x;
        tile_b[line + LINE][lane % 4u] = weights.y;
        tile_b[line + 2u * LINE][lane % 4u] = weights.z;
        tile_b[line + 3u * LINE][lane % 4u] = weights.w;
    }
}

// The groups along z leave their shares one behind the other; shaders/sum_splits.wgsl adds them and the bias.
fn store(split: u32, row: u32, o: u32, value: f32) {
    if o >= params.outputs {
        return;
    }
    let at = row * params.outputs + o;
    if params.splits > 1u {
        y[split * params.rows * params.outputs + at] = value;
    } else {
        y[at] = value + bias[o];
    }
}
