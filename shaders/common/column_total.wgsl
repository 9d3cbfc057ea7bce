// Adds up the partial sums of shaders/weighted_column_sums.wgsl. The including kernel binds `partials` and has
// params.blocks and params.columns.

fn column_total(column: u32) -> f32 {
    var sum = 0.0;
    for (var block = 0u; block < params.blocks; block++) {
        sum += partials[block * params.columns + column];
    }
    return sum;
}
