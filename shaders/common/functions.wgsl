// Pointwise functions. Arguments of exp are held below 80: shaders may assume that infinities do not occur.

fn silu(x: f32) -> f32 {
    return x / (1.0 + exp(min(-x, 80.0)));
}

fn quick_gelu(x: f32) -> f32 {
    return x / (1.0 + exp(min(-1.702 * x, 80.0)));
}

// erfc(z) for z ≥ 0 by Abramowitz & Stegun 7.1.26: off by at most 1.5e-7, a last place of f32 at 1.
fn erfc(z: f32) -> f32 {
    let t = 1.0 / (1.0 + 0.3275911 * z);
    let polynomial = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
    return polynomial * exp(-min(z * z, 80.0));
}

// The exact GELU, x · Φ(x); the tail is taken from zero on negative x and from x on positive x.
fn gelu(x: f32) -> f32 {
    let tail = 0.5 * abs(x) * erfc(abs(x) * 0.70710678);
    return max(x, 0.0) - tail;
}
