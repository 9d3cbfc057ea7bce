//! A solver that says how long it took.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use maskov_gpu::{Gpu, Profiling};
use maskov_runtime::Observer;
use maskov_segment::{HostWork, MergeLayer, Result, RgbImage, Scoring, Solver, TransitionRow, Urgency};
use web_time::Instant;

use crate::network::milliseconds;

/// A part of the work, in the paper's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    /// The photo to the network's image.
    Resize,
    /// The network.
    Network,
    /// Temperature and iterative proportional fitting.
    Transition,
    /// The photo's upsampling weights.
    UpsamplingWeights,
    /// The Markov chain of a point.
    Chain,
    /// A point's map to the photo's size.
    Upsampling,
    /// The minimax flood fill.
    FloodFill,
    /// The edge profile and the threshold.
    Score,
    /// Truncated nearest neighbour.
    Merge,
    /// The minimum cuts of a click.
    Cut,
    /// The border cut anew on a larger photo.
    EdgeBand,
    /// The edge band at full size.
    Refinement,
}

impl std::fmt::Display for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Resize => "resize",
            Self::Network => "network",
            Self::Transition => "IPF",
            Self::UpsamplingWeights => "upsampling weights",
            Self::Chain => "chain",
            Self::Upsampling => "upsampling",
            Self::FloodFill => "flood fill",
            Self::Score => "score",
            Self::Merge => "merge",
            Self::Cut => "cut",
            Self::EdgeBand => "edge band",
            Self::Refinement => "refinement",
        })
    }
}

/// A stage and its milliseconds, waiting for the device included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StageTime {
    /// What was done.
    pub stage: Stage,
    /// How long it took.
    pub ms: f64,
}

/// What was done since somebody last looked.
#[derive(Clone, Default)]
pub(crate) struct Log {
    times: Rc<RefCell<Vec<StageTime>>>,
    /// The end of the last stage: the flood fill and the refinement lie between two calls of the solver.
    last_end: Rc<Cell<Option<Instant>>>,
}

impl Log {
    pub fn add(&self, stage: Stage, ms: f64) {
        self.times.borrow_mut().push(StageTime { stage, ms });
    }

    /// What was done before anything that is in the log.
    pub fn put_first(&self, stage: Stage, ms: f64) {
        self.times.borrow_mut().insert(0, StageTime { stage, ms });
    }

    /// The time since the last stage ended was spent on this.
    pub fn gap(&self, stage: Stage) {
        if let Some(end) = self.last_end.take() {
            self.add(stage, milliseconds(end));
            self.last_end.set(Some(Instant::now()));
        }
    }

    pub fn take(&self) -> Vec<StageTime> {
        self.times.take()
    }

    fn since(&self, stage: Stage, start: Instant) {
        self.add(stage, milliseconds(start));
        self.last_end.set(Some(Instant::now()));
    }
}

/// A solver with a log.
pub(crate) struct Timed<S> {
    pub solver: S,
    pub log: Log,
    /// While it is profiled it is waited for where the solver itself does not wait, so that time falls to the stage that
    /// takes it.
    pub gpu: Option<Rc<Gpu>>,
}

impl<S> Timed<S> {
    async fn settle(&self) -> Result<()> {
        match &self.gpu {
            Some(gpu) if gpu.profiling() != Profiling::Off => Ok(gpu.finished().await?),
            _ => Ok(()),
        }
    }
}

impl<S: Solver> Solver for Timed<S> {
    type Attention = S::Attention;
    type Transition = S::Transition;
    type Upsampling = S::Upsampling;
    type Profile = S::Profile;

    async fn load_attention(
        &self,
        attention: S::Attention,
        observer: &mut dyn Observer,
    ) -> Result<S::Transition> {
        let start = Instant::now();
        let transition = self.solver.load_attention(attention, observer).await?;
        self.settle().await?;
        self.log.since(Stage::Transition, start);
        Ok(transition)
    }

    fn resolution(&self, transition: &S::Transition) -> usize {
        self.solver.resolution(transition)
    }

    async fn transition_row(&self, transition: &S::Transition, row: usize) -> Result<TransitionRow> {
        self.solver.transition_row(transition, row).await
    }

    async fn load_photo(
        &self,
        photo: &RgbImage<'_>,
        resolution: usize,
        observer: &mut dyn Observer,
    ) -> Result<S::Upsampling> {
        let start = Instant::now();
        let upsampling = self.solver.load_photo(photo, resolution, observer).await?;
        self.settle().await?;
        self.log.since(Stage::UpsamplingWeights, start);
        Ok(upsampling)
    }

    async fn markov_maps(
        &self,
        transition: &S::Transition,
        start_states: &[Vec<f32>],
        urgency: Urgency,
        observer: &mut dyn Observer,
    ) -> Result<Vec<Vec<f32>>> {
        let start = Instant::now();
        let maps = self.solver.markov_maps(transition, start_states, urgency, observer).await?;
        self.log.since(Stage::Chain, start);
        Ok(maps)
    }

    async fn upsample(&self, upsampling: &S::Upsampling, map: &[f32]) -> Result<Vec<f32>> {
        let start = Instant::now();
        let upsampled = self.solver.upsample(upsampling, map).await?;
        self.log.since(Stage::Upsampling, start);
        Ok(upsampled)
    }

    async fn profile(&self, distances: &[f32], width: usize) -> Result<S::Profile> {
        self.log.gap(Stage::FloodFill);
        let start = Instant::now();
        let profile = self.solver.profile(distances, width).await?;
        self.settle().await?;
        self.log.since(Stage::Score, start);
        Ok(profile)
    }

    async fn thresholds(&self, points: &[Scoring<'_, S::Profile>]) -> Result<Vec<f32>> {
        let start = Instant::now();
        let thresholds = self.solver.thresholds(points).await?;
        self.log.since(Stage::Score, start);
        Ok(thresholds)
    }

    fn done(&self, work: HostWork) {
        self.log.gap(match work {
            HostWork::FloodFill => Stage::FloodFill,
            HostWork::Score => Stage::Score,
            HostWork::Cut => Stage::Cut,
            HostWork::EdgeBand => Stage::EdgeBand,
        });
    }

    async fn merge(&self, layers: &[MergeLayer<'_, S::Profile>], pixels: usize) -> Result<Vec<u8>> {
        let start = Instant::now();
        let mask = self.solver.merge(layers, pixels).await?;
        self.log.since(Stage::Merge, start);
        Ok(mask)
    }
}
