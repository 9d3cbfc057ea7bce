// a'[i, j] = a[i, j]^(1/T) / Σ_j a[i, j]^(1/T), in place, one workgroup per row.
// Meaning and layout: crates/kernels/src/temperature.rs.

struct Params {
    rows: u32,
    columns: u32,
    exponent: f32,  // 1 / T
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> matrix: array<f32>;  // [rows, columns]

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
    var largest = 0.0;
    for (var i = start + lane; i < end; i += 256u) {
        largest = max(largest, matrix[i]);
    }
    largest = reduce_max(lane, largest);
    var sum = 0.0;
    for (var i = start + lane; i < end; i += 256u) {
        // The largest entry becomes 1: small ones do not underflow before they are compared.
        let ratio = matrix[i] / largest;
        var sharpened = 0.0;
        if ratio > 0.0 {
            sharpened = pow(ratio, params.exponent);
        }
        matrix[i] = sharpened;
        sum += sharpened;
    }
    let scale = 1.0 / reduce_sum(lane, sum);
    for (var i = start + lane; i < end; i += 256u) {
        matrix[i] *= scale;
    }
}
