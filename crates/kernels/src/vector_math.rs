//! Exponential and power in f32 without branches, so that compilers vectorise loops over them (SSE2, NEON, wasm simd128).

use std::f32::consts::{LN_2, LOG2_E};

/// `eˣ` with a relative error below 2e-7; arguments beyond ±87 count as ±87, NaN stays NaN.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    // 1.5 · 2²³: adding it rounds to an integer, which then sits in the lowest bits of the sum.
    const MAGIC: f32 = 12_582_912.0;
    // ln 2 in two parts, so that `n · LN_2_HIGH` is exact (Cody and Waite).
    const LN_2_HIGH: f32 = 355.0 / 512.0;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    let x = x.clamp(-87.0, 87.0);
    let shifted = x * LOG2_E + MAGIC;
    let n = shifted - MAGIC;
    let r = x - n * LN_2_HIGH - n * LN_2_LOW;
    // Minimax polynomial of Cephes' expf on |r| ≤ ln(2)/2.
    let tail = ((((1.987_569_1e-4 * r + 1.398_199_9e-3) * r + 8.333_452e-3) * r + 4.166_579_6e-2) * r
        + 1.666_666_5e-1)
        * r
        + 0.5;
    let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(127 << 23));
    (tail * r * r + r + 1.0) * power
}

/// `x^exponent` for x from 0 to 1 and exponents above 0: relative error below 2e-5, or an absolute one below 2e-38.
#[inline(always)]
pub fn power(x: f32, exponent: f32) -> f32 {
    let power = exp(exponent * ln(x));
    if x > 0.0 { power } else { 0.0 }
}

/// The natural logarithm of a normal number above 0; of others it is a number.
#[inline(always)]
fn ln(x: f32) -> f32 {
    // Bits of √½: x = 2ⁿ · m with m from √½ to √2.
    const SQRT_HALF: i32 = 0x3f35_04f3;
    let bits = x.to_bits() as i32;
    let n = bits.wrapping_sub(SQRT_HALF) >> 23;
    let z = f32::from_bits(bits.wrapping_sub(n << 23) as u32) - 1.0;
    // Minimax polynomial of Cephes' logf.
    let tail = ((((((((7.037_683_6e-2 * z - 1.151_461e-1) * z + 1.167_699_8e-1) * z - 1.242_014_1e-1)
        * z
        + 1.424_932_3e-1)
        * z
        - 1.666_805_7e-1)
        * z
        + 2.000_071_5e-1)
        * z
        - 2.499_999_4e-1)
        * z
        + 3.333_333e-1)
        * z
        - 0.5;
    z + z * z * tail + n as f32 * LN_2
}

#[cfg(test)]
mod tests {
    use super::{exp, power};

    #[test]
    fn exp_is_within_its_error() {
        for x in (-870_000..=870_000).map(|i| i as f32 * 1e-4) {
            let expected = f64::from(x).exp();
            let error = (f64::from(exp(x)) - expected).abs() / expected;
            assert!(error < 2e-7, "exp({x}) is off by {error:e}");
        }
        assert_eq!(exp(0.0), 1.0);
        assert_eq!(exp(f32::NEG_INFINITY), exp(-87.0));
        assert!(exp(f32::NAN).is_nan());
    }

    #[test]
    fn power_is_within_its_error() {
        for exponent in [0.25, 1.0, 1.0 / 0.65, 3.7, 16.0] {
            let wide = (1..4000).map(|i| (i as f32 * -0.02).exp());
            for x in wide.chain((1..=100_000).map(|i| i as f32 * 1e-5)) {
                let expected = f64::from(x).powf(f64::from(exponent));
                let error = (f64::from(power(x, exponent)) - expected).abs() / expected.max(1e-32);
                assert!(error < 2e-5, "{x}^{exponent} is off by {error:e}");
            }
            assert_eq!((power(0.0, exponent), power(1.0, exponent)), (0.0, 1.0));
        }
    }
}
