//! Where the upsampled Markov maps of points come from, whatever is made of them.

use std::collections::HashMap;

use maskov_kernels::markov_step::MAX_STATES;

use maskov_progress::Observer;

use crate::error::Result;
use crate::photo::Photo;
use crate::points::{PromptPoint, start_state};
use crate::solver::Solver;

/// Maps kept for points that are not in use (undo, a point dragged back), besides those that are.
const SPARE_MAPS: usize = 16;

/// Maps of so many points are made at once, and kept before the next.
pub(crate) const MAPS_AT_ONCE: usize = MAX_STATES;

/// A photo's transition matrix and upsampling weights, at the size that maps are made at.
pub(crate) struct MapSource<S: Solver> {
    pub solver: S,
    pub transition: S::Transition,
    upsampling: S::Upsampling,
    width: u32,
    height: u32,
}

/// The map of a point on its way.
pub(crate) struct UpsampledMap {
    /// f32 `[R, R]`.
    pub start_state: Vec<f32>,
    /// f32 `[R, R]`, in steps.
    pub markov_map: Vec<f32>,
    /// f32 `[height, width]`, in steps.
    pub upsampled: Vec<f32>,
}

impl<S: Solver> MapSource<S> {
    /// Prepares everything that doesn't depend on points. Maps have the size of `photo`.
    pub async fn new(
        solver: S,
        attention: S::Attention,
        photo: &Photo<'_>,
        observer: &mut dyn Observer,
    ) -> Result<Self> {
        let transition = solver.load_attention(attention, observer).await?;
        let upsampling = solver.load_photo(photo, solver.resolution(&transition), observer).await?;
        Ok(Self { solver, transition, upsampling, width: photo.width(), height: photo.height() })
    }

    /// The maps of points of the photo at this size.
    pub async fn maps(
        &self,
        points: &[PromptPoint],
        observer: &mut dyn Observer,
    ) -> Result<Vec<UpsampledMap>> {
        let resolution = self.solver.resolution(&self.transition);
        let start_state =
            |point: &PromptPoint| start_state(point.x, point.y, self.width, self.height, resolution);
        let start_states: Vec<_> = points.iter().map(start_state).collect();
        let markov_maps = self.solver.markov_maps(&self.transition, &start_states, observer).await?;
        let mut maps = Vec::with_capacity(points.len());
        for (start_state, markov_map) in start_states.into_iter().zip(markov_maps) {
            let upsampled = self.solver.upsample(&self.upsampling, &markov_map).await?;
            maps.push(UpsampledMap { start_state, markov_map, upsampled });
        }
        Ok(maps)
    }

    pub fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    pub fn width(&self) -> usize {
        self.width as usize
    }

    pub fn pixels(&self) -> usize {
        self.width as usize * self.height as usize
    }

    pub fn pixel(&self, point: PromptPoint) -> usize {
        point.y as usize * self.width() + point.x as usize
    }
}

/// What is kept of each point, by its place.
pub(crate) struct PointCache<T> {
    kept: HashMap<(u32, u32), (T, u64)>,
    turn: u64,
}

impl<T> Default for PointCache<T> {
    fn default() -> Self {
        Self { kept: HashMap::new(), turn: 0 }
    }
}

impl<T> PointCache<T> {
    /// From here on these points are in use. Returns those that have to be inserted; drops what was out of use for longest,
    /// so that a session doesn't grow with every point ever tried.
    pub fn start_turn(&mut self, points: &[PromptPoint]) -> Vec<PromptPoint> {
        self.turn += 1;
        let mut missing: Vec<PromptPoint> = Vec::new();
        for &point in points {
            match self.kept.get_mut(&(point.x, point.y)) {
                Some((_, turn)) => *turn = self.turn,
                None if missing.iter().any(|other| (other.x, other.y) == (point.x, point.y)) => {}
                None => missing.push(point),
            }
        }
        let unused = self.kept.iter().filter(|(_, (_, turn))| *turn < self.turn);
        let mut spare: Vec<_> = unused.map(|(at, (_, turn))| (*turn, *at)).collect();
        spare.sort_unstable_by(|a, b| b.cmp(a));
        for (_, at) in spare.into_iter().skip(SPARE_MAPS) {
            self.kept.remove(&at);
        }
        missing
    }

    pub fn insert(&mut self, point: PromptPoint, value: T) {
        self.kept.insert((point.x, point.y), (value, self.turn));
    }

    /// # Panics
    /// When there is no point at this place.
    pub fn get(&self, point: PromptPoint) -> &T {
        &self.kept[&(point.x, point.y)].0
    }

    /// # Panics
    /// When there is no point at this place.
    pub fn get_mut(&mut self, point: PromptPoint) -> &mut T {
        &mut self.kept.get_mut(&(point.x, point.y)).expect("points in use were inserted").0
    }

    pub fn len(&self) -> usize {
        self.kept.len()
    }
}
