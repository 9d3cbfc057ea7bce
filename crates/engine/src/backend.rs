//! The one place where the CPU and the GPU part: what a device is asked for, and who does it there.

use maskov_graph::Graph;
use maskov_runtime::{CpuExecutor, Executor, GpuExecutor, Observer, Timings, Values};
use maskov_segment::{
    AttentionMap, CpuSolver, GpuSolver, Method, MethodSettings, PointStages, PromptPoint, RgbImage,
    Segmentation, SizeStop, SolveSize, Solver, TransitionRow,
};
use maskov_weights::{LocalFuture, WeightSource};

use crate::timed::{Log, Timed};
use crate::{Attention, Device, Result};

/// The name under which a list gives its map.
const MAP: &str = "attention";

/// A list with its weights on some device.
pub(crate) trait LoadedNetwork {
    /// The map of an image, and milliseconds by operation.
    fn run<'a>(
        &'a self,
        image: &'a [f32],
        observer: &'a mut dyn Observer,
    ) -> LocalFuture<'a, Result<(Attention, Timings)>>;
}

/// A photo with its map on some device: [`maskov_segment::Segmenter`] whatever its solver.
pub(crate) trait SolvedPhoto {
    fn map_size(&self) -> (u32, u32);
    fn solved_size(&self) -> (u32, u32);
    fn cached_maps(&self) -> usize;
    fn segment<'a>(
        &'a mut self,
        points: &'a [PromptPoint],
        observer: &'a mut dyn Observer,
    ) -> LocalFuture<'a, Result<Segmentation>>;
    fn preview<'a>(
        &'a mut self,
        points: &'a [PromptPoint],
        observer: &'a mut dyn Observer,
    ) -> LocalFuture<'a, Result<Segmentation>>;
    fn prepare_previews<'a>(&'a mut self, observer: &'a mut dyn Observer) -> LocalFuture<'a, Result<()>>;
    fn sizes<'a>(
        &'a mut self,
        points: &'a [PromptPoint],
        index: usize,
        observer: &'a mut dyn Observer,
    ) -> LocalFuture<'a, Result<Vec<SizeStop>>>;
    fn stages<'a>(
        &'a self,
        point: PromptPoint,
        observer: &'a mut dyn Observer,
    ) -> LocalFuture<'a, Result<PointStages>>;
    fn transition_row(&self, row: usize) -> LocalFuture<'_, Result<TransitionRow>>;
}

impl Device {
    /// Loads a list's weights.
    pub(crate) async fn load(
        &self,
        graph: &Graph,
        source: &dyn WeightSource,
        constants: &[Values<'_>],
        observer: &mut dyn Observer,
    ) -> Result<Box<dyn LoadedNetwork>> {
        let wanted = [MAP];
        Ok(match self {
            Self::Cpu => {
                let executor = CpuExecutor::load(graph, &wanted, source, constants, observer).await?;
                let resolution = |values: &Vec<f32>| values.len().isqrt().isqrt();
                Box::new(Loaded {
                    executor,
                    place: move |values| Ok(Attention::Cpu(AttentionMap::new(resolution(&values), values)?)),
                })
            }
            Self::Gpu(gpu) => {
                let executor =
                    GpuExecutor::load(gpu.clone(), graph, &wanted, source, constants, observer).await?;
                let gpu = gpu.clone();
                Box::new(Loaded { executor, place: move |map| Ok(Attention::Gpu(gpu.clone(), map)) })
            }
        })
    }

    /// Prepares everything of a photo that doesn't depend on points. The map goes to the device, or comes from it, where it
    /// is on another one.
    pub(crate) async fn solve(
        &self,
        attention: Attention,
        photo: RgbImage<'static>,
        settings: MethodSettings,
        solve_size: SolveSize,
        log: &Log,
        observer: &mut dyn Observer,
    ) -> Result<Box<dyn SolvedPhoto>> {
        let method = settings.method.clone();
        match self {
            Self::Cpu => {
                let attention = match attention {
                    Attention::Cpu(map) => map,
                    map => AttentionMap::new(map.resolution(), map.values().await?)?,
                };
                let solver = Timed { solver: CpuSolver::new(settings)?, log: log.clone(), gpu: None };
                solved(solver, method, attention, photo, solve_size, observer).await
            }
            Self::Gpu(gpu) => {
                let solver = GpuSolver::new(gpu.clone(), settings)?;
                let attention = match attention {
                    Attention::Gpu(_, map) => map,
                    Attention::Cpu(map) => solver.upload_attention(&map)?,
                };
                let solver = Timed { solver, log: log.clone(), gpu: Some(gpu.clone()) };
                solved(solver, method, attention, photo, solve_size, observer).await
            }
        }
    }
}

async fn solved<S: Solver + 'static>(
    solver: S,
    method: Method,
    attention: S::Attention,
    photo: RgbImage<'static>,
    solve_size: SolveSize,
    observer: &mut dyn Observer,
) -> Result<Box<dyn SolvedPhoto>> {
    let made = maskov_segment::Segmenter::new(solver, method, attention, photo, solve_size, observer);
    Ok(Box::new(made.await?))
}

/// An executor, and where its maps lie.
struct Loaded<E, P> {
    executor: E,
    place: P,
}

impl<E: Executor, P: Fn(E::Map) -> Result<Attention>> LoadedNetwork for Loaded<E, P> {
    fn run<'a>(
        &'a self,
        image: &'a [f32],
        observer: &'a mut dyn Observer,
    ) -> LocalFuture<'a, Result<(Attention, Timings)>> {
        Box::pin(async move {
            let inputs = [("image", image)];
            // On a GPU it has waited for the sums behind the map, and so for the map.
            let mut outputs = self.executor.run(&inputs, observer).await?;
            let map = outputs.maps.remove(MAP).expect("the list ends in the map");
            Ok(((self.place)(map)?, outputs.timings))
        })
    }
}

impl<S: Solver> SolvedPhoto for maskov_segment::Segmenter<'static, S> {
    fn map_size(&self) -> (u32, u32) {
        self.map_size()
    }

    fn solved_size(&self) -> (u32, u32) {
        (self.solved_photo().width(), self.solved_photo().height())
    }

    fn cached_maps(&self) -> usize {
        self.cached_maps()
    }

    fn segment<'a>(
        &'a mut self,
        points: &'a [PromptPoint],
        observer: &'a mut dyn Observer,
    ) -> LocalFuture<'a, Result<Segmentation>> {
        Box::pin(async move { Ok(self.segment(points, observer).await?) })
    }

    fn preview<'a>(
        &'a mut self,
        points: &'a [PromptPoint],
        observer: &'a mut dyn Observer,
    ) -> LocalFuture<'a, Result<Segmentation>> {
        Box::pin(async move { Ok(self.preview(points, observer).await?) })
    }

    fn prepare_previews<'a>(&'a mut self, observer: &'a mut dyn Observer) -> LocalFuture<'a, Result<()>> {
        Box::pin(async move { Ok(self.prepare_previews(observer).await?) })
    }

    fn sizes<'a>(
        &'a mut self,
        points: &'a [PromptPoint],
        index: usize,
        observer: &'a mut dyn Observer,
    ) -> LocalFuture<'a, Result<Vec<SizeStop>>> {
        Box::pin(async move { Ok(self.sizes(points, index, observer).await?) })
    }

    fn stages<'a>(
        &'a self,
        point: PromptPoint,
        observer: &'a mut dyn Observer,
    ) -> LocalFuture<'a, Result<PointStages>> {
        Box::pin(async move { Ok(self.stages(point, observer).await?) })
    }

    fn transition_row(&self, row: usize) -> LocalFuture<'_, Result<TransitionRow>> {
        Box::pin(async move { Ok(self.solver().transition_row(self.transition(), row).await?) })
    }
}
