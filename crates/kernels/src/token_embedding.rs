//! Rows of a token table plus the position table: the first layer of a text encoder.
//!
//! | tensor | shape | layout |
//! |---|---|---|
//! | ids | `[n]` | u32, each below `vocabulary` |
//! | tokens | `[vocabulary, channels]` | f32, row-major |
//! | positions | `[at least n, channels]` | f32, row-major |
//! | y | `[n, channels]` | f32, row-major |
//!
//! There is no shader: the prompt is fixed, so a few rows are taken once per model, on the CPU for both executors, and a
//! vocabulary of 49,408 × 1024 would not fit a binding.

/// Fills `y`.
pub fn token_embedding_cpu(ids: &[u32], tokens: &[f32], positions: &[f32], channels: usize, y: &mut [f32]) {
    for ((id, position), y) in
        ids.iter().zip(positions.chunks_exact(channels)).zip(y.chunks_exact_mut(channels))
    {
        let token = &tokens[*id as usize * channels..][..channels];
        for ((token, position), y) in token.iter().zip(position).zip(y) {
            *y = token + position;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_its_token_plus_its_position() {
        let (tokens, positions) = ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [0.1, 0.2, 0.3, 0.4]);
        let mut y = [0.0; 4];
        token_embedding_cpu(&[2, 0], &tokens, &positions, 2, &mut y);
        assert_eq!(y, [5.1, 6.2, 1.3, 2.4]);
    }
}
