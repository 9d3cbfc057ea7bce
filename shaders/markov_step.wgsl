// One step of the Markov chains of up to 4 points in one pass over the matrix: the tokens that passed at the step before
// get their value, then y[j] = v[j]/max · Σ_i y_before[i]·u[i] · A'[i, j], with max the largest of y_before.
// Meaning and layout: crates/kernels/src/markov_step.rs.

const COLUMNS = 32u;   // of a workgroup, 4 of an invocation
const APART = 8u;      // these 4 lie so far apart: neighbouring lanes read neighbouring columns
const LANES = 32u;     // that share the rows of a column
const MAX_STATES = 4u;

override STATES: u32 = 1u;

struct Params {
    rows: u32,       // of this tile
    columns: u32,
    first_row: u32,  // of this tile within the matrix
    is_first: u32,   // tile of the matrix
    is_last: u32,
    parity: u32,     // of the step
    lambda: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> matrix: array<f32>;                     // [rows, columns]
@group(0) @binding(2) var<storage, read> u: array<f32>;                          // [columns]
@group(0) @binding(3) var<storage, read> v: array<f32>;                          // [columns]
@group(0) @binding(4) var<storage, read> y_before: array<f32>;                   // [STATES, columns]
@group(0) @binding(5) var<storage, read_write> y: array<f32>;                    // [STATES, columns]: of two steps before, then of this
@group(0) @binding(6) var<storage, read_write> map: array<f32>;                  // [STATES, columns]
@group(0) @binding(7) var<storage, read_write> progress: array<atomic<u32>>;     // [2 + steps * STATES * 2]: the step by parity, then the largest and the waiting

var<workgroup> of_lanes: array<vec4<f32>, APART * LANES>;
var<workgroup> largest: array<atomic<u32>, MAX_STATES>;  // bits of floats ≥ 0 are ordered as the floats are
var<workgroup> waiting: array<atomic<u32>, MAX_STATES>;

fn record(step: u32, state: u32) -> u32 {
    return 2u + 2u * (step * STATES + state);
}

fn largest_of(step: u32, state: u32) -> f32 {
    return bitcast<f32>(atomicLoad(&progress[record(step, state)]));
}

// Gives the token its value if it passed at the step before `step`.
fn cross(step: u32, state: u32, column: u32) {
    let at = state * params.columns + column;
    if map[at] >= 0.0 {
        return;
    }
    let now = y_before[at] / largest_of(step - 1u, state);
    if !(now > params.lambda) {
        atomicAdd(&waiting[state], 1u);
        return;
    }
    var delta = 1.0 - params.lambda;
    if step > 1u {
        delta = now - y[at] / largest_of(step - 2u, state);
    }
    map[at] = f32(step) - (now - params.lambda) / (delta + 1e-6);
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let step = atomicLoad(&progress[params.parity]);
    let columns = params.columns;
    let rows = params.rows;
    let lane_column = lane % APART;
    let first_column = group.x * COLUMNS + lane_column;
    // The first 32 invocations each answer for a column.
    let column = group.x * COLUMNS + lane;
    let answers = lane < COLUMNS && column < columns;
    if lane < MAX_STATES {
        atomicStore(&largest[lane], 0u);
        atomicStore(&waiting[lane], 0u);
    }
    workgroupBarrier();
    if answers && params.is_first == 1u && step > 0u {
        for (var state = 0u; state < STATES; state++) {
            cross(step, state, column);
        }
    }

    // Columns beyond the last are read, and nobody answers for them.
    var sums: array<vec4<f32>, MAX_STATES>;
    for (var row = lane / APART; row < rows; row += LANES) {
        let at = row * columns + first_column;
        let entries = vec4(matrix[at], matrix[at + APART], matrix[at + 2u * APART], matrix[at + 3u * APART]);
        let of_matrix = params.first_row + row;
        let factor = u[of_matrix];
        for (var state = 0u; state < STATES; state++) {
            sums[state] = fma(vec4(y_before[state * columns + of_matrix] * factor), entries, sums[state]);
        }
    }
    for (var state = 0u; state < STATES; state++) {
        workgroupBarrier();
        of_lanes[lane] = sums[state];
        workgroupBarrier();
        if answers {
            let at = state * columns + column;
            var sum = 0.0;
            if params.is_first == 0u {
                sum = y[at];
            }
            for (var other = 0u; other < LANES; other++) {
                sum += of_lanes[other * APART + lane_column][lane / APART];
            }
            if params.is_last == 1u {
                sum *= v[column];
                if step > 0u {
                    sum /= largest_of(step - 1u, state);
                }
                atomicMax(&largest[state], bitcast<u32>(sum));
            }
            y[at] = sum;
        }
    }
    workgroupBarrier();
    if lane < STATES {
        if params.is_last == 1u {
            atomicMax(&progress[record(step, lane)], atomicLoad(&largest[lane]));
        }
        if params.is_first == 1u && step > 0u {
            atomicAdd(&progress[record(step - 1u, lane) + 1u], atomicLoad(&waiting[lane]));
        }
    }
    if group.x == 0u && lane == 0u && params.is_last == 1u {
        atomicStore(&progress[1u - params.parity], step + 1u);
    }
}
