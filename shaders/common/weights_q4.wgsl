// q4 matrix: eight nibbles per word, lowest first, w = (n − 8) · scale with one f16 scale per group of 32 along k.
// The including kernel binds `qweight` and `scales` and has params.k_len.

fn weights16(o: u32, k: u32) -> array<f32, 16> {
    var values: array<f32, 16>;
    let first = o * params.k_len + k;
    let group = first / 32u;
    let scale = unpack2x16float(scales[group / 2u])[group % 2u];
    for (var i = 0u; i < 16u; i++) {
        let nibble = (qweight[first / 8u + i / 8u] >> (4u * (i % 8u))) & 15u;
        values[i] = (f32(nibble) - 8.0) * scale;
    }
    return values;
}
