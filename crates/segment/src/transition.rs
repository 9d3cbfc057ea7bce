//! The transition matrix `P = diag(u)·A'·diag(v)` on the CPU.

use std::sync::atomic::{AtomicU32, Ordering};

use maskov_kernels::ipf_columns::ipf_columns_cpu;
use maskov_kernels::ipf_rows::ipf_rows_cpu;
use maskov_kernels::temperature::temperature_cpu;

use maskov_progress::Observer;

use crate::attention::AttentionMap;
use crate::error::Result;
use crate::settings::MethodSettings;
use crate::solver::{TransitionRow, step};
use maskov_parallel::{for_each_run, run_len_per_thread};

/// Columns below which a product isn't split: waking a thread costs as much.
pub(crate) const COLUMNS_PER_THREAD: usize = 256;

/// The doubly stochastic transition matrix as A' and the two vectors that scale it.
#[derive(Clone, Debug)]
pub struct Transition {
    pub(crate) resolution: usize,
    /// A': f32 `[n, n]`, rows sum to 1.
    pub(crate) matrix: Vec<f32>,
    pub(crate) u: Vec<f32>,
    pub(crate) v: Vec<f32>,
    rounds: u32,
}

impl Transition {
    /// Temperature, then iterative proportional fitting of u and v.
    ///
    /// # Errors
    /// [`SegmentError::Cancelled`](crate::SegmentError::Cancelled).
    pub async fn new(
        attention: AttentionMap,
        settings: &MethodSettings,
        observer: &mut dyn Observer,
    ) -> Result<Self> {
        let AttentionMap { resolution, values: mut matrix } = attention;
        let n = resolution * resolution;
        for_each_run(&mut matrix, n * n.div_ceil(64), |_, rows| {
            temperature_cpu(rows, n, settings.temperature)
        });
        let mut transition = Self { resolution, matrix, u: vec![1.0; n], v: vec![1.0; n], rounds: 0 };
        while transition.rounds < settings.ipf_rounds {
            let (round, rounds) = (transition.rounds as usize, settings.ipf_rounds as usize);
            step(observer, "iterative proportional fitting", round, rounds).await?;
            transition.rounds += 1;
            if transition.fit_round() <= settings.ipf_tolerance {
                break;
            }
        }
        Ok(transition)
    }

    /// Columns, then rows. Returns how far the column sums were from 1 before.
    fn fit_round(&mut self) -> f32 {
        let n = self.u.len();
        let (matrix, u) = (&self.matrix, &self.u);
        // Bits of floats that are not negative order as the floats do.
        let deviation = AtomicU32::new(0);
        for_each_run(&mut self.v, run_len_per_thread(n, COLUMNS_PER_THREAD), |first, v| {
            let largest = ipf_columns_cpu(matrix, u, first..first + v.len(), v);
            deviation.fetch_max(largest.to_bits(), Ordering::Relaxed);
        });
        let v = &self.v;
        for_each_run(&mut self.u, run_len_per_thread(n, COLUMNS_PER_THREAD), |first, u| {
            ipf_rows_cpu(&matrix[first * n..(first + u.len()) * n], v, u);
        });
        f32::from_bits(deviation.into_inner())
    }

    /// Attention resolution R.
    pub fn resolution(&self) -> usize {
        self.resolution
    }

    /// Rounds of fitting that were done.
    pub fn rounds(&self) -> u32 {
        self.rounds
    }

    /// One row of A' and of P.
    ///
    /// # Panics
    /// When there is no such row.
    pub fn row(&self, row: usize) -> TransitionRow {
        let n = self.u.len();
        let temperature = self.matrix[row * n..(row + 1) * n].to_vec();
        let transition = temperature.iter().zip(&self.v).map(|(entry, v)| self.u[row] * entry * v).collect();
        TransitionRow { temperature, transition }
    }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use maskov_progress::{Step, Watch};
    use pollster::block_on;

    use super::Transition;
    use crate::attention::AttentionMap;
    use crate::error::SegmentError;
    use crate::settings::MethodSettings;

    fn attention() -> AttentionMap {
        let values = (0..81 * 81).map(|i| 0.01 + ((i * 7919) % 1013) as f32 / 1013.0).collect();
        AttentionMap::new(9, values).unwrap()
    }

    #[test]
    fn the_matrix_is_doubly_stochastic_and_stops_early() {
        let transition = block_on(Transition::new(attention(), &MethodSettings::default(), &mut ())).unwrap();
        assert!(transition.rounds() < 200, "{} rounds", transition.rounds());
        let mut columns = vec![0.0f64; 81];
        for row in 0..81 {
            let entries = transition.row(row).transition;
            let sum: f64 = entries.iter().map(|&p| f64::from(p)).sum();
            assert!((sum - 1.0).abs() < 2e-6, "row {row} sums to {sum}");
            entries.iter().zip(&mut columns).for_each(|(&p, sum)| *sum += f64::from(p));
        }
        assert!(columns.iter().all(|sum| (sum - 1.0).abs() < 3e-6));
    }

    #[test]
    fn fitting_can_be_stopped() {
        let mut told = Vec::new();
        let mut third = Watch(|step: Step<'_>| {
            told.push((step.index, step.count));
            if step.index < 2 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        let stopped = block_on(Transition::new(attention(), &MethodSettings::default(), &mut third));
        assert!(matches!(stopped, Err(SegmentError::Cancelled)));
        assert_eq!(told, [(0, 200), (1, 200), (2, 200)]);
    }
}
