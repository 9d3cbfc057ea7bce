// q8 matrix: four signed bytes per word, lowest byte first, w = q · scale with one f16 scale per group of 32 along k.
// The including kernel binds `qweight` and `scales` and has params.k_len.

fn weights16(o: u32, k: u32) -> array<f32, 16> {
    var values: array<f32, 16>;
    let first = o * params.k_len + k;
    let group = first / 32u;
    let scale = unpack2x16float(scales[group / 2u])[group % 2u];
    for (var i = 0u; i < 4u; i++) {
        // Shifting up and arithmetically down again extends the sign.
        let bytes = (vec4(bitcast<i32>(qweight[first / 4u + i])) << vec4(24u, 16u, 8u, 0u)) >> vec4(24u);
        let four = vec4<f32>(bytes) * scale;
        values[4u * i] = four.x;
        values[4u * i + 1u] = four.y;
        values[4u * i + 2u] = four.z;
        values[4u * i + 3u] = four.w;
    }
    return values;
}
