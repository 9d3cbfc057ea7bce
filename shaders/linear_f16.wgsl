// y = x · Wᵀ + b with f16 weights: shaders/common/{matmul_tile,weights_f16,linear}.wgsl.
// Meaning and layout: crates/kernels/src/linear_f16.rs.

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;                 // [rows, inputs]
@group(0) @binding(2) var<storage, read> qweight: array<u32>;           // [k_len / 16, outputs, 8]
@group(0) @binding(3) var<storage, read> bias: array<f32>;              // [outputs]
@group(0) @binding(4) var<storage, read_write> y: array<f32>;           // [rows, outputs]
