// q4 matrix: eight nibbles per word, lowest first, w = (n − 8) · scale with one f16 scale per group of 32 along k;
// 16 weights of an output, then those of the next, then the next 16; scales in the same order.
// The including kernel binds `qweight` and `scales` and has params.outputs.

fn scale_of(o: u32, k: u32) -> f32 {
    let group = k / 32u * params.outputs + o;
    return unpack2x16float(scales[group / 2u])[group % 2u];
}

fn weights4(o: u32, k: u32, four: u32) -> vec4<f32> {
    let word = qweight[(k / 16u * params.outputs + o) * 2u + four / 2u];
    let nibbles = (vec4(word) >> (vec4(0u, 4u, 8u, 12u) + 16u * (four % 2u))) & vec4(15u);
    return vec4<f32>(nibbles) - 8.0;
}
