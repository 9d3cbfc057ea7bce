// 3×3 convolution with q8 weights: shaders/common/{matmul_tile,weights_q8,conv2d_3x3}.wgsl.
// Meaning and layout: crates/kernels/src/conv2d_3x3_q8.rs.

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;                 // [height, width, inputs]
@group(0) @binding(2) var<storage, read> qweight: array<u32>;           // [k_len / 16, outputs, 4]
@group(0) @binding(3) var<storage, read> scales: array<u32>;            // [k_len / 32, outputs], two a word
@group(0) @binding(4) var<storage, read> bias: array<f32>;              // [outputs]
@group(0) @binding(5) var<storage, read_write> y: array<f32>;           // [rows, outputs]
