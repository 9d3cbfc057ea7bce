//! One photo and its points, on whichever device.

use maskov_runtime::{Observer, Timings};
use maskov_segment::{
    MethodSettings, PointStages, PromptPoint, RgbImage, Segmentation, SizeStop, TransitionRow,
};

use crate::backend::SolvedPhoto;
use crate::timed::Log;
use crate::{Attention, Device, Fidelity, Result, Stage, StageTime};

/// A photo with its attention, the points on it, and the maps of all points tried so far.
pub struct Session {
    solved: Box<dyn SolvedPhoto>,
    photo_size: (u32, u32),
    points: Vec<PromptPoint>,
    log: Log,
    network: Timings,
}

impl Session {
    /// Prepares everything that doesn't depend on points. The map goes to the device, or comes from it, where it is on
    /// another one.
    ///
    /// # Errors
    /// Those of the method and the device; cancellation.
    pub async fn new(
        device: &Device,
        attention: Attention,
        photo: RgbImage<'static>,
        method: MethodSettings,
        fidelity: Fidelity,
        observer: &mut dyn Observer,
    ) -> Result<Self> {
        let log = Log::default();
        let (settings, size) = (fidelity.method(method), fidelity.solve_size);
        let photo_size = (photo.width(), photo.height());
        let solved = device.solve(attention, photo, settings, size, &log, observer).await?;
        Ok(Self { solved, photo_size, points: Vec::new(), log, network: Timings::default() })
    }

    pub(crate) fn encoded_in(&mut self, resize_ms: f64, network_ms: f64, network: Timings) {
        self.log.put_first(Stage::Network, network_ms);
        self.log.put_first(Stage::Resize, resize_ms);
        self.network = network;
    }

    /// Width and height of the photo and of its mask.
    pub fn photo_size(&self) -> (u32, u32) {
        self.photo_size
    }

    /// Width and height of maps: by our method smaller than the photo is solved at. Previews are no larger.
    pub fn map_size(&self) -> (u32, u32) {
        self.solved.map_size()
    }

    /// Width and height that the photo is solved at.
    pub fn solved_size(&self) -> (u32, u32) {
        self.solved.solved_size()
    }

    /// The points, in order.
    pub fn points(&self) -> &[PromptPoint] {
        &self.points
    }

    /// Adds a point behind the others, or in place of the one on its pixel.
    ///
    /// # Errors
    /// When it lies outside the photo.
    pub fn add(&mut self, point: PromptPoint) -> Result<()> {
        point.check_inside(self.photo_size.0, self.photo_size.1)?;
        match self.points.iter_mut().find(|other| (other.x, other.y) == (point.x, point.y)) {
            Some(other) => *other = point,
            None => self.points.push(point),
        }
        Ok(())
    }

    /// Puts all points at once; of several on one pixel the last takes the place of the first.
    ///
    /// # Errors
    /// When one lies outside the photo; then nothing changes.
    pub fn set_points(&mut self, points: &[PromptPoint]) -> Result<()> {
        points.iter().try_for_each(|point| point.check_inside(self.photo_size.0, self.photo_size.1))?;
        self.points.clear();
        points.iter().try_for_each(|point| self.add(*point))
    }

    /// Takes a point away; nothing happens where there is none of that index.
    pub fn remove(&mut self, index: usize) {
        if index < self.points.len() {
            self.points.remove(index);
        }
    }

    /// Moves a point, and takes away another one on that pixel; nothing happens where there is none of that index.
    ///
    /// # Errors
    /// When the new place lies outside the photo.
    pub fn move_to(&mut self, index: usize, x: u32, y: u32) -> Result<()> {
        if let Some(point) = self.points.get_mut(index) {
            let moved = PromptPoint { x, y, ..*point };
            moved.check_inside(self.photo_size.0, self.photo_size.1)?;
            *point = moved;
            let mut places = 0..;
            self.points.retain(|other| places.next() == Some(index) || (other.x, other.y) != (x, y));
        }
        Ok(())
    }

    /// The mask of the points at the photo's own size, and every point's threshold. Only new points cost a map.
    ///
    /// # Errors
    /// Those of the method and the device; cancellation, after which finished maps are kept.
    pub async fn mask(&mut self, observer: &mut dyn Observer) -> Result<Segmentation> {
        let refined = self.solved_size() != self.photo_size;
        let segmentation = self.solved.segment(&self.points, observer).await?;
        if refined {
            self.log.gap(Stage::Refinement);
        }
        Ok(segmentation)
    }

    /// The mask of the points at [`Session::map_size`] or less, its border not refined: what is shown while a point is still
    /// looked for. A point's map may be blended from those of [`Session::prepare_previews`]; a later [`Session::mask`] makes
    /// its own, and finds those of the other points.
    ///
    /// # Errors
    /// As [`Session::mask`].
    pub async fn preview(&mut self, observer: &mut dyn Observer) -> Result<Segmentation> {
        self.solved.preview(&self.points, observer).await
    }

    /// Makes Markov maps in advance, when there is nothing else to do, so that many previews need no chain: coarse to fine over
    /// the whole photo. It may be stopped at any time, and goes on from there when it is called again.
    ///
    /// # Errors
    /// Those of the method and the device; cancellation, after which finished maps are kept.
    pub async fn prepare_previews(&mut self, observer: &mut dyn Observer) -> Result<()> {
        self.solved.prepare_previews(observer).await
    }

    /// What the point of that index takes at each stop of its size, smallest first; the other points stay as they are.
    /// Empty where there is no such point.
    ///
    /// # Errors
    /// As [`Session::mask`].
    pub async fn sizes(&mut self, index: usize, observer: &mut dyn Observer) -> Result<Vec<SizeStop>> {
        if index >= self.points.len() {
            return Ok(Vec::new());
        }
        self.solved.sizes(&self.points, index, observer).await
    }

    /// Points whose maps are kept.
    pub fn cached_maps(&self) -> usize {
        self.solved.cached_maps()
    }

    /// What was done since the last call, in order.
    pub fn take_times(&self) -> Vec<StageTime> {
        self.log.take()
    }

    /// Milliseconds of the network by operation; empty where the adapter can't time passes or the map is from a file.
    pub fn network_timings(&self) -> &Timings {
        &self.network
    }

    /// Every stage of one point on its own, for verification. Nothing is kept.
    ///
    /// # Errors
    /// As [`Session::mask`].
    pub async fn stages(&self, point: PromptPoint) -> Result<PointStages> {
        self.solved.stages(point, &mut ()).await
    }

    /// A row of the transition matrix, for verification.
    ///
    /// # Errors
    /// Those of the device.
    pub async fn transition_row(&self, row: usize) -> Result<TransitionRow> {
        self.solved.transition_row(row).await
    }
}
