//! The transition matrix `P = diag(u)·A'·diag(v)` on the device, and the chain of a click over it.

use maskov_gpu::{Buffer, Gpu, GpuError, Pass, RowTiled};
use maskov_kernels::ipf_columns::ipf_columns;
use maskov_kernels::ipf_rows::ipf_rows;
use maskov_kernels::markov_crossing::{ChainBuffers, markov_crossing};
use maskov_kernels::markov_start::markov_start;
use maskov_kernels::markov_step::markov_step;
use maskov_kernels::temperature::temperature;
use maskov_kernels::weighted_column_sums::{partial_blocks, weighted_column_sums};

use crate::error::{Result, SegmentError};
use crate::settings::MethodSettings;
use crate::solver::{Cancelled, TransitionRow};

/// Rounds of fitting between two looks at how far it has come: at R = 128 a round reads 2 GiB, some 50 ms on a weak GPU.
const ROUNDS_PER_SUBMIT: u32 = 10;

/// Steps of the chain between two looks at how many tokens still wait.
const STEPS_PER_SUBMIT: u32 = 16;

/// The doubly stochastic transition matrix on the device.
pub struct GpuTransition {
    resolution: usize,
    /// A', rows sum to 1.
    matrix: RowTiled,
    u: Buffer,
    v: Buffer,
    /// f32 `[blocks, n]`: scratch of the products.
    partials: Buffer,
    blocks: usize,
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
        let blocks = partial_blocks(&attention);
        let transition = Self {
            resolution,
            matrix: attention,
            u: gpu.upload("row factors", &ones)?,
            v: gpu.upload("column factors", &ones)?,
            partials: gpu.create("partial sums", blocks * n)?,
            blocks,
        };
        let mut pass = gpu.pass();
        pass.label("temperature");
        temperature(&mut pass, &transition.matrix, settings.temperature)?;
        pass.submit()?;
        transition.fit(gpu, settings, cancelled).await?;
        Ok(transition)
    }

    async fn fit(&self, gpu: &Gpu, settings: &MethodSettings, cancelled: Cancelled<'_>) -> Result<()> {
        let deviation = gpu.create("deviation of column sums", 1)?;
        let mut rounds = 0;
        while rounds < settings.ipf_rounds {
            if cancelled() {
                return Err(SegmentError::Cancelled);
            }
            let submitted = ROUNDS_PER_SUBMIT.min(settings.ipf_rounds - rounds);
            let mut pass = gpu.pass();
            pass.label("iterative proportional fitting");
            for _ in 1..submitted {
                self.fit_round(&mut pass, &deviation)?;
            }
            // Only the last round's deviation counts.
            pass.clear(&deviation);
            self.fit_round(&mut pass, &deviation)?;
            pass.submit()?;
            rounds += submitted;
            let deviation: Vec<f32> = gpu.read(&deviation).await?;
            if deviation[0] <= settings.ipf_tolerance {
                break;
            }
        }
        Ok(())
    }

    /// Columns, then rows.
    fn fit_round(&self, pass: &mut Pass<'_>, deviation: &Buffer) -> Result<(), GpuError> {
        weighted_column_sums(pass, &self.matrix, &self.u, &self.partials)?;
        ipf_columns(pass, &self.partials, [self.blocks, self.matrix.columns], &self.v, deviation)?;
        ipf_rows(pass, &self.matrix, &self.v, &self.u)
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

    /// The Markov map f32 `[R, R]` of a start state of the same shape.
    ///
    /// # Errors
    /// [`SegmentError::Cancelled`], asked every 16 steps; [`SegmentError::ChainDiedOut`]; those of the device.
    pub(crate) async fn markov_map(
        &self,
        gpu: &Gpu,
        start_state: &[f32],
        settings: &MethodSettings,
        cancelled: Cancelled<'_>,
    ) -> Result<Vec<f32>> {
        let (n, lambda) = (start_state.len(), settings.relative_probability_threshold);
        if start_state.iter().all(|&s| s > lambda) {
            return Ok(vec![0.0; n]);
        }
        let chain = Chain::new(gpu, start_state, settings.max_steps)?;
        let mut pass = gpu.pass();
        markov_start(&mut pass, &chain.state, &self.u, &chain.weighted, &chain.map, n, lambda)?;
        pass.submit()?;
        let mut step = 0;
        while step < settings.max_steps {
            if cancelled() {
                return Err(SegmentError::Cancelled);
            }
            let end = (step + STEPS_PER_SUBMIT).min(settings.max_steps);
            let mut pass = gpu.pass();
            pass.label("Markov chain");
            (step..end).try_for_each(|step| self.record_step(&mut pass, &chain, step, lambda))?;
            pass.submit()?;
            if chain.finished(gpu, step..end).await? {
                break;
            }
            step = end;
        }
        let map: Vec<f32> = gpu.read(&chain.map).await?;
        let never = settings.max_steps as f32;
        Ok(map.into_iter().map(|value| if value < 0.0 { never } else { value }).collect())
    }

    fn record_step(
        &self,
        pass: &mut Pass<'_>,
        chain: &Chain,
        step: u32,
        lambda: f32,
    ) -> Result<(), GpuError> {
        let n = self.matrix.columns;
        weighted_column_sums(pass, &self.matrix, &chain.weighted, &self.partials)?;
        markov_step(pass, &self.partials, [self.blocks, n], &self.v, &chain.y, &chain.progress, step)?;
        let buffers = ChainBuffers {
            y: &chain.y,
            u: &self.u,
            state: &chain.state,
            map: &chain.map,
            weighted: &chain.weighted,
            progress: &chain.progress,
        };
        markov_crossing(pass, buffers, n, step, lambda)
    }
}

/// The vectors of one click's chain.
struct Chain {
    state: Buffer,
    weighted: Buffer,
    y: Buffer,
    map: Buffer,
    /// u32 `[steps, 2]`: bits of the step's maximum, tokens that wait after it.
    progress: Buffer,
}

impl Chain {
    fn new(gpu: &Gpu, start_state: &[f32], max_steps: u32) -> Result<Self, GpuError> {
        let vector = |what| gpu.create(what, start_state.len());
        Ok(Self {
            state: gpu.upload("state", start_state)?,
            weighted: vector("weighted state")?,
            y: vector("product of a step")?,
            map: vector("Markov map")?,
            progress: gpu.create("progress of a chain", 2 * max_steps as usize)?,
        })
    }

    /// Whether every token has passed by the end of these steps. Errors: the chain died out before.
    async fn finished(&self, gpu: &Gpu, steps: std::ops::Range<u32>) -> Result<bool> {
        let progress: Vec<[u32; 2]> =
            gpu.read_range(&self.progress, 2 * steps.start as usize, 2 * steps.len()).await?;
        for (step, [largest, waiting]) in steps.zip(progress) {
            let largest = f32::from_bits(largest);
            if !(largest > 0.0 && largest.is_finite()) {
                return Err(SegmentError::ChainDiedOut { step });
            }
            if waiting == 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
