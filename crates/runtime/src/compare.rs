//! How far results are from golden numbers. All of these are written so that a NaN never passes a bound, and give
//! infinity where lengths differ.

/// Normalised mean squared error: `Σ (got − expected)² / Σ expected²`.
pub fn nmse(got: &[f32], expected: &[f32]) -> f64 {
    if got.len() != expected.len() {
        return f64::INFINITY;
    }
    let square = |value: f64| value * value;
    let error: f64 = got.iter().zip(expected).map(|(g, e)| square(f64::from(*g) - f64::from(*e))).sum();
    let power: f64 = expected.iter().map(|e| square(f64::from(*e))).sum();
    if error == 0.0 { 0.0 } else { error / power }
}

/// Mean over the rows of the total variation, half of `Σ |got − expected|`.
pub fn mean_total_variation(got: &[f32], expected: &[f32], columns: usize) -> f64 {
    if got.len() != expected.len() || got.is_empty() {
        return f64::INFINITY;
    }
    let sum: f64 = got.iter().zip(expected).map(|(g, e)| (f64::from(*g) - f64::from(*e)).abs()).sum();
    0.5 * sum / (got.len() / columns) as f64
}

/// The largest error of any entry, as a share of the largest expected entry of its row.
pub fn largest_error_in_row(got: &[f32], expected: &[f32], columns: usize) -> f64 {
    if got.len() != expected.len() {
        return f64::INFINITY;
    }
    let mut largest = 0.0;
    for (got, expected) in got.chunks(columns).zip(expected.chunks(columns)) {
        let peak = expected.iter().copied().fold(0.0, f32::max);
        for (got, expected) in got.iter().zip(expected) {
            let error = f64::from((got - expected).abs()) / f64::from(peak);
            // `max` would drop a NaN.
            if error > largest || error.is_nan() {
                largest = error;
            }
            if largest.is_nan() {
                return f64::INFINITY;
            }
        }
    }
    largest
}

/// From `[channels, pixels]`, as PyTorch's golden files have it, to `[pixels, channels]`, as everything here does.
pub fn channels_last(values: &[f32], channels: usize) -> Vec<f32> {
    let pixels = values.len() / channels;
    (0..values.len()).map(|i| values[i % channels * pixels + i / channels]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_have_no_error() {
        let values = [0.25, 0.75, 0.5, 0.5];
        assert_eq!(nmse(&values, &values), 0.0);
        assert_eq!(mean_total_variation(&values, &values, 2), 0.0);
        assert_eq!(largest_error_in_row(&values, &values, 2), 0.0);
    }

    #[test]
    fn errors_have_their_size() {
        let (got, expected) = ([0.5, 0.5, 0.5, 0.5], [0.25, 0.75, 0.5, 0.5]);
        assert!((nmse(&got, &expected) - 0.125 / 1.125).abs() < 1e-12);
        assert!((mean_total_variation(&got, &expected, 2) - 0.125).abs() < 1e-12);
        assert!((largest_error_in_row(&got, &expected, 2) - 1.0 / 3.0).abs() < 1e-7);
    }

    #[test]
    fn nothing_that_is_not_a_number_passes() {
        let expected = [0.5, 0.5];
        for got in [[f32::NAN, 0.5], [0.5, f32::NAN], [f32::INFINITY, 0.5]] {
            for error in [
                nmse(&got, &expected),
                mean_total_variation(&got, &expected, 2),
                largest_error_in_row(&got, &expected, 2),
            ] {
                assert!(error.is_nan() || error == f64::INFINITY, "{got:?} gives {error}");
            }
        }
    }

    #[test]
    fn channels_move_to_the_end() {
        assert_eq!(channels_last(&[1.0, 2.0, 3.0, 10.0, 20.0, 30.0], 2), [1.0, 10.0, 2.0, 20.0, 3.0, 30.0]);
    }

    #[test]
    fn other_lengths_never_pass() {
        assert_eq!(nmse(&[1.0], &[1.0, 2.0]), f64::INFINITY);
        assert_eq!(mean_total_variation(&[1.0], &[1.0, 2.0], 1), f64::INFINITY);
        assert_eq!(mean_total_variation(&[], &[], 1), f64::INFINITY);
        assert_eq!(largest_error_in_row(&[1.0], &[1.0, 2.0], 1), f64::INFINITY);
    }
}
