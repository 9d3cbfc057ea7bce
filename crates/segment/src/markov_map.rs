//! The chain of a click on the CPU: from a start state to the step at which each token passes.

use maskov_kernels::markov_step::{markov_crossing_cpu, markov_product_cpu, markov_start_cpu};
use maskov_progress::Observer;

use crate::error::{Result, SegmentError};
use crate::settings::MethodSettings;
use crate::solver;
use crate::transition::{COLUMNS_PER_THREAD, Transition};
use maskov_parallel::{for_each_run, run_len_per_thread};

/// The Markov map f32 `[R, R]` of a start state of the same shape.
///
/// # Errors
/// [`SegmentError::Cancelled`], asked between steps; [`SegmentError::ChainDiedOut`].
pub(crate) async fn markov_map(
    transition: &Transition,
    start_state: &[f32],
    settings: &MethodSettings,
    observer: &mut dyn Observer,
) -> Result<Vec<f32>> {
    let n = start_state.len();
    let lambda = settings.relative_probability_threshold;
    let mut state = start_state.to_vec();
    let mut map = markov_start_cpu(start_state, lambda);
    let (mut weighted, mut y) = (vec![0.0; n], vec![0.0; n]);
    let mut waiting = map.iter().filter(|value| **value < 0.0).count();
    let mut step = 0;
    while waiting > 0 && step < settings.max_steps {
        solver::step(observer, "Markov chain", step as usize, settings.max_steps as usize).await?;
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
    use std::ops::ControlFlow;

    use maskov_progress::{Step, Watch};
    use pollster::block_on;

    use super::markov_map;
    use crate::attention::AttentionMap;
    use crate::error::SegmentError;
    use crate::settings::MethodSettings;
    use crate::transition::Transition;

    fn transition(resolution: usize, values: Vec<f32>) -> Transition {
        let attention = AttentionMap::new(resolution, values).unwrap();
        block_on(Transition::new(attention, &MethodSettings::default(), &mut ())).unwrap()
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
        let transition = block_on(Transition::new(attention, &settings, &mut ())).unwrap();
        let map = block_on(markov_map(&transition, &[1.0, 0.0, 0.0, 0.0], &settings, &mut ())).unwrap();
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
        let mut steps = 0;
        let mut fourth = Watch(|_: Step<'_>| {
            steps += 1;
            if steps > 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        let state = [1.0, 0.0, 0.0, 0.0];
        let stopped = block_on(markov_map(&transition, &state, &MethodSettings::default(), &mut fourth));
        assert!(matches!(stopped, Err(SegmentError::Cancelled)));
        assert_eq!(steps, 4);
    }

    #[test]
    fn one_token_passes_at_once() {
        let one = transition(1, vec![1.0]);
        let map = block_on(markov_map(&one, &[1.0], &MethodSettings::default(), &mut ()));
        assert_eq!(map.unwrap(), [0.0]);
    }

    #[test]
    fn a_chain_without_mass_is_a_typed_error() {
        let mut transition = transition(2, vec![0.25; 16]);
        transition.v.fill(0.0);
        let state = [1.0, 0.0, 0.0, 0.0];
        let map = block_on(markov_map(&transition, &state, &MethodSettings::default(), &mut ()));
        assert!(matches!(map, Err(SegmentError::ChainDiedOut { step: 0 })));
    }
}
