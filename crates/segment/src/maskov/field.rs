//! The signed field of all clicks: above 0 on the object.
//!
//! The first click's map and threshold θ are the prior, `f₀ = clip(ln((θ + C)/(D₁ + C)), ±1)`; a first click on the
//! background says no more than −1 everywhere. Every click has a kernel `κ = 1/(1 + D/scale)`, that of a later one times a
//! Gaussian about it, and `f = f₀ + Σ w κ` with weights w for which every click lies on its own side by a margin of 1. A
//! click whose side is sure already asks for nothing.

use super::settings::MaskovSettings;

/// A click as the field sees it.
pub(crate) struct FieldClick<'a> {
    pub x: usize,
    pub y: usize,
    pub foreground: bool,
    /// f32 `[height, width]`, in steps.
    pub distances: &'a [f32],
    /// σ of the Gaussian about a later click, in pixels; none about the first.
    pub sigma: Option<f32>,
}

/// What the first click alone says, f32 `[height, width]`: f₀ of its distances and threshold, in steps.
pub(crate) fn prior(distances: &[f32], foreground: bool, threshold: f32, scale: f32) -> Vec<f32> {
    if !foreground {
        return vec![-1.0; distances.len()];
    }
    let ratio = |distance: &f32| ((threshold + scale) / (distance + scale)).ln().clamp(-1.0, 1.0);
    distances.iter().map(ratio).collect()
}

/// The weight of a place in the neighbourhood of a click.
pub(crate) fn gaussian(pixel: usize, width: usize, (x, y): (usize, usize), sigma: f32) -> f32 {
    let (dx, dy) = ((pixel % width).abs_diff(x) as f32, (pixel / width).abs_diff(y) as f32);
    (-(dx * dx + dy * dy) / (2.0 * sigma * sigma)).exp()
}

/// The kernels of all clicks and how they agree with each other; the threshold is not part of it.
pub(crate) struct Kernels<'a> {
    clicks: &'a [FieldClick<'a>],
    kernels: Vec<Vec<f32>>,
    width: usize,
    settings: &'a MaskovSettings,
}

impl<'a> Kernels<'a> {
    pub fn new(clicks: &'a [FieldClick<'a>], width: usize, settings: &'a MaskovSettings) -> Self {
        let kernel = |click: &FieldClick<'_>| {
            let mut kernel: Vec<f32> = click
                .distances
                .iter()
                .map(|distance| 1.0 / (1.0 + distance / settings.kernel_scale))
                .collect();
            if let Some(sigma) = click.sigma {
                let at = (click.x, click.y);
                for (pixel, value) in kernel.iter_mut().enumerate() {
                    *value *= gaussian(pixel, width, at, sigma);
                }
            }
            kernel
        };
        let kernels = if clicks.len() > 1 { clicks.iter().map(kernel).collect() } else { Vec::new() };
        Self { clicks, kernels, width, settings }
    }

    /// The field f32 `[height, width]` for a threshold of the first click.
    pub fn field(&self, threshold: f32) -> Vec<f32> {
        let first = &self.clicks[0];
        let mut field = prior(first.distances, first.foreground, threshold, self.settings.distance_scale);
        for (weight, kernel) in self.weights(&field).into_iter().zip(&self.kernels) {
            if weight != 0.0 {
                field.iter_mut().zip(kernel).for_each(|(field, kernel)| *field += weight * kernel);
            }
        }
        field
    }

    fn weights(&self, prior: &[f32]) -> Vec<f32> {
        let n = self.kernels.len();
        let places: Vec<usize> = self.clicks.iter().map(|click| click.y * self.width + click.x).collect();
        let mut matrix = vec![0.0f64; n * n];
        for i in 0..n {
            for j in 0..n {
                let (a, b) = (self.kernels[j][places[i]], self.kernels[i][places[j]]);
                matrix[i * n + j] = f64::from(a + b) / 2.0;
            }
            matrix[i * n + i] += f64::from(self.settings.ridge);
        }
        let missing = |i: usize| {
            let value = f64::from(prior[places[i]]);
            let sign = if self.clicks[i].foreground { 1.0 } else { -1.0 };
            sign * (sign * value).max(1.0) - value
        };
        let wanted: Vec<f64> = (0..n).map(missing).collect();
        solve(matrix, wanted).into_iter().map(|weight| weight as f32).collect()
    }
}

/// Solves a small dense system by elimination with row pivots. A singular one leaves weights at 0.
fn solve(mut matrix: Vec<f64>, mut wanted: Vec<f64>) -> Vec<f64> {
    let n = wanted.len();
    for column in 0..n {
        let largest = |&row: &usize| matrix[row * n + column].abs();
        let Some(pivot) = (column..n).max_by(|a, b| largest(a).total_cmp(&largest(b))) else { break };
        if matrix[pivot * n + column].abs() < 1e-12 {
            return vec![0.0; n];
        }
        (0..n).for_each(|j| matrix.swap(pivot * n + j, column * n + j));
        wanted.swap(pivot, column);
        for row in column + 1..n {
            let factor = matrix[row * n + column] / matrix[column * n + column];
            for j in column..n {
                matrix[row * n + j] -= factor * matrix[column * n + j];
            }
            wanted[row] -= factor * wanted[column];
        }
    }
    for row in (0..n).rev() {
        let known: f64 = (row + 1..n).map(|j| matrix[row * n + j] * wanted[j]).sum();
        wanted[row] = (wanted[row] - known) / matrix[row * n + row];
    }
    wanted
}

#[cfg(test)]
mod tests {
    use super::{FieldClick, Kernels, solve};
    use crate::maskov::settings::MaskovSettings;

    const WIDTH: usize = 20;

    /// Distances that grow with the way from a place, in steps.
    fn distances(x: usize, y: usize) -> Vec<f32> {
        let away = |pixel: usize| ((pixel % WIDTH).abs_diff(x) + (pixel / WIDTH).abs_diff(y)) as f32;
        (0..WIDTH * WIDTH).map(away).collect()
    }

    fn field(places: &[(usize, usize, bool)], threshold: f32) -> Vec<f32> {
        let maps: Vec<_> = places.iter().map(|&(x, y, _)| distances(x, y)).collect();
        let clicks: Vec<FieldClick<'_>> = places
            .iter()
            .zip(&maps)
            .enumerate()
            .map(|(index, (&(x, y, foreground), distances))| FieldClick {
                x,
                y,
                foreground,
                distances,
                sigma: (index > 0).then_some(6.0),
            })
            .collect();
        Kernels::new(&clicks, WIDTH, &MaskovSettings::default()).field(threshold)
    }

    #[test]
    fn the_first_click_is_the_prior_alone() {
        let field = field(&[(10, 10, true)], 4.0);
        let at = |x: usize, y: usize| field[y * WIDTH + x];
        assert!((at(10, 10) - (7.0f32 / 3.0).ln()).abs() < 1e-6);
        assert_eq!(at(14, 10), 0.0, "the threshold");
        assert!(at(15, 10) < 0.0 && at(13, 10) > 0.0);
        assert!(self::field(&[(10, 10, false)], 4.0).iter().all(|&value| value == -1.0));
    }

    #[test]
    fn every_click_has_its_side() {
        let places = [(10, 10, true), (13, 10, false), (2, 2, true), (16, 16, false)];
        let field = field(&places, 6.0);
        for (x, y, foreground) in places {
            let value = field[y * WIDTH + x];
            // The ridge keeps a little of the margin of 1.
            assert!(if foreground { value > 0.8 } else { value < -0.8 }, "{x}, {y}: {value}");
        }
    }

    #[test]
    fn a_click_that_is_sure_already_changes_nothing() {
        let alone = field(&[(10, 10, false)], 0.0);
        assert_eq!(field(&[(10, 10, false), (3, 3, false)], 0.0), alone);
    }

    #[test]
    fn small_systems_are_solved_and_singular_ones_given_up() {
        let solution = solve(vec![0.0, 2.0, 1.0, 1.0, 1.0, 0.0, 3.0, 0.0, 1.0], vec![5.0, 3.0, 6.0]);
        // 2y + z = 5, x + y = 3, 3x + z = 6.
        let want = [1.4, 1.6, 1.8];
        assert!(solution.iter().zip(want).all(|(got, want)| (got - want).abs() < 1e-12), "{solution:?}");
        assert_eq!(solve(vec![1.0, 1.0, 1.0, 1.0], vec![1.0, 2.0]), [0.0, 0.0]);
        assert!(solve(vec![], vec![]).is_empty());
    }
}
