//! Where the two ways to compute meet: the operations that the method needs, and nothing else.

use maskov_kernels::truncated_nearest::MaskLayer;
use maskov_progress::{Observer, Step, tell};

use crate::error::{Result, SegmentError};
use crate::rgb_image::RgbImage;

/// Tells step `index` of `count` of a part of the method.
///
/// # Errors
/// [`SegmentError::Cancelled`], where the observer ends the work.
pub(crate) async fn step(observer: &mut dyn Observer, name: &str, index: usize, count: usize) -> Result<()> {
    tell(observer, Step { index, count, name }).await.map_err(|_| SegmentError::Cancelled)
}

/// A row of the transition matrix on its way, f32 `[R²]`: for verification.
#[derive(Clone, Debug, PartialEq)]
pub struct TransitionRow {
    /// After the temperature.
    pub temperature: Vec<f32>,
    /// After iterative proportional fitting.
    pub transition: Vec<f32>,
}

/// Whether anybody waits for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// Somebody does.
    Awaited,
    /// Nobody does yet: what is awaited meanwhile must not wait for long.
    Idle,
}

/// A point as the merge sees it.
#[derive(Debug)]
pub struct MergeLayer<'a, P> {
    /// Its distance map, threshold and label.
    pub mask: MaskLayer<'a>,
    /// What the solver keeps of the map.
    pub profile: &'a P,
}

impl<P> Clone for MergeLayer<'_, P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P> Copy for MergeLayer<'_, P> {}

/// A point as its threshold sees it.
#[derive(Debug)]
pub struct Scoring<'a, P> {
    /// What the solver keeps of the point's distance map.
    pub profile: &'a P,
    /// Distances of the points of this point's own label, itself among them.
    pub positives: Vec<f32>,
    /// The smallest of the map's maximum and the distances of the other label's points.
    pub negative_limit: f32,
}

/// A part of the work that the host does between two calls of the solver, whatever the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostWork {
    /// The flood fill of a point's map.
    FloodFill,
    /// The first click's size score.
    Score,
    /// The minimum cuts of a click.
    Cut,
    /// The cut of the border on a larger photo.
    EdgeBand,
}

/// The heavy operations of M2N2, on whatever device. Maps come and go as host slices; matrices and weights stay there.
#[expect(async_fn_in_trait, reason = "futures of WebGPU are not Send, and callers need not name them")]
pub trait Solver {
    /// An attention map as this solver takes it.
    type Attention;
    /// The transition matrix where this solver keeps it.
    type Transition;
    /// A photo's upsampling weights where this solver keeps them.
    type Upsampling;
    /// What this solver keeps of a point's distance map.
    type Profile;

    /// Attention to transition matrix: temperature and iterative proportional fitting.
    async fn load_attention(
        &self,
        attention: Self::Attention,
        observer: &mut dyn Observer,
    ) -> Result<Self::Transition>;

    /// Attention resolution R of a transition matrix.
    fn resolution(&self, transition: &Self::Transition) -> usize;

    /// One row of the matrix, for verification. `row` is below R².
    async fn transition_row(&self, transition: &Self::Transition, row: usize) -> Result<TransitionRow>;

    /// Photo to upsampling weights for maps of `resolution`² tokens.
    async fn load_photo(
        &self,
        photo: &RgbImage<'_>,
        resolution: usize,
        observer: &mut dyn Observer,
    ) -> Result<Self::Upsampling>;

    /// Start states to Markov maps, all f32 `[R, R]`.
    async fn markov_maps(
        &self,
        transition: &Self::Transition,
        start_states: &[Vec<f32>],
        urgency: Urgency,
        observer: &mut dyn Observer,
    ) -> Result<Vec<Vec<f32>>>;

    /// Map f32 `[R, R]` to f32 `[height, width]` of the photo.
    async fn upsample(&self, upsampling: &Self::Upsampling, map: &[f32]) -> Result<Vec<f32>>;

    /// Distance map f32 `[height, width]` to what scoring and merging need of it.
    async fn profile(&self, distances: &[f32], width: usize) -> Result<Self::Profile>;

    /// The thresholds of all points, which a click may change each: see
    /// [`EdgeProfile::threshold`](crate::EdgeProfile::threshold).
    async fn thresholds(&self, points: &[Scoring<'_, Self::Profile>]) -> Result<Vec<f32>>;

    /// The host has done this since the last call: for those who measure.
    fn done(&self, _work: HostWork) {}

    /// Truncated nearest neighbour: u8 `[pixels]` of 0 and 1.
    async fn merge(&self, layers: &[MergeLayer<'_, Self::Profile>], pixels: usize) -> Result<Vec<u8>>;
}
