//! The embeddings of a list: so few values, once per model, that both executors take them from here. A vocabulary of
//! 49,408 × 1024 would not even fit a binding.

use maskov_graph::{Embedding, Shape, WeightId};

/// The values of an embedding, `[rows, channels]`; `weight` gives a weight's values.
pub(crate) fn embedding_values<'a>(
    embedding: &Embedding,
    weight: &dyn Fn(WeightId) -> &'a [f32],
    shape: Shape,
) -> Vec<f32> {
    match embedding {
        Embedding::Timestep { timestep: at, channels, flip_sin_to_cos, freq_shift } => {
            timestep(*at, *channels, *flip_sin_to_cos, *freq_shift)
        }
        Embedding::Tokens { ids, tokens, positions } => {
            rows_of_tokens(ids, weight(*tokens), weight(*positions), shape.channels)
        }
    }
}

/// diffusers' `get_timestep_embedding` for one timestep: `channels` values, sines first unless flipped.
fn timestep(timestep: f32, channels: usize, flip_sin_to_cos: bool, freq_shift: f32) -> Vec<f32> {
    let half = channels / 2;
    let angle = |i: usize| {
        let exponent = -f64::ln(10_000.0) * i as f64 / (half as f64 - f64::from(freq_shift));
        f64::from(timestep) * exponent.exp()
    };
    let sines = (0..half).map(|i| angle(i).sin() as f32);
    let cosines = (0..half).map(|i| angle(i).cos() as f32);
    if flip_sin_to_cos { cosines.chain(sines).collect() } else { sines.chain(cosines).collect() }
}

/// Rows of a token table `[vocabulary, channels]` plus those of a position table `[at least as many, channels]`.
fn rows_of_tokens(ids: &[u32], tokens: &[f32], positions: &[f32], channels: usize) -> Vec<f32> {
    let mut rows = Vec::with_capacity(ids.len() * channels);
    for (id, position) in ids.iter().zip(positions.chunks_exact(channels)) {
        let token = &tokens[*id as usize * channels..][..channels];
        rows.extend(token.iter().zip(position).map(|(token, position)| token + position));
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestep_is_that_of_the_formula() {
        // Two frequencies: 1 and 10000^(−1/2) = 0.01.
        let expected = [100f32.cos(), 1f32.cos(), 100f32.sin(), 1f32.sin()];
        for (got, expected) in timestep(100.0, 4, true, 0.0).iter().zip(expected) {
            assert!((got - expected).abs() < 1e-6, "{got} is not {expected}");
        }
        let shifted = timestep(100.0, 4, false, 1.0);
        assert!((shifted[1] - 0.01f32.sin()).abs() < 1e-6, "the shift reaches the last frequency, 1/10000");
    }

    #[test]
    fn a_row_is_its_token_plus_its_position() {
        let (tokens, positions) = ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [0.1, 0.2, 0.3, 0.4]);
        assert_eq!(rows_of_tokens(&[2, 0], &tokens, &positions, 2), [5.1, 6.2, 1.3, 2.4]);
    }
}
