//! One step of the Markov chain of a click, and the moment at which each token passes.
//!
//! `y = s·P = ((s ⊙ u)·A') ⊙ v`, then `s' = y / max(y)`. A token passes at the first step t with `s'[j] > λ`; with
//! `i = t − 1`, its value is `m = i + 1 − (s' − λ)/(δ + 1e-6)`, where `δ = s' − s`, but `δ = 1 − λ` when `i = 0`.
//! A token that has not passed yet holds [`NOT_PASSED`].
//!
//! The kernel makes a step of up to [`MAX_STATES`] chains in one pass over the matrix. The maximum of a product is known
//! when all of it is, so each step divides by the maximum of the step before, and gives the tokens that passed there
//! their value: after the last step one more brings the last values. It counts the steps itself, so that two bind groups
//! serve them all; steps behind the last crossing change nothing.
//!
//! | tensor | shape | layout |
//! |---|---|---|
//! | matrix | `[n, n]` | f32, row tiles |
//! | u, v | `[n]` | f32 |
//! | y, map | `[states, n]` | f32 |
//! | progress | `[2 + 2·states·steps]` | u32: the step by its parity, then for each step and state the bits of max(y), and how many tokens wait after it |

use bytemuck::{Pod, Zeroable};
use maskov_gpu::{Bind, Buffer, Gpu, Kernel, Pass, Result, RowTiled};
use std::ops::Range;

use crate::ipf_columns::weighted_column_sums_cpu;
use crate::require;

/// Must match `COLUMNS` in shaders/markov_step.wgsl.
const COLUMNS: usize = 32;

/// Chains in one pass; must match `MAX_STATES` in shaders/markov_step.wgsl.
pub const MAX_STATES: usize = 4;

/// 32 columns, the rows of each shared by 32 invocations that take 4 columns each.
pub static KERNEL: Kernel = Kernel {
    name: "markov_step",
    wgsl: wgsl!("markov_step"),
    binds: &[
        Bind::Uniform,
        Bind::Read,
        Bind::Read,
        Bind::Read,
        Bind::Read,
        Bind::ReadWrite,
        Bind::ReadWrite,
        Bind::ReadWrite,
    ],
    workgroup: [256, 1, 1],
};

/// Must match `struct Params` in shaders/markov_step.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Params {
    rows: u32,
    columns: u32,
    first_row: u32,
    is_first: u32,
    is_last: u32,
    parity: u32,
    lambda: f32,
}

/// What the chains of a few points read and write.
#[derive(Clone, Copy)]
pub struct Chains<'a> {
    /// How many chains, at most [`MAX_STATES`].
    pub states: usize,
    /// A'.
    pub matrix: &'a RowTiled,
    /// Row factors of the transition matrix.
    pub u: &'a Buffer,
    /// Column factors.
    pub v: &'a Buffer,
    /// Products of steps of even and odd parity; before the first step the second holds the start states.
    pub y: [&'a Buffer; 2],
    /// The Markov maps; before the first step [`markov_start_cpu`].
    pub map: &'a Buffer,
    /// As long as [`progress_len`] says; all 0 before the first step.
    pub progress: &'a Buffer,
}

/// Words of the progress of so many chains and steps.
pub const fn progress_len(states: usize, steps: usize) -> usize {
    2 + 2 * states * steps
}

/// Index in the progress of the largest product of a step; behind it is the number of tokens that wait after it.
pub const fn progress_of(states: usize, step: usize, state: usize) -> usize {
    2 + 2 * (step * states + state)
}

/// The kernel is another one for every number of states.
fn constants(states: usize) -> [(&'static str, f64); 1] {
    [("STATES", states as f64)]
}

/// Compiles the kernel for so many states, before the first step has to wait for it.
pub fn compile(gpu: &Gpu, states: usize) {
    gpu.compile(&KERNEL, &constants(states));
}

/// Records a step of the chains; the parity is that of the steps recorded before. Errors:
/// [`GpuError::Shape`](maskov_gpu::GpuError::Shape) where buffers are too short.
pub fn markov_step(pass: &mut Pass<'_>, chains: Chains<'_>, parity: usize, lambda: f32) -> Result<()> {
    let Chains { states, matrix, u, v, y, map, progress } = chains;
    let columns = matrix.columns;
    let lens = [y[0], y[1], map].map(Buffer::len);
    let fits = (1..=MAX_STATES).contains(&states)
        && parity < 2
        && matrix.rows == columns
        && u.len().min(v.len()) >= columns
        && lens.iter().all(|&len| len >= states * columns)
        && progress.len() >= progress_len(states, 1);
    require(&KERNEL, fits, || {
        format!(
            "{states} states, [{}, {columns}], u of {}, v of {}, y and map of {lens:?}, progress of {} words",
            matrix.rows,
            u.len(),
            v.len(),
            progress.len()
        )
    })?;
    let groups = [columns.div_ceil(COLUMNS) as u32, 1, 1];
    for (index, tile) in matrix.tiles.iter().enumerate() {
        let params = Params {
            rows: tile.rows as u32,
            columns: columns as u32,
            first_row: tile.start as u32,
            is_first: (index == 0).into(),
            is_last: (index + 1 == matrix.tiles.len()).into(),
            parity: parity as u32,
            lambda,
        };
        let (before, after) = (y[1 - parity], y[parity]);
        let buffers = [&tile.buffer, u, v, before, after, map, progress].map(Into::into);
        pass.dispatch(&KERNEL, &constants(states), &params, &buffers, groups)?;
    }
    Ok(())
}

/// What the map holds for a token that has not passed yet. Values of passed tokens are never negative.
pub const NOT_PASSED: f32 = -1.0;

/// The map before the first step: 0 where the start state is above λ already, else [`NOT_PASSED`].
pub fn markov_start_cpu(start_state: &[f32], lambda: f32) -> Vec<f32> {
    start_state.iter().map(|&s| if s > lambda { 0.0 } else { NOT_PASSED }).collect()
}

/// The product of a step for a run of columns: `y[j] = v[j] · Σ_i weighted[i]·A'[i,j]` with `weighted = s ⊙ u`.
///
/// `y` is as long as `columns`; `v` is the whole vector.
///
/// # Panics
/// When the lengths do not fit.
pub fn markov_product_cpu(matrix: &[f32], weighted: &[f32], v: &[f32], columns: Range<usize>, y: &mut [f32]) {
    weighted_column_sums_cpu(matrix, weighted, columns.clone(), y);
    y.iter_mut().zip(&v[columns]).for_each(|(y, v)| *y *= v);
}

/// Divides the product `y` by its maximum into `state` and records the tokens that pass at this step.
///
/// `step` is i of the formula: 0 at the first step. `state` holds s on entry and s' on return. Returns how many tokens
/// have not passed yet, or `None` when the maximum is not a positive finite number (the chain has died out).
pub fn markov_crossing_cpu(
    y: &[f32],
    state: &mut [f32],
    map: &mut [f32],
    step: u32,
    lambda: f32,
) -> Option<usize> {
    let largest = y.iter().copied().fold(0.0f32, f32::max);
    if !(largest > 0.0 && largest.is_finite()) {
        return None;
    }
    let mut waiting = 0;
    for ((y, state), map) in y.iter().zip(state.iter_mut()).zip(map.iter_mut()) {
        let next = y / largest;
        if *map < 0.0 {
            if next > lambda {
                let delta = if step == 0 { 1.0 - lambda } else { next - *state };
                *map = (step + 1) as f32 - (next - lambda) / (delta + 1e-6);
            } else {
                waiting += 1;
            }
        }
        *state = next;
    }
    Some(waiting)
}

#[cfg(test)]
mod tests {
    use maskov_gpu::testing::{Guarded, Seeded, Tolerance, assert_close, gpu};

    use super::{Chains, markov_step, progress_len, progress_of};
    use super::{NOT_PASSED, markov_crossing_cpu, markov_product_cpu, markov_start_cpu};
    use crate::weighted_column_sums::tests::tiled;

    const LAMBDA: f32 = 0.3;

    /// Products are sums of n values, and a slow token's small δ is divided by.
    const TOLERANCE: Tolerance = Tolerance { abs: 1e-4, rel: 1e-5 };

    #[test]
    fn the_product_is_the_row_vector_times_the_scaled_matrix() {
        let n = 19;
        let matrix: Vec<f32> = (0..n * n).map(|i| ((i * 7919) % 97) as f32 / 97.0).collect();
        let s: Vec<f32> = (0..n).map(|i| i as f32 / 19.0).collect();
        let u: Vec<f32> = (0..n).map(|i| 1.0 + i as f32 / 7.0).collect();
        let v: Vec<f32> = (0..n).map(|i| 2.0 - i as f32 / 13.0).collect();
        let weighted: Vec<f32> = s.iter().zip(&u).map(|(s, u)| s * u).collect();
        let mut y = vec![f32::NAN; 9];
        markov_product_cpu(&matrix, &weighted, &v, 10..19, &mut y);
        for (column, got) in (10..19).zip(y) {
            let want: f64 = (0..n)
                .map(|i| {
                    f64::from(s[i])
                        * f64::from(u[i])
                        * f64::from(matrix[i * n + column])
                        * f64::from(v[column])
                })
                .sum();
            assert!((f64::from(got) - want).abs() < 1e-5 * want, "{got} is not {want}");
        }
    }

    #[test]
    fn tokens_pass_once_and_by_the_formula() {
        let mut state = vec![1.0f32, 0.0, 0.0, 0.2];
        let mut map = markov_start_cpu(&state, LAMBDA);
        assert_eq!(map, [0.0, NOT_PASSED, NOT_PASSED, NOT_PASSED]);
        assert_eq!(markov_crossing_cpu(&[2.0, 1.0, 0.2, 0.5], &mut state, &mut map, 0, LAMBDA), Some(2));
        assert_eq!(state, [1.0, 0.5, 0.1, 0.25]);
        assert!((map[1] - (1.0 - 0.2 / (0.7 + 1e-6))).abs() < 1e-6);
        assert_eq!(markov_crossing_cpu(&[0.5, 0.1, 0.2, 0.25], &mut state, &mut map, 1, LAMBDA), Some(0));
        assert!((map[2] - (2.0 - 0.1 / (0.3 + 1e-6))).abs() < 1e-6);
        assert!((map[1] - (1.0 - 0.2 / (0.7 + 1e-6))).abs() < 1e-6, "a passed token keeps its value");
    }

    #[test]
    fn a_chain_without_mass_is_reported() {
        let (mut state, mut map) = (vec![1.0, 0.0], vec![0.0, NOT_PASSED]);
        assert_eq!(markov_crossing_cpu(&[0.0, 0.0], &mut state, &mut map, 3, LAMBDA), None);
        assert_eq!(markov_crossing_cpu(&[f32::NAN, 0.0], &mut state, &mut map, 3, LAMBDA), None);
    }

    /// Steps of a chain by the twins: the map, and largest product and waiting tokens of each step.
    fn chain_cpu(
        matrix: &[f32],
        u: &[f32],
        v: &[f32],
        start: &[f32],
        steps: u32,
    ) -> (Vec<f32>, Vec<(f32, usize)>) {
        let n = start.len();
        let (mut state, mut map) = (start.to_vec(), markov_start_cpu(start, LAMBDA));
        let progress = (0..steps).map(|step| {
            let weighted: Vec<f32> = state.iter().zip(u).map(|(s, u)| s * u).collect();
            let mut y = vec![f32::NAN; n];
            markov_product_cpu(matrix, &weighted, v, 0..n, &mut y);
            let waiting = markov_crossing_cpu(&y, &mut state, &mut map, step, LAMBDA).expect("mass is there");
            (y.iter().copied().fold(0.0, f32::max), waiting)
        });
        let progress = progress.collect();
        (map, progress)
    }

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn markov_step_matches_cpu() {
        let gpu = gpu().await;
        const STEPS: usize = 5;
        for (n, rows_per_tile, states) in [
            (1usize, 1usize, 1usize),
            (31, 31, 1),
            (32, 20, 4),
            (33, 33, 2),
            (257, 100, 3),
            (576, 576, 1),
            (576, 200, 4),
        ] {
            let mut seeded = Seeded::new(6);
            // Neighbours are near, as in a photo: with all of them alike a token's δ were next to nothing.
            let nearness = |i: usize| 1.0 / (1.0 + ((i / n).abs_diff(i % n) as f32 / 8.0).powi(2));
            let values: Vec<f32> = (0..n * n).map(|i| (1.5 + seeded.value()) * nearness(i)).collect();
            let [u, v] = [(); 2].map(|()| (0..n).map(|_| 1.5 + seeded.value()).collect::<Vec<f32>>());
            // Few tokens are far above the others: these pass late.
            let starts: Vec<f32> = (0..states * n).map(|_| (0.5 + 0.5 * seeded.value()).powi(8)).collect();
            let matrix = tiled(&gpu, &values, n, rows_per_tile);
            let first_map: Vec<f32> =
                starts.chunks(n).flat_map(|start| markov_start_cpu(start, LAMBDA)).collect();
            let words = progress_len(states, STEPS + 1);
            let [u_buffer, v_buffer, progress] =
                [gpu.upload("u", &u), gpu.upload("v", &v), gpu.upload("progress", &vec![0u32; words])]
                    .map(|buffer| buffer.expect("fits"));
            let [even, odd, map] = [(); 3].map(|()| Guarded::new(&gpu, states * n));
            gpu.write(&odd.buffer, &starts);
            gpu.write(&map.buffer, &first_map);
            let chains = Chains {
                states,
                matrix: &matrix,
                u: &u_buffer,
                v: &v_buffer,
                y: [&even.buffer, &odd.buffer],
                map: &map.buffer,
                progress: &progress,
            };
            let mut pass = gpu.pass();
            for step in 0..=STEPS {
                markov_step(&mut pass, chains, step % 2, LAMBDA).expect("fits");
            }
            pass.submit().expect("the device works");
            let got_map = map.read(&gpu).await;
            let got: Vec<u32> = gpu.read(&progress).await.expect("reads");
            assert_eq!(got.iter().take(2).max(), Some(&(STEPS as u32 + 1)), "steps are counted");
            for (state, start) in starts.chunks(n).enumerate() {
                let what = format!("{n}, state {state} of {states}");
                let (expected, progress) = chain_cpu(&values, &u, &v, start, STEPS as u32);
                assert_close(&what, &got_map[state * n..][..n], &expected, TOLERANCE);
                for (step, (largest, waiting)) in progress.into_iter().enumerate() {
                    let at = progress_of(states, step, state);
                    assert_eq!(got[at + 1] as usize, waiting, "{what}, step {step}");
                    assert_close(&what, &[f32::from_bits(got[at])], &[largest], Tolerance::REDUCTION);
                }
            }
            // What the last step leaves are products of a state of maximum 1.
            assert!(even.read(&gpu).await.iter().chain(&odd.read(&gpu).await).all(|y| y.is_finite()));
        }
    }

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn short_products_are_refused() {
        let gpu = gpu().await;
        let matrix = tiled(&gpu, &[1.0; 16], 4, 4);
        let (full, short) = (gpu.create("all", 8).expect("fits"), gpu.create("y", 7).expect("fits"));
        let chains = Chains {
            states: 2,
            matrix: &matrix,
            u: &full,
            v: &full,
            y: [&full, &short],
            map: &full,
            progress: &full,
        };
        let error = markov_step(&mut gpu.pass(), chains, 0, LAMBDA).expect_err("7 of 8 products");
        assert!(error.to_string().contains("markov_step"), "{error}");
    }
}
