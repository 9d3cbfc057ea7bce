//! The method, written once: a photo's attention and points in, a mask out.

use std::rc::Rc;

use maskov_progress::Observer;

use crate::error::Result;
use crate::flood_fill::flood_fill;
use crate::m2n2::M2n2;
use crate::map_source::{MapSource, Matrix, Precision, UpsampledMap};
use crate::maskov::Maskov;
use crate::merge::{Mask, own_clicked_pixels};
use crate::points::{PromptPoint, SizeStop};
use crate::refine::Refinement;
use crate::rgb_image::RgbImage;
use crate::settings::{Method, SolveSize};
use crate::solver::{HostWork, Solver, step};

/// The stops of a point's size, as factors of the method's own choice.
pub const SIZE_STOPS: [f32; 5] = [0.25, 0.5, 1.0, 2.0, 4.0];
/// Stops below and above these shares of the photo are left out.
const SMALLEST_STOP: f32 = 0.003;
const LARGEST_STOP: f32 = 0.8;

/// One photo with its attention, and the maps of the points clicked so far.
pub struct Segmenter<'a, S: Solver> {
    source: MapSource<S>,
    photo: RgbImage<'a>,
    /// The photo at the size it is solved at, where that is smaller.
    shrunk: Option<RgbImage<'static>>,
    solving: Solving<S::Profile>,
    /// Where previews are smaller, once there was one.
    previews: Option<(MapSource<S>, M2n2<S::Profile>)>,
}

enum Solving<P> {
    M2n2(M2n2<P>),
    Maskov(Box<Maskov>),
}

/// A mask and how it came about.
#[derive(Clone, Debug, PartialEq)]
pub struct Segmentation {
    /// The mask at the photo's own size, or at that of the maps: as the function says.
    pub mask: Mask,
    /// Each point's threshold θ, in the order of the points; by our method that of the first one, as each leaves it.
    pub thresholds: Vec<f32>,
    /// The share of the photo that each point takes, in the order of the points: its own size, or the method's choice.
    pub sizes: Vec<f32>,
}

/// The stages of one point on its own, at the size of the maps: for verification.
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

impl<'a, S: Solver> Segmenter<'a, S> {
    /// Prepares everything that doesn't depend on clicks.
    ///
    /// # Errors
    /// Those of the solver; [`Cancelled`](crate::SegmentError::Cancelled).
    pub async fn new(
        solver: S,
        method: Method,
        attention: S::Attention,
        photo: RgbImage<'a>,
        solve_size: SolveSize,
        observer: &mut dyn Observer,
    ) -> Result<Self> {
        let shrunk = shrunk_to(&photo, solve_size.of(photo.width(), photo.height()));
        let solved = shrunk.as_ref().unwrap_or(&photo);
        let small = shrunk_to(&photo, method.map_size((solved.width(), solved.height())));
        let mapped = small.as_ref().unwrap_or(&photo);
        let matrix = Rc::new(Matrix::new(solver, attention, observer).await?);
        let source = MapSource::new(matrix, mapped, observer).await?;
        let solving = match method {
            Method::M2n2 => Solving::M2n2(M2n2::new()),
            Method::Maskov(settings) => Solving::Maskov(Box::new(Maskov::new(mapped, solved, settings))),
        };
        Ok(Self { source, photo, shrunk, solving, previews: None })
    }

    /// The solver.
    pub fn solver(&self) -> &S {
        self.source.solver()
    }

    /// The transition matrix where the solver keeps it.
    pub fn transition(&self) -> &S::Transition {
        &self.source.matrix.transition
    }

    /// The photo at the size it is solved at.
    pub fn solved_photo(&self) -> &RgbImage<'_> {
        self.shrunk.as_ref().unwrap_or(&self.photo)
    }

    /// Width and height of the maps, and of masks whose border is not refined: our method's may be smaller than the photo is
    /// solved at.
    pub fn map_size(&self) -> (u32, u32) {
        self.source.size()
    }

    /// Points whose maps are kept.
    pub fn cached_maps(&self) -> usize {
        match &self.solving {
            Solving::M2n2(method) => method.maps.len(),
            Solving::Maskov(method) => method.maps.len(),
        }
    }

    /// The mask of these points; without points it is empty. Only points that are new cost a map.
    ///
    /// # Errors
    /// [`PointOutside`](crate::SegmentError::PointOutside); [`Cancelled`](crate::SegmentError::Cancelled) (finished maps
    /// are kept); those of the solver.
    pub async fn segment(
        &mut self,
        points: &[PromptPoint],
        observer: &mut dyn Observer,
    ) -> Result<Segmentation> {
        let mut segmentation = self.segment_solved(points, observer).await?;
        let solved = self.shrunk.as_ref().unwrap_or(&self.photo);
        if let Solving::Maskov(method) = &mut self.solving
            && let Some(pixels) = method.solved_mask(points)
        {
            self.source.solver().done(HostWork::EdgeBand);
            segmentation.mask = Mask { width: solved.width(), height: solved.height(), pixels };
        }
        if let Some(shrunk) = &self.shrunk {
            segmentation.mask = Refinement::new(&self.photo, shrunk, &segmentation.mask).mask();
        }
        own_clicked_pixels(&mut segmentation.mask, points);
        Ok(segmentation)
    }

    /// The same at [`Self::map_size`], its border not refined: quicker by all that larger sizes cost.
    ///
    /// # Errors
    /// As [`Self::segment`].
    pub async fn segment_solved(
        &mut self,
        points: &[PromptPoint],
        observer: &mut dyn Observer,
    ) -> Result<Segmentation> {
        let solved = self.solved_points(points)?;
        self.solve(&solved, Precision::Exact, observer).await
    }

    /// The same for points that are still looked for, at [`Self::map_size`] or a quarter of a megapixel, whichever is less.
    /// Where [`Self::prepare_previews`] has made the maps around a point, and they agree, that point's map is blended from
    /// them.
    ///
    /// # Errors
    /// As [`Self::segment`].
    pub async fn preview(
        &mut self,
        points: &[PromptPoint],
        observer: &mut dyn Observer,
    ) -> Result<Segmentation> {
        let (width, height) = self.map_size();
        let size = SolveSize::PREVIEW.of(width, height);
        let points = self.points_at(points, size)?;
        if size == (width, height) {
            return self.solve(&points, Precision::Preview, observer).await;
        }
        if self.previews.is_none() {
            let photo = self.photo.shrunk(size.0, size.1);
            let source = MapSource::new(self.source.matrix.clone(), &photo, observer).await?;
            self.previews = Some((source, M2n2::new()));
        }
        let (source, method) = self.previews.as_mut().expect("made above");
        method.segment(source, &points, Precision::Preview, observer).await
    }

    /// Makes Markov maps in advance, from which previews are blended. It may be stopped at any time, and goes on from there
    /// when it is called again.
    ///
    /// # Errors
    /// [`Cancelled`](crate::SegmentError::Cancelled) (finished maps are kept); those of the solver.
    pub async fn prepare_previews(&mut self, observer: &mut dyn Observer) -> Result<()> {
        self.source.matrix.prepare_previews(observer).await
    }

    async fn solve(
        &mut self,
        points: &[PromptPoint],
        precision: Precision,
        observer: &mut dyn Observer,
    ) -> Result<Segmentation> {
        match &mut self.solving {
            Solving::M2n2(method) => method.segment(&self.source, points, precision, observer).await,
            Solving::Maskov(method) => method.segment(&self.source, points, precision, observer).await,
        }
    }

    /// What a point takes at each stop of its size, smallest first: the method's own choice × ¼, ½, 1, 2, 4, as far as these
    /// are sizes. The other points stay as they are. At [`Self::map_size`].
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
        observer: &mut dyn Observer,
    ) -> Result<Vec<SizeStop>> {
        let mut points = points.to_vec();
        points[index].size = None;
        let automatic = self.segment_solved(&points, observer).await?;
        let own = automatic.sizes[index];
        let mut stops = Vec::new();
        for (stop, factor) in SIZE_STOPS.into_iter().enumerate() {
            step(observer, "sizes", stop, SIZE_STOPS.len()).await?;
            let size = own * factor;
            if factor == 1.0 {
                stops.push(SizeStop { size, area: automatic.mask.area(), is_automatic: true });
            } else if (SMALLEST_STOP..=LARGEST_STOP).contains(&size) {
                points[index].size = Some(size);
                let area = self.segment_solved(&points, observer).await?.mask.area();
                stops.push(SizeStop { size, area, is_automatic: false });
            }
        }
        Ok(stops)
    }

    /// Every stage of one point on its own. Nothing is cached.
    ///
    /// # Errors
    /// As [`Self::segment`].
    pub async fn stages(&self, point: PromptPoint, observer: &mut dyn Observer) -> Result<PointStages> {
        let point = self.solved_points(&[point])?[0];
        let maps = self.source.exact_maps(&[point], observer).await?;
        let UpsampledMap { start_state, markov_map, upsampled } =
            maps.into_iter().next().expect("a map for each point");
        let distance_map = flood_fill(&upsampled, self.source.width(), self.source.pixel(point));
        Ok(PointStages { start_state, markov_map, upsampled, distance_map })
    }

    fn solved_points(&self, points: &[PromptPoint]) -> Result<Vec<PromptPoint>> {
        self.points_at(points, self.source.size())
    }

    fn points_at(&self, points: &[PromptPoint], to: (u32, u32)) -> Result<Vec<PromptPoint>> {
        let from = (self.photo.width(), self.photo.height());
        points
            .iter()
            .map(|point| point.check_inside(from.0, from.1).map(|()| point.scaled(from, to)))
            .collect()
    }
}

fn shrunk_to(photo: &RgbImage<'_>, (width, height): (u32, u32)) -> Option<RgbImage<'static>> {
    ((width, height) != (photo.width(), photo.height())).then(|| photo.shrunk(width, height))
}
