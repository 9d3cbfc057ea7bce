//! The embeddings of a list: so few values, once per model, that both executors take them from here. A vocabulary of
//! 49,408 × 1024 would not even fit a binding.

use std::ops::Deref;

use maskov_graph::{Embedding, Shape, WeightId};

/// The values of an embedding, `[rows, channels]`; `weight` gives a weight's values.
pub(crate) fn embedding_values<W: Deref<Target = [f32]>>(
    embedding: &Embedding,
    weight: &dyn Fn(WeightId) -> W,
    shape: Shape,
) -> Vec<f32> {
    match embedding {
        Embedding::Timestep { timestep: at, channels, flip_sin_to_cos, freq_shift } => {
            timestep(*at, *channels, *flip_sin_to_cos, *freq_shift)
        }
        Embedding::Positions { table, side, antialias } => {
            interpolated(&weight(*table), *side, *antialias, shape.channels)
        }
        Embedding::SpecialTokens { class, table, registers } => {
            let (class, table) = (weight(*class), weight(*table));
            let mut rows: Vec<f32> = class.iter().zip(&*table).map(|(class, at)| class + at).collect();
            if let Some(registers) = registers {
                rows.extend(&*weight(*registers));
            }
            rows
        }
        Embedding::Coordinates { side, sigma, scale, of_keys } => {
            coordinates(*side, *sigma, *scale, *of_keys)
        }
        Embedding::Tokens { ids, tokens, positions } => {
            rows_of_tokens(ids, &weight(*tokens), &weight(*positions), shape.channels)
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

/// A position table `[1 + n², channels]`, the class token's position first, over `side × side` tokens: PyTorch's bicubic
/// interpolation without aligned corners, which transformers uses.
fn interpolated(table: &[f32], side: usize, antialias: bool, channels: usize) -> Vec<f32> {
    let grid = &table[channels..];
    let from = (grid.len() / channels).isqrt();
    let taps_of = if antialias { antialiased_taps } else { cubic_taps };
    let taps: Vec<_> = (0..side).map(|at| taps_of(at, side, from)).collect();
    let mut values = vec![0.0; side * side * channels];
    for (cell, values) in values.chunks_exact_mut(channels).enumerate() {
        for (y, of_row) in &taps[cell / side] {
            for (x, of_column) in &taps[cell % side] {
                let source = &grid[(y * from + x) * channels..][..channels];
                for (value, source) in values.iter_mut().zip(source) {
                    *value += of_row * of_column * source;
                }
            }
        }
    }
    values
}

/// The four cells around a new cell's centre, clamped to the grid, and their weights.
fn cubic_taps(at: usize, to: usize, from: usize) -> Vec<(usize, f32)> {
    let centre = (at as f64 + 0.5) * from as f64 / to as f64 - 0.5;
    let first = centre.floor() as isize - 1;
    let cell = |at: isize| at.clamp(0, from as isize - 1) as usize;
    (first..first + 4).map(|at| (cell(at), cubic(at as f64 - centre, -0.75) as f32)).collect()
}

/// The cells under a cubic that is as wide as a new cell where cells become fewer, and their weights; those beside the grid
/// are left out.
fn antialiased_taps(at: usize, to: usize, from: usize) -> Vec<(usize, f32)> {
    let scale = from as f64 / to as f64;
    let (centre, stretch) = (scale * (at as f64 + 0.5), scale.max(1.0));
    let first = (centre - 2.0 * stretch + 0.5).max(0.0) as usize;
    let end = ((centre + 2.0 * stretch + 0.5) as usize).min(from);
    let weight = |at: usize| cubic((at as f64 - centre + 0.5) / stretch, -0.5);
    let sum: f64 = (first..end).map(weight).sum();
    (first..end).map(|at| (at, (weight(at) / sum) as f32)).collect()
}

/// Keys' cubic; PyTorch takes a = −0.75, and −0.5 when it antialiases.
fn cubic(x: f64, a: f64) -> f64 {
    match x.abs() {
        x if x < 1.0 => ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0,
        x if x < 2.0 => ((x - 5.0) * x + 8.0) * x * a - 4.0 * a,
        _ => 0.0,
    }
}

/// `p_i · p_j / sigma² − |p_j|² / (2 sigma²)` times `scale` as a product, from the middle of the grid so that terms are small.
fn coordinates(side: usize, sigma: f32, scale: f32, of_keys: bool) -> Vec<f32> {
    let centre = |at: usize| (at as f32 + 0.5) / side as f32 - 0.5;
    let cells = (0..side * side).map(|cell| [centre(cell % side), centre(cell / side)]);
    let share = scale / (sigma * sigma);
    let channels = |[x, y]: [f32; 2]| match of_keys {
        true => [share * x, share * y, -0.5 * share * (x * x + y * y)],
        false => [x, y, 1.0],
    };
    cells.flat_map(channels).collect()
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

    /// Two channels, x and y of every cell, behind a class token's position.
    fn plane(n: usize) -> Vec<f32> {
        let cells = (0..n * n).flat_map(|cell| [(cell % n) as f32, (cell / n) as f32]);
        [9.0, 9.0].into_iter().chain(cells).collect()
    }

    #[test]
    fn a_position_table_of_the_same_size_stays() {
        for antialias in [false, true] {
            for (got, want) in interpolated(&plane(5), 5, antialias, 2).iter().zip(&plane(5)[2..]) {
                assert!((got - want).abs() < 1e-6, "{got} is not {want}");
            }
        }
    }

    #[test]
    fn cubics_are_pytorchs() {
        // Twice as many cells, whose centres lie at quarters of the old ones: OpenCV's coefficients, too.
        let known = [(1, -0.10546875), (2, 0.87890625), (3, 0.26171875), (4, -0.03515625)];
        assert_eq!(cubic_taps(5, 16, 8), known);
        let at_rim: Vec<usize> = cubic_taps(0, 16, 8).iter().map(|(cell, _)| *cell).collect();
        assert_eq!(at_rim, [0, 0, 0, 1], "clamped");
        let antialiased = antialiased_taps(0, 16, 8);
        assert_eq!(antialiased.iter().map(|(cell, _)| *cell).collect::<Vec<_>>(), [0, 1], "left out");
        assert!((antialiased.iter().map(|(_, weight)| weight).sum::<f32>() - 1.0).abs() < 1e-6);
        // The cubic of the antialiased one keeps planes, whether cells become more or fewer.
        for (n, scale) in [(8, 0.5), (32, 2.0)] {
            let grid = interpolated(&plane(n), 16, true, 2);
            for at in 4..12 {
                let [x, y] = [6, at].map(|at| (at as f32 + 0.5) * scale - 0.5);
                let got = &grid[(at * 16 + 6) * 2..][..2];
                assert!((got[0] - x).abs() < 1e-4 && (got[1] - y).abs() < 1e-4, "{got:?} at {at} of {n}");
            }
        }
    }

    #[test]
    fn coordinates_make_distances() {
        let (side, sigma, scale) = (5, 0.3, 7.0);
        let (queries, keys) = (coordinates(side, sigma, scale, false), coordinates(side, sigma, scale, true));
        let product = |query: usize, key: usize| -> f32 {
            (0..3).map(|channel| queries[3 * query + channel] * keys[3 * key + channel]).sum()
        };
        let squared = |a: usize, b: usize| {
            let [dx, dy] = [a % side, a / side].map(|at| at as f32);
            ((dx - (b % side) as f32).powi(2) + (dy - (b / side) as f32).powi(2)) / (side * side) as f32
        };
        for query in 0..side * side {
            for key in 0..side * side {
                // Against the query itself: the term that is the same for all keys is gone.
                let got = product(query, key) - product(query, query);
                let want = -scale * squared(query, key) / (2.0 * sigma * sigma);
                assert!((got - want).abs() < 1e-3, "{query} to {key}: {got} is not {want}");
            }
        }
    }
}
