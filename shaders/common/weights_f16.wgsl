// f16 matrix: two weights per word, low half first. The including kernel binds `qweight` and has params.k_len.

fn weights16(o: u32, k: u32) -> array<f32, 16> {
    var values: array<f32, 16>;
    let word = (o * params.k_len + k) / 2u;
    for (var i = 0u; i < 8u; i++) {
        let pair = unpack2x16float(qweight[word + i]);
        values[2u * i] = pair.x;
        values[2u * i + 1u] = pair.y;
    }
    return values;
}
