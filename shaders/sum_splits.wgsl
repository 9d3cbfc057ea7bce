// y[row, o] = Σ_s partials[s, row, o] + bias[o]. Meaning: crates/kernels/src/sum_splits.rs.

struct Params {
    len: u32,      // rows · outputs
    outputs: u32,
    splits: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> partials: array<f32>;      // [splits, rows, outputs]
@group(0) @binding(2) var<storage, read> bias: array<f32>;          // [outputs]
@group(0) @binding(3) var<storage, read_write> y: array<f32>;       // [rows, outputs]

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let index = flat_index(group, groups, lane, 256u);
    if index >= params.len {
        return;
    }
    var sum = bias[index % params.outputs];
    for (var split = 0u; split < params.splits; split++) {
        sum += partials[split * params.len + index];
    }
    y[index] = sum;
}
