// q8 matrix: four signed bytes per word, lowest byte first, w = q · scale with one f16 scale per group of 32 along k;
// 16 weights of an output, then those of the next, then the next 16; scales in the same order.
// The including kernel binds `qweight` and `scales` and has params.outputs.

fn scale_of(o: u32, k: u32) -> f32 {
    let group = k / 32u * params.outputs + o;
    return unpack2x16float(scales[group / 2u])[group % 2u];
}

fn weights4(o: u32, k: u32, four: u32) -> vec4<f32> {
    let word = bitcast<i32>(qweight[(k / 16u * params.outputs + o) * 4u + four]);
    // Shifting up and arithmetically down again extends the sign.
    return vec4<f32>((vec4(word) << vec4(24u, 16u, 8u, 0u)) >> vec4(24u));
}
