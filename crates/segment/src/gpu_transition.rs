//! The transition matrix `P = diag(u)·A'·diag(v)` on the device, and the chain of a click over it.

use std::ops::Range;

use maskov_gpu::{Buffer, Gpu, GpuError, Reading, RowTiled, Unit};
use maskov_kernels::ipf_columns::ipf_columns;
use maskov_kernels::ipf_rows::ipf_rows;
use maskov_kernels::markov_step::{
    Chains, MAX_STATES, markov_start_cpu, markov_step, progress_len, progress_of,
};
use maskov_kernels::temperature::temperature;
use maskov_kernels::weighted_column_sums::{partial_blocks, weighted_column_sums};

use maskov_progress::Observer;

use crate::error::{Result, SegmentError};
use crate::settings::MethodSettings;
use crate::solver::{TransitionRow, Urgency, step};

/// Enough passes over the matrix for the device to be busy until the next are there.
const MAX_STEPS_PER_SUBMIT: u64 = 72;

/// What nobody waits for is sent off in so much smaller amounts: two of them delay a click by 20 ms.
const IDLE_SHARE: u64 = 5;

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
        observer: &mut dyn Observer,
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
        transition.fit(gpu, settings, observer).await?;
        Ok(transition)
    }

    /// Columns, then rows, until the sums of the columns are 1. Rounds behind that change next to nothing.
    async fn fit(&self, gpu: &Gpu, settings: &MethodSettings, observer: &mut dyn Observer) -> Result<()> {
        let (blocks, n) = (partial_blocks(&self.matrix), self.matrix.columns);
        let rounds = settings.ipf_rounds as usize;
        let partials = gpu.create("partial sums", blocks * n)?;
        let deviations = gpu.upload("deviations of column sums", &vec![0u32; rounds])?;
        let send = |rounds: Range<usize>| {
            let mut pass = gpu.pass();
            pass.label("iterative proportional fitting");
            for round in rounds.clone() {
                weighted_column_sums(&mut pass, &self.matrix, &self.u, &partials)?;
                ipf_columns(&mut pass, &partials, [blocks, n], &self.v, &deviations, round)?;
                ipf_rows(&mut pass, &self.matrix, &self.v, &self.u)?;
            }
            pass.submit()?;
            Ok(gpu.start_reading(&[(&deviations, rounds)])?)
        };
        let is_fitted = |_: Range<usize>, deviations: Vec<u32>| {
            Ok(deviations.iter().any(|&bits| f32::from_bits(bits) <= settings.ipf_tolerance))
        };
        let (name, urgency) = ("iterative proportional fitting", Urgency::Awaited);
        // A round reads the matrix twice.
        let batches = Batches { gpu, name, steps: rounds, bytes_of_step: 2 * self.bytes(), urgency };
        batches.run(observer, send, is_fitted).await
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
        urgency: Urgency,
        observer: &mut dyn Observer,
    ) -> Result<Vec<Vec<f32>>> {
        let mut maps = Vec::with_capacity(start_states.len());
        for start_states in start_states.chunks(MAX_STATES) {
            let chains = ChainsOfPoints::new(gpu, self, start_states, settings)?;
            maps.extend(chains.walk(urgency, observer).await?);
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

    /// Walks until every token has passed.
    async fn walk(&self, urgency: Urgency, observer: &mut dyn Observer) -> Result<Vec<Vec<f32>>> {
        let mut map = Vec::new();
        let is_finished = |steps: Range<usize>, words: Vec<u32>| {
            let (progress, values) = words.split_at(words.len() - self.map.len());
            map = values.iter().map(|&bits| f32::from_bits(bits)).collect();
            self.is_finished(looked_at(steps), progress)
        };
        let (gpu, name, bytes_of_step) = (self.gpu, "Markov chain", self.transition.bytes());
        // The values of the last step come with one more.
        let steps = self.max_steps + 1;
        let batches = Batches { gpu, name, steps, bytes_of_step, urgency };
        batches.run(observer, |steps| self.send(steps), is_finished).await?;
        let never = self.max_steps as f32;
        map.iter_mut().filter(|value| **value < 0.0).for_each(|value| *value = never);
        Ok(map.chunks_exact(map.len() / self.states).map(<[f32]>::to_vec).collect())
    }

    /// Sends these steps off, and the way back of what they leave: their progress with that of the step before, and the
    /// maps.
    fn send(&self, steps: Range<usize>) -> Result<Reading<'a>> {
        let GpuTransition { matrix, u, v, .. } = self.transition;
        let Self { states, map, progress, y: [even, odd], .. } = self;
        let chains = Chains { states: *states, matrix, u, v, y: [even, odd], map, progress };
        let mut pass = self.gpu.pass();
        pass.label("Markov chain");
        for step in steps.clone() {
            markov_step(&mut pass, chains, step % 2, self.lambda)?;
        }
        pass.submit()?;
        let looked_at = looked_at(steps);
        let words = progress_of(*states, looked_at.start, 0)..progress_of(*states, looked_at.end, 0);
        Ok(self.gpu.start_reading(&[(progress, words), (map, 0..map.len())])?)
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

/// The steps whose progress comes back with a batch: how many tokens wait after a step is known one step later.
fn looked_at(steps: Range<usize>) -> Range<usize> {
    steps.start.saturating_sub(1)..steps.end
}

/// Passes over a matrix, sent off in batches.
struct Batches<'a> {
    gpu: &'a Gpu,
    /// What the observer is told.
    name: &'static str,
    steps: usize,
    bytes_of_step: u64,
    urgency: Urgency,
}

impl<'a> Batches<'a> {
    /// Sends steps off until a look at what comes back says that it is enough. While one batch is looked at, the next is on
    /// its way. Errors: [`SegmentError::Cancelled`], asked at every batch.
    async fn run(
        self,
        observer: &mut dyn Observer,
        send: impl Fn(Range<usize>) -> Result<Reading<'a>>,
        mut is_enough: impl FnMut(Range<usize>, Vec<u32>) -> Result<bool>,
    ) -> Result<()> {
        let Self { gpu, name, steps, bytes_of_step, urgency } = self;
        let mut pace = gpu.pace(Unit::Bytes);
        let share = if urgency == Urgency::Idle { IDLE_SHARE } else { 1 };
        let mut sent = 0;
        let mut send_next = |amount: u64| -> Result<Option<(Range<usize>, Reading<'a>)>> {
            let most = amount / share / bytes_of_step.max(1);
            let most = most.clamp(1, MAX_STEPS_PER_SUBMIT) as usize;
            let left = steps - sent;
            // As many batches as that takes, of about the same length.
            let batch = sent..sent + left.div_ceil(left.div_ceil(most).max(1));
            sent = batch.end;
            (!batch.is_empty()).then(|| Ok((batch.clone(), send(batch)?))).transpose()
        };
        step(observer, name, 0, steps).await?;
        let mut next = send_next(pace.amount())?;
        while let Some((batch, reading)) = next {
            next = send_next(pace.amount())?;
            step(observer, name, batch.end.min(steps - 1), steps).await?;
            let words = reading.words().await?;
            pace.done(bytes_of_step * batch.len() as u64);
            if is_enough(batch, words)? {
                break;
            }
        }
        Ok(())
    }
}
