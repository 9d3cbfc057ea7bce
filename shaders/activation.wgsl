// y = f(x) with f of shaders/common/functions.wgsl.
// Meaning and layout: crates/kernels/src/activation.rs.

struct Params {
    len: u32,
    function: u32,  // 0 SiLU, 1 GELU, 2 quick GELU
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;        // [len]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // [len]

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let i = flat_index(group, groups, lane, 256u);
    if i >= params.len {
        return;
    }
    switch params.function {
        case 0u: {
            y[i] = silu(x[i]);
        }
        case 1u: {
            y[i] = gelu(x[i]);
        }
        default: {
            y[i] = quick_gelu(x[i]);
        }
    }
}
