//! One step of the Markov chain of a click, and the moment at which each token passes.
//!
//! `y = s·P = ((s ⊙ u)·A') ⊙ v`, then `s' = y / max(y)`. A token passes at the first step t with `s'[j] > λ`; with
//! `i = t − 1`, its value is `m = i + 1 − (s' − λ)/(δ + 1e-6)`, where `δ = s' − s`, but `δ = 1 − λ` when `i = 0`.
//! Vectors are `[n]`, A' is row-major `[n, n]`, all f32. A token that has not passed yet holds [`NOT_PASSED`].

use bytemuck::{Pod, Zeroable};
use maskov_gpu::{Bind, Buffer, Kernel, Pass, Result, groups_1d};
use std::ops::Range;

use crate::require;

/// The product of a step and its maximum; the sums come from `weighted_column_sums` in blocks of rows.
pub static KERNEL: Kernel = Kernel {
    name: "markov_step",
    wgsl: wgsl!("common/reduce", "common/column_total", "markov_step"),
    binds: &[Bind::Uniform, Bind::Read, Bind::Read, Bind::ReadWrite, Bind::ReadWrite],
    workgroup: [256, 1, 1],
};

/// Must match `struct Params` in shaders/markov_step.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Params {
    blocks: u32,
    columns: u32,
    step: u32,
}

/// Records `y[j] = v[j]·Σ_b partials[b, j]` and, in `progress[2·step]`, the bits of the largest y.
///
/// `partials` is `[blocks, columns]`; `progress` is u32 `[steps, 2]`, all 0 before the chain. Errors:
/// [`GpuError::Shape`](maskov_gpu::GpuError::Shape) where buffers are too short.
pub fn markov_step(
    pass: &mut Pass<'_>,
    partials: &Buffer,
    [blocks, columns]: [usize; 2],
    v: &Buffer,
    y: &Buffer,
    progress: &Buffer,
    step: u32,
) -> Result<()> {
    let fits = partials.len() >= blocks * columns
        && v.len() >= columns
        && y.len() >= columns
        && progress.len() > 2 * step as usize + 1;
    require(&KERNEL, fits, || {
        format!(
            "partials of {}, v of {}, y of {}, progress of {} words for [{blocks}, {columns}] at step {step}",
            partials.len(),
            v.len(),
            y.len(),
            progress.len()
        )
    })?;
    let params = Params { blocks: blocks as u32, columns: columns as u32, step };
    let buffers = [partials.into(), v.into(), y.into(), progress.into()];
    pass.dispatch(&KERNEL, &[], &params, &buffers, groups_1d(columns, KERNEL.workgroup[0]))
}

use crate::ipf_columns::weighted_column_sums_cpu;

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

    use super::markov_step;
    use super::{NOT_PASSED, markov_crossing_cpu, markov_product_cpu, markov_start_cpu};
    use crate::weighted_column_sums::tests::tiled;
    use crate::weighted_column_sums::{partial_blocks, weighted_column_sums};

    const LAMBDA: f32 = 0.3;

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

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn markov_step_matches_cpu() {
        let gpu = gpu().await;
        for n in [1usize, 255, 256, 257, 576] {
            let mut seeded = Seeded::new(6);
            let values: Vec<f32> = (0..n * n).map(|_| 1.0 + seeded.value()).collect();
            let weighted: Vec<f32> = (0..n).map(|_| 1.0 + seeded.value()).collect();
            let v: Vec<f32> = (0..n).map(|_| 1.5 + seeded.value()).collect();
            let matrix = tiled(&gpu, &values, n, 200);
            let blocks = partial_blocks(&matrix);
            let [partials, weighted_buffer, v_buffer, progress] = [
                gpu.create("partials", blocks * n),
                gpu.upload("weighted", &weighted),
                gpu.upload("v", &v),
                gpu.upload("progress", &[0u32; 6]),
            ]
            .map(|buffer| buffer.expect("fits"));
            let y = Guarded::new(&gpu, n);
            let mut pass = gpu.pass();
            weighted_column_sums(&mut pass, &matrix, &weighted_buffer, &partials).expect("fits");
            markov_step(&mut pass, &partials, [blocks, n], &v_buffer, &y.buffer, &progress, 1).expect("fits");
            pass.submit().expect("the device works");
            let mut expected = vec![f32::NAN; n];
            markov_product_cpu(&values, &weighted, &v, 0..n, &mut expected);
            let got = y.read(&gpu).await;
            assert_close(&format!("y of {n}"), &got, &expected, Tolerance::REDUCTION);
            let largest = got.iter().copied().fold(0.0, f32::max);
            let progress: Vec<u32> = gpu.read(&progress).await.expect("reads");
            assert_eq!(progress, [0, 0, largest.to_bits(), 0, 0, 0]);
        }
    }

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn a_step_beyond_the_progress_is_refused() {
        let gpu = gpu().await;
        let buffer = gpu.create("all", 4).expect("fits");
        let error = markov_step(&mut gpu.pass(), &buffer, [1, 4], &buffer, &buffer, &buffer, 2)
            .expect_err("there is room for steps 0 and 1");
        assert!(error.to_string().contains("step 2"), "{error}");
    }
}
