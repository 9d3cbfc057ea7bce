// f16 matrix: two weights per word, low half first; 16 weights of an output, then those of the next, then the next 16.
// The including kernel binds `qweight` and has params.outputs.

fn scale_of(o: u32, k: u32) -> f32 {
    return 1.0;
}

fn weights4(o: u32, k: u32, four: u32) -> vec4<f32> {
    let word = (k / 16u * params.outputs + o) * 8u + 2u * four;
    return vec4(unpack2x16float(qweight[word]), unpack2x16float(qweight[word + 1u]));
}
