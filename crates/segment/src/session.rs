//! The method, written once: a photo's attention and points in, a mask out.

use std::collections::HashMap;

use maskov_kernels::truncated_nearest::MaskLayer;

use crate::error::Result;
use crate::flood_fill::flood_fill;
use crate::merge::{Mask, own_clicked_pixels};
use crate::photo::Photo;
use crate::points::{LARGEST_SIZE, PromptPoint, SMALLEST_SIZE, SizeStop, start_state};
use crate::refine::Refinement;
use crate::settings::SolveSize;
use crate::solver::{Cancelled, Layer, Scoring, Solver};

/// The stops of a point's size, as factors of the method's own choice.
const SIZE_STOPS: [f32; 5] = [0.25, 0.5, 1.0, 2.0, 4.0];
/// Stops below and above these shares of the photo are left out.
const SMALLEST_STOP: f32 = 0.003;
const LARGEST_STOP: f32 = 0.8;

/// Maps kept for points that are not in use (undo, a point dragged back), besides those that are.
const SPARE_MAPS: usize = 16;

/// One photo with its attention, and the maps of the points clicked so far.
pub struct Session<'a, S: Solver> {
    solver: S,
    transition: S::Transition,
    upsampling: S::Upsampling,
    photo: Photo<'a>,
    /// The photo at the size it is solved at, where that is smaller.
    shrunk: Option<Photo<'static>>,
    maps: HashMap<(u32, u32), PointMap<S::Profile>>,
    clicks: u64,
}

/// What is kept of a point.
struct PointMap<P> {
    distances: Vec<f32>,
    largest: f32,
    profile: P,
    last_used: u64,
}

/// A mask and how it came about.
#[derive(Clone, Debug, PartialEq)]
pub struct Segmentation {
    /// The mask at the photo's own size, or at the size that it is solved at: as the function says.
    pub mask: Mask,
    /// Each point's threshold θ, in the order of the points.
    pub thresholds: Vec<f32>,
    /// The share of the photo that each point takes, in the order of the points: its own size, or the method's choice.
    pub sizes: Vec<f32>,
}

/// The stages of one point on its own, at the size that is solved: for verification.
#[derive(Clone, Debug, PartialEq)]
pub struct PointStages {
    /// f32 `[R, R]`.
    pub start_state: Vec<f32>,
    /// f32 `[R, R]`, in steps.
    pub markov_map: Vec<f32>,
    /// f32 `[height, width]`, in steps.
    pub upsampled: Vec<f32>,
    /// f32 `[height, width]`, in [0, 1].
    pub distance_map: Vec<f32>,
}

impl<'a, S: Solver> Session<'a, S> {
    /// Prepares everything that doesn't depend on clicks.
    ///
    /// # Errors
    /// Those of the solver; [`Cancelled`](crate::SegmentError::Cancelled).
    pub async fn new(
        solver: S,
        attention: S::Attention,
        photo: Photo<'a>,
        solve_size: SolveSize,
        cancelled: Cancelled<'_>,
    ) -> Result<Self> {
        let transition = solver.load_attention(attention, cancelled).await?;
        let (width, height) = solve_size.of(photo.width(), photo.height());
        let smaller = (width, height) != (photo.width(), photo.height());
        let shrunk = smaller.then(|| photo.shrunk(width, height));
        let resolution = solver.resolution(&transition);
        let upsampling = solver.load_photo(shrunk.as_ref().unwrap_or(&photo), resolution, cancelled).await?;
        Ok(Self { solver, transition, upsampling, photo, shrunk, maps: HashMap::new(), clicks: 0 })
    }

    /// The solver.
    pub fn solver(&self) -> &S {
        &self.solver
    }

    /// The transition matrix where the solver keeps it.
    pub fn transition(&self) -> &S::Transition {
        &self.transition
    }

    /// The photo at the size it is solved at.
    pub fn solved_photo(&self) -> &Photo<'_> {
        self.shrunk.as_ref().unwrap_or(&self.photo)
    }

    /// Points whose maps are kept.
    pub fn cached_maps(&self) -> usize {
        self.maps.len()
    }

    /// The mask of these points; without points it is empty. Only points that are new cost a map.
    ///
    /// # Errors
    /// [`PointOutside`](crate::SegmentError::PointOutside); [`Cancelled`](crate::SegmentError::Cancelled) (finished maps
    /// are kept); those of the solver.
    pub async fn segment(
        &mut self,
        points: &[PromptPoint],
        cancelled: Cancelled<'_>,
    ) -> Result<Segmentation> {
        let mut segmentation = self.segment_solved(points, cancelled).await?;
        if let Some(shrunk) = &self.shrunk {
            let mut mask = Refinement::new(&self.photo, shrunk, &segmentation.mask).mask();
            own_clicked_pixels(&mut mask, points);
            segmentation.mask = mask;
        }
        Ok(segmentation)
    }

    /// The same at the size that is solved, its border not refined: all but the refinement's time.
    ///
    /// # Errors
    /// As [`Self::segment`].
    pub async fn segment_solved(
        &mut self,
        points: &[PromptPoint],
        cancelled: Cancelled<'_>,
    ) -> Result<Segmentation> {
        let solved = self.solved_points(points)?;
        self.clicks += 1;
        for point in &solved {
            self.ensure_map(*point, cancelled).await?;
        }
        self.forget_old_maps();
        let mut thresholds = self.thresholds(&solved).await?;
        let mut sizes = Vec::with_capacity(solved.len());
        for (point, threshold) in solved.iter().zip(&mut thresholds) {
            let distances = &self.maps[&(point.x, point.y)].distances;
            if let Some(size) = point.size {
                *threshold = threshold_of_size(distances, size);
            }
            sizes.push(share_within(distances, *threshold));
        }
        let layers = solved.iter().zip(&thresholds).map(|(point, &threshold)| {
            let map = &self.maps[&(point.x, point.y)];
            let mask = MaskLayer { distances: &map.distances, threshold, foreground: point.foreground };
            Layer { mask, profile: &map.profile }
        });
        let layers: Vec<_> = layers.collect();
        let photo = self.solved_photo();
        let pixels = self.solver.merge(&layers, photo.len()).await?;
        let mut mask = Mask { width: photo.width(), height: photo.height(), pixels };
        own_clicked_pixels(&mut mask, &solved);
        Ok(Segmentation { mask, thresholds, sizes })
    }

    /// What a point takes at each stop of its size, smallest first: the method's own choice × ¼, ½, 1, 2, 4, as far as these
    /// are sizes. The other points stay as they are. At the size that is solved.
    ///
    /// # Errors
    /// As [`Self::segment`].
    ///
    /// # Panics
    /// When there is no point of that index.
    pub async fn sizes(
        &mut self,
        points: &[PromptPoint],
        index: usize,
        cancelled: Cancelled<'_>,
    ) -> Result<Vec<SizeStop>> {
        let mut points = points.to_vec();
        points[index].size = None;
        let automatic = self.segment_solved(&points, cancelled).await?;
        let own = automatic.sizes[index];
        let mut stops = Vec::new();
        for factor in SIZE_STOPS {
            let size = own * factor;
            if factor == 1.0 {
                stops.push(SizeStop { size, area: automatic.mask.area(), is_automatic: true });
            } else if (SMALLEST_STOP..=LARGEST_STOP).contains(&size) {
                points[index].size = Some(size);
                let area = self.segment_solved(&points, cancelled).await?.mask.area();
                stops.push(SizeStop { size, area, is_automatic: false });
            }
        }
        Ok(stops)
    }

    /// Every stage of one point on its own. Nothing is cached.
    ///
    /// # Errors
    /// As [`Self::segment`].
    pub async fn stages(&self, point: PromptPoint, cancelled: Cancelled<'_>) -> Result<PointStages> {
        let point = self.solved_points(&[point])?[0];
        self.solve_point(point, cancelled).await
    }

    fn solved_points(&self, points: &[PromptPoint]) -> Result<Vec<PromptPoint>> {
        let from = (self.photo.width(), self.photo.height());
        let solved = self.solved_photo();
        let to = (solved.width(), solved.height());
        points
            .iter()
            .map(|point| point.check_inside(from.0, from.1).map(|()| point.scaled(from, to)))
            .collect()
    }

    async fn solve_point(&self, point: PromptPoint, cancelled: Cancelled<'_>) -> Result<PointStages> {
        let photo = self.solved_photo();
        let (width, height) = (photo.width(), photo.height());
        let start_state =
            start_state(point.x, point.y, width, height, self.solver.resolution(&self.transition));
        let markov_map = self.solver.markov_map(&self.transition, &start_state, cancelled).await?;
        let upsampled = self.solver.upsample(&self.upsampling, &markov_map).await?;
        let click = point.y as usize * width as usize + point.x as usize;
        let distance_map = flood_fill(&upsampled, width as usize, click);
        Ok(PointStages { start_state, markov_map, upsampled, distance_map })
    }

    async fn ensure_map(&mut self, point: PromptPoint, cancelled: Cancelled<'_>) -> Result<()> {
        if let Some(map) = self.maps.get_mut(&(point.x, point.y)) {
            map.last_used = self.clicks;
            return Ok(());
        }
        let distances = self.solve_point(point, cancelled).await?.distance_map;
        let profile = self.solver.profile(&distances, self.solved_photo().width() as usize).await?;
        let largest = distances.iter().copied().fold(0.0, f32::max);
        let map = PointMap { distances, largest, profile, last_used: self.clicks };
        self.maps.insert((point.x, point.y), map);
        Ok(())
    }

    /// Drops the maps that were out of use for longest, so that a session doesn't grow with every point ever tried.
    fn forget_old_maps(&mut self) {
        let mut spare: Vec<_> = self
            .maps
            .iter()
            .filter(|(_, map)| map.last_used < self.clicks)
            .map(|(at, map)| (map.last_used, *at))
            .collect();
        spare.sort_unstable_by(|a, b| b.cmp(a));
        for (_, at) in spare.into_iter().skip(SPARE_MAPS) {
            self.maps.remove(&at);
        }
    }

    async fn thresholds(&self, points: &[PromptPoint]) -> Result<Vec<f32>> {
        let width = self.solved_photo().width() as usize;
        let scoring = |own: &PromptPoint| {
            let map = &self.maps[&(own.x, own.y)];
            let distance = |point: &PromptPoint| map.distances[point.y as usize * width + point.x as usize];
            let of_role = |same: bool| {
                points.iter().filter(move |point| (point.foreground == own.foreground) == same).map(distance)
            };
            let negative_limit = of_role(false).fold(map.largest, f32::min);
            Scoring { profile: &map.profile, positives: of_role(true).collect(), negative_limit }
        };
        let points: Vec<_> = points.iter().map(scoring).collect();
        self.solver.thresholds(&points).await
    }
}

/// The threshold within which a point takes this share of the photo.
fn threshold_of_size(distances: &[f32], size: f32) -> f32 {
    let size = if size.is_nan() { SMALLEST_SIZE } else { size.clamp(SMALLEST_SIZE, LARGEST_SIZE) };
    let rank = (f64::from(size) * distances.len() as f64) as usize;
    let mut distances = distances.to_vec();
    *distances.select_nth_unstable_by(rank.saturating_sub(1), f32::total_cmp).1
}

/// The share of the photo that lies within a threshold.
fn share_within(distances: &[f32], threshold: f32) -> f32 {
    distances.iter().filter(|distance| **distance <= threshold).count() as f32 / distances.len() as f32
}
