//! Activations and the softmax's exponentials without branches, so that compilers vectorise loops over them (SSE2, NEON, wasm
//! simd128).

use std::f32::consts::FRAC_1_SQRT_2;

use maskov_kernels::vector_math::exp;

/// `x · sigmoid(x)`
#[inline(always)]
pub fn silu(x: f32) -> f32 {
    x / (1.0 + exp(-x))
}

/// CLIP's `x · sigmoid(1.702 x)`.
#[inline(always)]
pub fn quick_gelu(x: f32) -> f32 {
    x / (1.0 + exp(-1.702 * x))
}

/// The exact GELU with an absolute error below `2e-7 · |x|`: `erfc` by Abramowitz and Stegun 7.1.26.
#[inline(always)]
pub fn gelu(x: f32) -> f32 {
    let z = x.abs() * FRAC_1_SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * z);
    let series =
        ((((1.061_405_4 * t - 1.453_152_1) * t + 1.421_413_8) * t - 0.284_496_72) * t + 0.254_829_6) * t;
    let upper_tail = 0.5 * series * exp(-z * z);
    x * if x < 0.0 { upper_tail } else { 1.0 - upper_tail }
}

/// `values ← exp(scale · value − max)` where `max` is the largest `scale · value`, and their sum: a softmax that cannot
/// overflow and lacks only the division. `scale` is above zero.
pub fn exp_sum(values: &mut [f32], scale: f32) -> f32 {
    let max = largest(values) * scale;
    let mut lanes = [0.0f32; LANES];
    let mut chunks = values.chunks_exact_mut(LANES);
    for chunk in &mut chunks {
        for (value, lane) in chunk.iter_mut().zip(&mut lanes) {
            *value = exp(*value * scale - max);
            *lane += *value;
        }
    }
    let mut sum: f32 = lanes.iter().sum();
    for value in chunks.into_remainder() {
        *value = exp(*value * scale - max);
        sum += *value;
    }
    sum
}

/// Independent accumulators, since a single running sum would keep the loop from being vectorised.
const LANES: usize = 16;

/// The largest value, −∞ where there is none.
fn largest(values: &[f32]) -> f32 {
    let mut lanes = [f32::NEG_INFINITY; LANES];
    let chunks = values.chunks_exact(LANES);
    let rest = chunks.remainder().iter().copied();
    for chunk in chunks {
        for (value, lane) in chunk.iter().zip(&mut lanes) {
            *lane = if *value > *lane { *value } else { *lane };
        }
    }
    rest.chain(lanes).fold(f32::NEG_INFINITY, f32::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use maskov_kernels::activation::Function;

    fn arguments() -> impl Iterator<Item = f32> {
        (-870_000..=870_000).map(|i| i as f32 * 1e-4)
    }

    #[test]
    fn activations_match_their_twins() {
        for x in arguments() {
            for (got, function) in
                [(silu(x), Function::Silu), (quick_gelu(x), Function::QuickGelu), (gelu(x), Function::Gelu)]
            {
                let expected = function.apply(x);
                assert!(
                    (got - expected).abs() <= 3e-7 * x.abs(),
                    "{function:?}({x}) = {got}, not {expected}"
                );
            }
        }
    }

    #[test]
    fn exponentials_are_relative_to_the_largest() {
        for len in [1, 15, 16, 17, 77] {
            let mut values: Vec<f32> = (0..len).map(|i| 100.0 * (i as f32 * 0.7).sin()).collect();
            let before = values.clone();
            let sum = exp_sum(&mut values, 0.5);
            let max = before.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let exact: Vec<f64> = before.iter().map(|x| (0.5 * f64::from(x - max)).exp()).collect();
            let exact_sum: f64 = exact.iter().sum();
            assert!((f64::from(sum) - exact_sum).abs() < 1e-5 * exact_sum, "{len} values: {sum}");
            for (got, exact) in values.iter().zip(exact) {
                assert!((f64::from(*got) - exact).abs() < 1e-5, "{len} values");
            }
        }
    }
}
