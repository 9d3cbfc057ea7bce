//! A pointwise function: `y = f(x)`.
//!
//! | tensor | shape | layout |
//! |---|---|---|
//! | x, y | any, the same | f32 |

use bytemuck::{Pod, Zeroable};
use maskov_gpu::{Bind, Buffer, Kernel, Pass, Result, groups_1d};

use crate::require;

/// One invocation per value of `y`.
pub static KERNEL: Kernel = Kernel {
    name: "activation",
    wgsl: wgsl!("common/index", "common/functions", "activation"),
    binds: &[Bind::Uniform, Bind::Read, Bind::ReadWrite],
    workgroup: [256, 1, 1],
};

/// Must match `struct Params` in shaders/activation.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Params {
    len: u32,
    function: u32,
}

/// Records `y = f(x)` for `len` values. Errors:
/// [`GpuError::Shape`](maskov_gpu::GpuError::Shape) where buffers are too short.
pub fn activation(pass: &mut Pass<'_>, x: &Buffer, function: Function, len: usize, y: &Buffer) -> Result<()> {
    let lens = [x.len(), y.len()];
    require(&KERNEL, lens.iter().all(|&words| words >= len), || format!("{lens:?} words for {len} values"))?;
    let function = match function {
        Function::Silu => 0,
        Function::Gelu => 1,
        Function::QuickGelu => 2,
    };
    let params = Params { len: len as u32, function };
    pass.dispatch(&KERNEL, &[], &params, &[x.into(), y.into()], groups_1d(len, KERNEL.workgroup[0]))
}

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
    use maskov_gpu::testing::{Guarded, Seeded, Tolerance, assert_close, gpu};

    use super::*;

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn activation_matches_cpu() {
        let gpu = gpu().await;
        for len in [1, 255, 256, 257, 64 * 320] {
            // Beyond ±88 an exponential leaves f32.
            let mut x: Vec<f32> = Seeded::new(11).values(len).iter().map(|x| 8.0 * x).collect();
            x[0] = -200.0;
            x[len - 1] = if len > 1 { 200.0 } else { x[0] };
            let x_buffer = gpu.upload("x", &x).expect("fits");
            for function in [Function::Silu, Function::Gelu, Function::QuickGelu] {
                let y = Guarded::new(&gpu, len);
                let mut pass = gpu.pass();
                activation(&mut pass, &x_buffer, function, len, &y.buffer).expect("shapes fit");
                pass.submit().expect("the device works");
                let mut expected = vec![0.0; len];
                activation_cpu(&x, function, &mut expected);
                let what = format!("{function:?} of {len}");
                assert_close(&what, &y.read(&gpu).await, &expected, Tolerance::POINTWISE);
            }
        }
    }

    #[test]
    fn functions_have_their_published_values() {
        // torch.nn.functional.{silu, gelu}(±1), and CLIP's formula by hand.
        let values = [
            (Function::Silu, 1.0, 0.731_058_6),
            (Function::Silu, -1.0, -0.268_941_43),
            (Function::Gelu, 1.0, 0.841_344_8),
            (Function::Gelu, -1.0, -0.158_655_26),
            (Function::QuickGelu, 1.0, 0.845_795_8),
            (Function::QuickGelu, -1.0, -0.154_204_2),
        ];
        for (function, x, expected) in values {
            let y = function.apply(x);
            assert!((y - expected).abs() < 2e-7, "{function:?}({x}) = {y}, expected {expected}");
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
