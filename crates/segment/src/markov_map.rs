//! The chain of a click on the CPU: from a start state to the step at which each token passes.

use maskov_kernels::markov_step::{markov_crossing_cpu, markov_product_cpu, markov_start_cpu};

use crate::error::{Result, SegmentError};
use crate::parallel::{for_each_run, run_len_per_thread};
use crate::settings::MethodSettings;
use crate::solver::Cancelled;
use crate::transition::{COLUMNS_PER_THREAD, Transition};

/// The Markov map f32 `[R, R]` of a start state of the same shape.
///
/// # Errors
/// [`SegmentError::Cancelled`], asked between steps; [`SegmentError::ChainDiedOut`].
pub(crate) fn markov_map(
    transition: &Transition,
    start_state: &[f32],
    settings: &MethodSettings,
    cancelled: Cancelled<'_>,
) -> Result<Vec<f32>> {
    let n = start_state.len();
    let lambda = settings.relative_probability_threshold;
    let mut state = start_state.to_vec();
    let mut map = markov_start_cpu(start_state, lambda);
    let (mut weighted, mut y) = (vec![0.0; n], vec![0.0; n]);
    let mut waiting = map.iter().filter(|value| **value < 0.0).count();
    let mut step = 0;
    while waiting > 0 && step < settings.max_steps {
        if cancelled() {
            return Err(SegmentError::Cancelled);
        }
        for ((weighted, s), u) in weighted.iter_mut().zip(&state).zip(&transition.u) {
            *weighted = s * u;
        }
        for_each_run(&mut y, run_len_per_thread(n, COLUMNS_PER_THREAD), |first, y| {
            markov_product_cpu(&transition.matrix, &weighted, &transition.v, first..first + y.len(), y);
        });
        waiting = markov_crossing_cpu(&y, &mut state, &mut map, step, lambda)
            .ok_or(SegmentError::ChainDiedOut { step })?;
        step += 1;
    }
    for value in map.iter_mut().filter(|value| **value < 0.0) {
        *value = settings.max_steps as f32;
    }
    Ok(map)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::markov_map;
    use crate::attention::AttentionMap;
    use crate::error::SegmentError;
    use crate::settings::MethodSettings;
    use crate::solver::never_cancelled;
    use crate::transition::Transition;

    fn transition(resolution: usize, values: Vec<f32>) -> Transition {
        let attention = AttentionMap::new(resolution, values).unwrap();
        Transition::new(attention, &MethodSettings::default(), &never_cancelled).unwrap()
    }

    #[test]
    fn tokens_that_are_never_reached_take_the_largest_value() {
        // Two islands of two tokens each.
        #[rustfmt::skip]
        let islands = vec![
            0.9, 0.1, 0.0, 0.0,
            0.1, 0.9, 0.0, 0.0,
            0.0, 0.0, 0.5, 0.5,
            0.0, 0.0, 0.5, 0.5,
        ];
        let settings = MethodSettings { temperature: 1.0, ..Default::default() };
        let attention = AttentionMap::new(2, islands).unwrap();
        let transition = Transition::new(attention, &settings, &never_cancelled).unwrap();
        let map = markov_map(&transition, &[1.0, 0.0, 0.0, 0.0], &settings, &never_cancelled).unwrap();
        assert_eq!(map[0], 0.0);
        // States (1, 0) → (0.9, 0.1) → (0.82, 0.18) over the maximum: 1/9 and 0.2195, then 0.244/0.756 passes.
        let (before, after) = (0.18f64 / 0.82, 0.244 / 0.756);
        let want = 3.0 - (after - 0.3) / (after - before + 1e-6);
        assert!((f64::from(map[1]) - want).abs() < 1e-4, "{} is not {want}", map[1]);
        assert_eq!(map[2..], [1000.0, 1000.0]);
    }

    #[test]
    fn the_chain_asks_between_steps_whether_to_go_on() {
        let transition = transition(2, (0..16).map(|i| if i % 5 == 0 { 1.0 } else { 1e-4 }).collect());
        let steps = Cell::new(0);
        let stopped = markov_map(&transition, &[1.0, 0.0, 0.0, 0.0], &MethodSettings::default(), &|| {
            steps.set(steps.get() + 1);
            steps.get() > 3
        });
        assert!(matches!(stopped, Err(SegmentError::Cancelled)));
        assert_eq!(steps.get(), 4);
    }

    #[test]
    fn one_token_passes_at_once() {
        let map = markov_map(&transition(1, vec![1.0]), &[1.0], &MethodSettings::default(), &never_cancelled);
        assert_eq!(map.unwrap(), [0.0]);
    }

    #[test]
    fn a_chain_without_mass_is_a_typed_error() {
        let mut transition = transition(2, vec![0.25; 16]);
        transition.v.fill(0.0);
        let map =
            markov_map(&transition, &[1.0, 0.0, 0.0, 0.0], &MethodSettings::default(), &never_cancelled);
        assert!(matches!(map, Err(SegmentError::ChainDiedOut { step: 0 })));
    }
}
