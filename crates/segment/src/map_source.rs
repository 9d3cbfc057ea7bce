//! Where the upsampled Markov maps of points come from, whatever is made of them.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use maskov_kernels::markov_step::MAX_STATES;

use maskov_progress::Observer;

use crate::error::Result;
use crate::lattice::Lattice;
use crate::points::{PromptPoint, start_state};
use crate::rgb_image::RgbImage;
use crate::solver::{Solver, Urgency, step};

/// Maps kept for points that are not in use (undo, a point dragged back), besides those that are.
const SPARE_MAPS: usize = 16;

/// Maps of so many points are made at once, and kept before the next.
pub(crate) const MAPS_AT_ONCE: usize = MAX_STATES;

/// How near a map has to be to the point's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Precision {
    /// It is the point's own.
    Exact,
    /// It may be blended from those that were made in advance.
    Preview,
}

/// A photo's transition matrix, and the maps over it that were made in advance.
pub(crate) struct Matrix<S: Solver> {
    pub solver: S,
    pub transition: S::Transition,
    lattice: RefCell<Lattice>,
}

/// A photo's matrix and its upsampling weights at the size that maps are made at.
pub(crate) struct MapSource<S: Solver> {
    pub matrix: Rc<Matrix<S>>,
    upsampling: S::Upsampling,
    width: u32,
    height: u32,
}

/// The map of a point.
pub(crate) struct SourceMap {
    /// f32 `[height, width]`, in steps.
    pub upsampled: Vec<f32>,
    pub precision: Precision,
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

impl<S: Solver> Matrix<S> {
    pub async fn new(solver: S, attention: S::Attention, observer: &mut dyn Observer) -> Result<Self> {
        let transition = solver.load_attention(attention, observer).await?;
        let lattice = RefCell::new(Lattice::new(solver.resolution(&transition)));
        Ok(Self { solver, transition, lattice })
    }

    /// Makes the maps of tokens from which previews are blended, and goes on where it was stopped.
    pub async fn prepare_previews(&self, observer: &mut dyn Observer) -> Result<()> {
        loop {
            let (made, count) = self.lattice.borrow().progress();
            if made == count {
                return Ok(());
            }
            step(observer, "maps for previews", made, count).await?;
            let start_states = self.lattice.borrow().next(MAPS_AT_ONCE);
            let (transition, urgency) = (&self.transition, Urgency::Idle);
            let maps = self.solver.markov_maps(transition, &start_states, urgency, observer).await?;
            self.lattice.borrow_mut().extend(maps);
        }
    }
}

impl<S: Solver> MapSource<S> {
    /// Prepares what doesn't depend on points. Maps have the size of `photo`.
    pub async fn new(
        matrix: Rc<Matrix<S>>,
        photo: &RgbImage<'_>,
        observer: &mut dyn Observer,
    ) -> Result<Self> {
        let Matrix { solver, transition, .. } = &*matrix;
        let upsampling = solver.load_photo(photo, solver.resolution(transition), observer).await?;
        Ok(Self { matrix, upsampling, width: photo.width(), height: photo.height() })
    }

    pub fn solver(&self) -> &S {
        &self.matrix.solver
    }

    /// The maps of points of the photo at this size, for cheap where they may be previews.
    pub async fn maps(
        &self,
        points: &[PromptPoint],
        precision: Precision,
        observer: &mut dyn Observer,
    ) -> Result<Vec<SourceMap>> {
        let mut maps = Vec::with_capacity(points.len());
        if precision == Precision::Preview {
            for point in points {
                let map = self.matrix.lattice.borrow().map((point.x, point.y), self.size());
                let Some(map) = map else { break };
                let upsampled = self.solver().upsample(&self.upsampling, &map).await?;
                maps.push(SourceMap { upsampled, precision });
            }
        }
        let rest = &points[maps.len()..];
        let exact = self.exact_maps(rest, observer).await?.into_iter();
        maps.extend(exact.map(|map| SourceMap { upsampled: map.upsampled, precision: Precision::Exact }));
        Ok(maps)
    }

    /// The maps of points of the photo at this size, with what they were made of.
    pub async fn exact_maps(
        &self,
        points: &[PromptPoint],
        observer: &mut dyn Observer,
    ) -> Result<Vec<UpsampledMap>> {
        if points.is_empty() {
            return Ok(Vec::new());
        }
        let Matrix { solver, transition, .. } = &*self.matrix;
        let resolution = solver.resolution(transition);
        let start_state =
            |point: &PromptPoint| start_state(point.x, point.y, self.width, self.height, resolution);
        let start_states: Vec<_> = points.iter().map(start_state).collect();
        let markov_maps = solver.markov_maps(transition, &start_states, Urgency::Awaited, observer).await?;
        let mut maps = Vec::with_capacity(points.len());
        for (start_state, markov_map) in start_states.into_iter().zip(markov_maps) {
            let upsampled = solver.upsample(&self.upsampling, &markov_map).await?;
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
    kept: HashMap<(u32, u32), Kept<T>>,
    turn: u64,
}

struct Kept<T> {
    value: T,
    precision: Precision,
    /// The last turn in which it was in use.
    turn: u64,
}

impl<T> Default for PointCache<T> {
    fn default() -> Self {
        Self { kept: HashMap::new(), turn: 0 }
    }
}

impl<T> PointCache<T> {
    /// From here on these points are in use, at least as precise as said. Returns those that have to be inserted; drops what
    /// was out of use for longest, so that a session doesn't grow with every point ever tried.
    pub fn start_turn(&mut self, points: &[PromptPoint], precision: Precision) -> Vec<PromptPoint> {
        self.turn += 1;
        let mut missing: Vec<PromptPoint> = Vec::new();
        for &point in points {
            match self.kept.get_mut(&(point.x, point.y)) {
                Some(kept) if kept.precision == Precision::Exact || precision == Precision::Preview => {
                    kept.turn = self.turn;
                }
                _ if missing.iter().any(|other| (other.x, other.y) == (point.x, point.y)) => {}
                _ => missing.push(point),
            }
        }
        let unused = self.kept.iter().filter(|(_, kept)| kept.turn < self.turn);
        let mut spare: Vec<_> = unused.map(|(at, kept)| (kept.turn, *at)).collect();
        spare.sort_unstable_by(|a, b| b.cmp(a));
        for (_, at) in spare.into_iter().skip(SPARE_MAPS) {
            self.kept.remove(&at);
        }
        missing
    }

    pub fn insert(&mut self, point: PromptPoint, value: T, precision: Precision) {
        self.kept.insert((point.x, point.y), Kept { value, precision, turn: self.turn });
    }

    /// # Panics
    /// When there is no point at this place.
    pub fn get(&self, point: PromptPoint) -> &T {
        &self.kept[&(point.x, point.y)].value
    }

    /// # Panics
    /// When there is no point at this place.
    pub fn get_mut(&mut self, point: PromptPoint) -> &mut T {
        &mut self.kept.get_mut(&(point.x, point.y)).expect("points in use were inserted").value
    }

    pub fn len(&self) -> usize {
        self.kept.len()
    }
}
