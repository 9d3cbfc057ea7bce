//! The transition matrix `P = diag(u)·A'·diag(v)` on the device, and the chain of a click over it.

use std::ops::Range;

use maskov_gpu::{Buffer, Gpu, GpuError, Pass, Reading, RowTiled};
use maskov_kernels::ipf_columns::ipf_columns;
use maskov_kernels::ipf_rows::ipf_rows;
use maskov_kernels::markov_step::{
    Chains, MAX_STATES, markov_start_cpu, markov_step, progress_len, progress_of,
};
use maskov_kernels::temperature::temperature;
use maskov_kernels::weighted_column_sums::{partial_blocks, weighted_column_sums};

use crate::error::{Result, SegmentError};
use crate::settings::MethodSettings;
use crate::solver::{Cancelled, TransitionRow};

/// Rounds of fitting between two looks at how far it has come: at R = 128 a round reads 2 GiB, some 50 ms on a weak GPU.
const ROUNDS_PER_SUBMIT: u32 = 10;

/// What the steps of a submit read of the matrix, on an adapter of each kind: hardware that is weak does so in 25 ms.
const HARDWARE_SUBMIT_BYTES: u64 = 5 << 29;
const SOFTWARE_SUBMIT_BYTES: u64 = 1 << 26;
/// Enough for the device to be busy until the next are there.
const MAX_STEPS_PER_SUBMIT: u64 = 72;

/// The doubly stochastic transition matrix on the device.
pub struct GpuTransition {
    resolution: usize,
    /// A', rows sum to 1.
    matrix: RowTiled,
    u: Buffer,
    v: Buffer,
}

impl GpuTransition {
    /// Temperature in place, then iterative proportional fitting of u and v.
    ///
    /// # Errors
    /// [`SegmentError::AttentionShape`]; [`SegmentError::Cancelled`]; those of the device.
    pub(crate) async fn new(
        gpu: &Gpu,
        attention: RowTiled,
        settings: &MethodSettings,
        cancelled: Cancelled<'_>,
    ) -> Result<Self> {
        let n = attention.columns;
        let resolution = n.isqrt();
        if attention.rows != n || resolution * resolution != n {
            return Err(SegmentError::AttentionShape { resolution, len: attention.rows * n });
        }
        let ones = vec![1.0f32; n];
        let transition = Self {
            resolution,
            matrix: attention,
            u: gpu.upload("row factors", &ones)?,
            v: gpu.upload("column factors", &ones)?,
        };
        let mut pass = gpu.pass();
        pass.label("temperature");
        temperature(&mut pass, &transition.matrix, settings.temperature)?;
        pass.submit()?;
        transition.fit(gpu, settings, cancelled).await?;
        Ok(transition)
    }

    /// Columns, then rows, until the sums of the columns are 1.
    async fn fit(&self, gpu: &Gpu, settings: &MethodSettings, cancelled: Cancelled<'_>) -> Result<()> {
        let (blocks, n) = (partial_blocks(&self.matrix), self.matrix.columns);
        let partials = gpu.create("partial sums", blocks * n)?;
        let deviation = gpu.create("deviation of column sums", 1)?;
        let round = |pass: &mut Pass<'_>| -> Result<(), GpuError> {
            weighted_column_sums(pass, &self.matrix, &self.u, &partials)?;
            ipf_columns(pass, &partials, [blocks, n], &self.v, &deviation)?;
            ipf_rows(pass, &self.matrix, &self.v, &self.u)
        };
        let mut rounds = 0;
        while rounds < settings.ipf_rounds {
            if cancelled() {
                return Err(SegmentError::Cancelled);
            }
            let submitted = ROUNDS_PER_SUBMIT.min(settings.ipf_rounds - rounds);
            let mut pass = gpu.pass();
            pass.label("iterative proportional fitting");
            for _ in 1..submitted {
                round(&mut pass)?;
            }
            // Only the last round's deviation counts.
            pass.clear(&deviation);
            round(&mut pass)?;
            pass.submit()?;
            rounds += submitted;
            let deviation: Vec<f32> = gpu.read(&deviation).await?;
            if deviation[0] <= settings.ipf_tolerance {
                break;
            }
        }
        Ok(())
    }

    /// Attention resolution R.
    pub fn resolution(&self) -> usize {
        self.resolution
    }

    pub(crate) async fn row(&self, gpu: &Gpu, row: usize) -> Result<TransitionRow> {
        let n = self.matrix.columns;
        let tile =
            self.matrix.tiles.iter().rfind(|tile| tile.start <= row).expect("a matrix has a first tile");
        let temperature: Vec<f32> = gpu.read_range(&tile.buffer, (row - tile.start) * n, n).await?;
        let u: Vec<f32> = gpu.read_range(&self.u, row, 1).await?;
        let v: Vec<f32> = gpu.read(&self.v).await?;
        let transition = temperature.iter().zip(v).map(|(entry, v)| u[0] * entry * v).collect();
        Ok(TransitionRow { temperature, transition })
    }

    /// The Markov maps f32 `[R, R]` of start states of the same shape.
    ///
    /// # Errors
    /// [`SegmentError::Cancelled`], asked at every submit; [`SegmentError::ChainDiedOut`]; those of the device.
    pub(crate) async fn markov_maps(
        &self,
        gpu: &Gpu,
        start_states: &[Vec<f32>],
        settings: &MethodSettings,
        cancelled: Cancelled<'_>,
    ) -> Result<Vec<Vec<f32>>> {
        let mut maps = Vec::with_capacity(start_states.len());
        for start_states in start_states.chunks(MAX_STATES) {
            let chains = ChainsOfPoints::new(gpu, self, start_states, settings)?;
            maps.extend(chains.walk(cancelled).await?);
        }
        Ok(maps)
    }

    fn bytes(&self) -> u64 {
        self.matrix.tiles.iter().map(|tile| 4 * tile.buffer.len() as u64).sum()
    }
}

/// The chains of a few points over one matrix.
struct ChainsOfPoints<'a> {
    gpu: &'a Gpu,
    transition: &'a GpuTransition,
    lambda: f32,
    max_steps: usize,
    states: usize,
    /// f32 `[states, n]`, by the step's parity.
    y: [Buffer; 2],
    /// f32 `[states, n]`.
    map: Buffer,
    /// See [`markov_step`].
    progress: Buffer,
}

impl<'a> ChainsOfPoints<'a> {
    fn new(
        gpu: &'a Gpu,
        transition: &'a GpuTransition,
        start_states: &[Vec<f32>],
        settings: &MethodSettings,
    ) -> Result<Self, GpuError> {
        let lambda = settings.relative_probability_threshold;
        let (states, max_steps) = (start_states.len(), settings.max_steps as usize);
        let start = start_states.concat();
        Ok(Self {
            gpu,
            transition,
            lambda,
            max_steps,
            states,
            y: [gpu.create("products", start.len())?, gpu.upload("start states", &start)?],
            map: gpu.upload("Markov maps", &markov_start_cpu(&start, lambda))?,
            progress: gpu.upload("progress of chains", &vec![0u32; progress_len(states, max_steps + 1)])?,
        })
    }

    /// Walks until every token has passed. While one batch is looked at, the next is on its way.
    async fn walk(&self, cancelled: Cancelled<'_>) -> Result<Vec<Vec<f32>>> {
        // The values of the last step come with one more.
        let steps = self.max_steps + 1;
        let bytes =
            if self.gpu.wants_small_submits() { SOFTWARE_SUBMIT_BYTES } else { HARDWARE_SUBMIT_BYTES };
        let most = (bytes / self.transition.bytes().max(1)).clamp(1, MAX_STEPS_PER_SUBMIT);
        let batch = steps.div_ceil(steps.div_ceil(most as usize));
        let mut sent = 0;
        let mut send = || {
            if cancelled() {
                return Err(SegmentError::Cancelled);
            }
            let steps = sent..(sent + batch).min(steps);
            sent = steps.end;
            (!steps.is_empty()).then(|| self.send(steps)).transpose()
        };
        let mut next = send()?;
        let mut map = Vec::new();
        while let Some((steps, reading)) = next {
            next = send()?;
            let words = reading.words::<u32>().await?;
            let (progress, values) = words.split_at(words.len() - self.map.len());
            map = values.iter().map(|&bits| f32::from_bits(bits)).collect();
            if self.is_finished(steps, progress)? {
                break;
            }
        }
        let never = self.max_steps as f32;
        map.iter_mut().filter(|value| **value < 0.0).for_each(|value| *value = never);
        Ok(map.chunks_exact(map.len() / self.states).map(<[f32]>::to_vec).collect())
    }

    /// Sends these steps off, and the way back of what they leave: their progress with that of the step before, and the
    /// maps.
    fn send(&self, steps: Range<usize>) -> Result<(Range<usize>, Reading<'a>)> {
        let GpuTransition { matrix, u, v, .. } = self.transition;
        let Self { states, map, progress, y: [even, odd], .. } = self;
        let chains = Chains { states: *states, matrix, u, v, y: [even, odd], map, progress };
        let mut pass = self.gpu.pass();
        pass.label("Markov chain");
        for step in steps.clone() {
            markov_step(&mut pass, chains, step % 2, self.lambda)?;
        }
        pass.submit()?;
        let looked_at = steps.start.saturating_sub(1)..steps.end;
        let words = progress_of(*states, looked_at.start, 0)..progress_of(*states, looked_at.end, 0);
        let reading = self.gpu.start_reading(&[(progress, words), (map, 0..map.len())])?;
        Ok((looked_at, reading))
    }

    /// Whether every token of every chain has passed by the end of these steps; how many wait after the last one is not
    /// known yet. Errors: a chain died out before.
    fn is_finished(&self, steps: Range<usize>, progress: &[u32]) -> Result<bool> {
        let last = steps.end - 1;
        for (step, states) in steps.zip(progress.chunks_exact(2 * self.states)) {
            let largest = || states.iter().step_by(2).map(|&bits| f32::from_bits(bits));
            if !largest().all(|largest| largest > 0.0 && largest.is_finite()) {
                return Err(SegmentError::ChainDiedOut { step: step as u32 });
            }
            if step < last && states.iter().skip(1).step_by(2).all(|&waiting| waiting == 0) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
