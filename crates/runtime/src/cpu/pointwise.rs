//! Norms and pointwise functions over blocks of rows: the twins, with exponentials that vectorise.

use maskov_kernels::add::add_cpu;
use maskov_kernels::add_row::add_row_cpu;
use maskov_kernels::group_norm::group_norm_cpu;
use maskov_kernels::group_norm_stats::group_norm_stats_cpu;
use maskov_kernels::layer_norm::layer_norm_cpu;
use maskov_kernels::layer_scale::layer_scale_cpu;

use super::math;
use maskov_parallel::for_row_blocks;

/// Group normalisation, then SiLU on request.
pub fn group_norm(
    x: &[f32],
    weight: &[f32],
    bias: &[f32],
    groups: usize,
    eps: f32,
    with_silu: bool,
    y: &mut [f32],
) {
    let stats = group_norm_stats_cpu(x, weight.len(), groups, eps);
    by_rows(x, weight.len(), y, |x, y| {
        group_norm_cpu(x, &stats, weight, bias, false, y);
        if with_silu {
            y.iter_mut().for_each(|y| *y = math::silu(*y));
        }
    });
}

/// Layer normalisation of every row.
pub fn layer_norm(x: &[f32], weight: &[f32], bias: &[f32], eps: f32, y: &mut [f32]) {
    by_rows(x, weight.len(), y, |x, y| layer_norm_cpu(x, weight, bias, eps, y));
}

/// `x · sigmoid(x)`
pub fn silu(x: &[f32], y: &mut [f32]) {
    by_rows(x, 1, y, |x, y| x.iter().zip(y).for_each(|(x, y)| *y = math::silu(*x)));
}

/// The exact GELU.
pub fn gelu(x: &[f32], y: &mut [f32]) {
    by_rows(x, 1, y, |x, y| x.iter().zip(y).for_each(|(x, y)| *y = math::gelu(*x)));
}

/// CLIP's GELU.
pub fn quick_gelu(x: &[f32], y: &mut [f32]) {
    by_rows(x, 1, y, |x, y| x.iter().zip(y).for_each(|(x, y)| *y = math::quick_gelu(*x)));
}

/// The first half of every row times the GELU of the second; `channels` is the width of `y`.
pub fn geglu(x: &[f32], channels: usize, y: &mut [f32]) {
    for_row_blocks(y, channels, usize::MAX, |first, y| {
        let x = x[2 * first * channels..].chunks_exact(2 * channels);
        for (x, y) in x.zip(y.chunks_exact_mut(channels)) {
            let (a, g) = x.split_at(channels);
            for ((a, g), y) in a.iter().zip(g).zip(y) {
                *y = a * math::gelu(*g);
            }
        }
    });
}

/// `y = a + b`
pub fn add(a: &[f32], b: &[f32], y: &mut [f32]) {
    for_row_blocks(y, 1, usize::MAX, |first, y| add_cpu(&a[first..], &b[first..], y));
}

/// Adds one row to every row.
pub fn add_row(x: &[f32], row: &[f32], y: &mut [f32]) {
    by_rows(x, row.len(), y, |x, y| add_row_cpu(x, row, y));
}

/// Every channel times its weight.
pub fn layer_scale(x: &[f32], weight: &[f32], y: &mut [f32]) {
    by_rows(x, weight.len(), y, |x, y| layer_scale_cpu(x, weight, y));
}

fn by_rows(x: &[f32], columns: usize, y: &mut [f32], work: impl Fn(&[f32], &mut [f32]) + Sync) {
    for_row_blocks(y, columns, usize::MAX, |first, y| work(&x[first * columns..][..y.len()], y));
}

#[cfg(test)]
mod tests {
    use super::*;
    use maskov_gpu::testing::{Seeded, Tolerance, assert_close};
    use maskov_kernels::activation::{Function, activation_cpu};
    use maskov_kernels::geglu::geglu_cpu;

    const SHAPES: [[usize; 3]; 3] = [[1, 1, 1], [7, 6, 3], [1024, 96, 16]];

    #[test]
    fn group_norm_matches_its_twin() {
        for [rows, channels, groups] in SHAPES {
            let mut seeded = Seeded::new(8);
            let x = seeded.values(rows * channels);
            let (weight, bias) = (seeded.values(channels), seeded.values(channels));
            for with_silu in [false, true] {
                let (mut got, mut expected) = (vec![f32::NAN; x.len()], vec![f32::NAN; x.len()]);
                group_norm(&x, &weight, &bias, groups, 1e-5, with_silu, &mut got);
                let stats = group_norm_stats_cpu(&x, channels, groups, 1e-5);
                group_norm_cpu(&x, &stats, &weight, &bias, with_silu, &mut expected);
                assert_close(&format!("{rows} × {channels}"), &got, &expected, Tolerance::REDUCTION);
            }
        }
    }

    #[test]
    fn rowwise_functions_match_their_twins() {
        for [rows, channels, _] in SHAPES {
            let mut seeded = Seeded::new(9);
            // GELU is off by 2e-7 of its argument at most; arguments and factors go up to 6 here.
            let tolerance = Tolerance { abs: 6.0 * 6.0 * 2e-7, ..Tolerance::POINTWISE };
            let x: Vec<f32> = seeded.values(2 * rows * channels).iter().map(|x| 6.0 * x).collect();
            let compare = |what: &str, got: &dyn Fn(&mut [f32]), twin: &dyn Fn(&mut [f32])| {
                let (mut y, mut expected) =
                    (vec![f32::NAN; rows * channels], vec![f32::NAN; rows * channels]);
                got(&mut y);
                twin(&mut expected);
                assert_close(what, &y, &expected, tolerance);
            };
            let (a, b) = x.split_at(rows * channels);
            let (weight, bias) = (&b[..channels], &a[..channels]);
            compare("geglu", &|y| geglu(&x, channels, y), &|y| geglu_cpu(&x, channels, y));
            compare("silu", &|y| silu(a, y), &|y| activation_cpu(a, Function::Silu, y));
            compare("gelu", &|y| gelu(a, y), &|y| activation_cpu(a, Function::Gelu, y));
            compare("quick_gelu", &|y| quick_gelu(a, y), &|y| activation_cpu(a, Function::QuickGelu, y));
            compare("add", &|y| add(a, b, y), &|y| add_cpu(a, b, y));
            compare("layer_scale", &|y| layer_scale(a, weight, y), &|y| layer_scale_cpu(a, weight, y));
            compare("add_row", &|y| add_row(a, weight, y), &|y| add_row_cpu(a, weight, y));
            compare("layer_norm", &|y| layer_norm(a, weight, bias, 1e-5, y), &|y| {
                layer_norm_cpu(a, weight, bias, 1e-5, y);
            });
        }
    }
}
