//! GEGLU: the first half of every row times the exact GELU of its second half, `y = a · gelu(g)`.
//!
//! | tensor | shape | layout |
//! |---|---|---|
//! | x | `[rows, 2 · channels]` | f32, row-major; `a`, then `g` |
//! | y | `[rows, channels]` | f32, row-major |

use crate::activation::gelu;

/// What the kernel means; `channels` is the width of `y`.
pub fn geglu_cpu(x: &[f32], channels: usize, y: &mut [f32]) {
    for (x, y) in x.chunks_exact(2 * channels).zip(y.chunks_exact_mut(channels)) {
        let (a, g) = x.split_at(channels);
        for ((a, g), y) in a.iter().zip(g).zip(y) {
            *y = a * gelu(*g);
        }
    }
}
