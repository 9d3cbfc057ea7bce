//! A pointwise function: `y = f(x)`.
//!
//! | tensor | shape | layout |
//! |---|---|---|
//! | x, y | any, the same | f32 |

/// Which function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// `x · sigmoid(x)`
    Silu,
    /// The exact GELU, `x · Φ(x)`.
    Gelu,
    /// CLIP's `x · sigmoid(1.702 x)`.
    QuickGelu,
}

impl Function {
    /// The function's value.
    pub fn apply(self, x: f32) -> f32 {
        match self {
            Self::Silu => silu(x),
            Self::Gelu => gelu(x),
            Self::QuickGelu => x / (1.0 + (-1.702 * x).exp()),
        }
    }
}

/// `x · sigmoid(x)`
pub fn silu(x: f32) -> f32 {
    x / (1.0 + (-x).exp())
}

/// The exact GELU, `x · Φ(x)` with `Φ(x) = (1 + erf(x/√2)) / 2`.
pub fn gelu(x: f32) -> f32 {
    0.5 * x * (1.0 + libm::erff(x * std::f32::consts::FRAC_1_SQRT_2))
}

/// What the kernel means.
pub fn activation_cpu(x: &[f32], function: Function, y: &mut [f32]) {
    for (x, y) in x.iter().zip(y) {
        *y = function.apply(*x);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_have_their_published_values() {
        // torch.nn.functional.{silu, gelu}(±1), and CLIP's formula by hand.
        let values = [
            (Function::Silu, 1.0, 0.731_058_6),
            (Function::Silu, -1.0, -0.268_941_43),
            (Function::Gelu, 1.0, 0.841_344_77),
            (Function::Gelu, -1.0, -0.158_655_26),
            (Function::QuickGelu, 1.0, 0.845_795_8),
            (Function::QuickGelu, -1.0, -0.154_204_2),
        ];
        for (function, x, expected) in values {
            let y = function.apply(x);
            assert!(
                (y - expected).abs() < 2e-7,
                "{function:?}({x}) = {y}, expected {expected}"
            );
        }
    }

    #[test]
    fn far_arguments_stay_finite() {
        for function in [Function::Silu, Function::Gelu, Function::QuickGelu] {
            assert_eq!(function.apply(-200.0), 0.0, "{function:?}");
            assert_eq!(function.apply(200.0), 200.0, "{function:?}");
        }
    }
}
