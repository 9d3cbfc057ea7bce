//! The sinusoidal embedding of a timestep: so few values, once per model, that every executor takes them from here.

/// diffusers' `get_timestep_embedding` for one timestep: `channels` values, sines first unless flipped, a zero at the
/// end of an odd count.
pub(crate) fn timestep_embedding(
    timestep: f32,
    channels: usize,
    flip_sin_to_cos: bool,
    freq_shift: f32,
) -> Vec<f32> {
    let half = channels / 2;
    let angle = |i: usize| {
        let exponent = -f64::ln(10_000.0) * i as f64 / (half as f64 - f64::from(freq_shift));
        f64::from(timestep) * exponent.exp()
    };
    let sines = (0..half).map(|i| angle(i).sin() as f32);
    let cosines = (0..half).map(|i| angle(i).cos() as f32);
    let mut embedding: Vec<f32> =
        if flip_sin_to_cos { cosines.chain(sines).collect() } else { sines.chain(cosines).collect() };
    embedding.resize(channels, 0.0);
    embedding
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_those_of_the_formula() {
        // Two frequencies: 1 and 10000^(−1/2) = 0.01.
        let expected = [100f32.cos(), 1f32.cos(), 100f32.sin(), 1f32.sin(), 0.0];
        for (got, expected) in timestep_embedding(100.0, 5, true, 0.0).iter().zip(expected) {
            assert!((got - expected).abs() < 1e-6, "{got} is not {expected}");
        }
        let shifted = timestep_embedding(100.0, 4, false, 1.0);
        assert!((shifted[1] - 0.01f32.sin()).abs() < 1e-6, "the shift reaches the last frequency, 1/10000");
    }
}
