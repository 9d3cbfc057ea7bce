//! The network on a device: photo in, attention map out.

use maskov_model::{ModelGraph, Settings};
use maskov_runtime::{CpuExecutor, Executor, GpuExecutor, Observer, Timings};
use maskov_segment::{AttentionMap, Photo};
use maskov_weights::WeightSource;
use web_time::Instant;

use crate::{Attention, Device, Model, Result, resize_area};

const MAP: &str = "attention";

/// A model's list with its weights on a device.
pub struct Network {
    executor: AnyExecutor,
    resolution: usize,
    image_side: usize,
    settings: Settings,
}

enum AnyExecutor {
    Cpu(CpuExecutor),
    Gpu(std::rc::Rc<maskov_gpu::Gpu>, GpuExecutor),
}

/// A photo's attention map and how long it took.
pub struct Encoded {
    /// The map.
    pub attention: Attention,
    /// Milliseconds of shrinking the photo to the network's image.
    pub resize_ms: f64,
    /// Milliseconds of the network as a clock on the wall sees them.
    pub network_ms: f64,
    /// Milliseconds by operation; empty on adapters that can't time passes.
    pub timings: Timings,
}

impl Network {
    /// Loads what the map at that R needs, and computes what is the same for every photo.
    ///
    /// # Errors
    /// When R does not fit, weights are missing or unsound, or the device has no room.
    pub async fn load(
        device: &Device,
        model: &Model,
        source: &dyn WeightSource,
        resolution: usize,
        observer: &mut dyn Observer,
    ) -> Result<Self> {
        let ModelGraph { graph, image_side, .. } = model.graph(resolution)?;
        let constants = model.constants(source, observer).await?;
        let constants: Vec<_> = constants.iter().map(|(name, values)| (*name, values.as_slice())).collect();
        let executor = match device {
            Device::Cpu => {
                AnyExecutor::Cpu(CpuExecutor::load(&graph, &[MAP], source, &constants, observer).await?)
            }
            Device::Gpu(gpu) => {
                let loaded =
                    GpuExecutor::load(gpu.clone(), &graph, &[MAP], source, &constants, observer).await?;
                AnyExecutor::Gpu(gpu.clone(), loaded)
            }
        };
        Ok(Self { executor, resolution, image_side, settings: model.settings().clone() })
    }

    /// R, the side of the token grid.
    pub fn resolution(&self) -> usize {
        self.resolution
    }

    /// Side of the image that the network sees, in pixels.
    pub fn image_side(&self) -> usize {
        self.image_side
    }

    /// The attention map of a photo.
    ///
    /// # Errors
    /// Those of the network and the device; cancellation.
    pub async fn encode(&self, photo: &Photo<'_>, observer: &mut dyn Observer) -> Result<Encoded> {
        let start = Instant::now();
        let side = self.image_side;
        let (width, height) = (photo.width() as usize, photo.height() as usize);
        let image = self.settings.scaled(&resize_area(photo.rgb(), width, height, side, side));
        let resize_ms = milliseconds(start);
        let start = Instant::now();
        let inputs = [("image", image.as_slice())];
        let (attention, timings) = match &self.executor {
            AnyExecutor::Cpu(executor) => {
                let mut outputs = executor.run(&inputs, observer).await?;
                let values = outputs.maps.remove(MAP).unwrap_or_default();
                (Attention::Cpu(AttentionMap::new(self.resolution, values)?), outputs.timings)
            }
            AnyExecutor::Gpu(gpu, executor) => {
                // It has waited for the sums behind the map, and so for the map.
                let mut outputs = executor.run(&inputs, observer).await?;
                let map = outputs.maps.remove(MAP).expect("the list ends in the map");
                (Attention::Gpu(gpu.clone(), map), outputs.timings)
            }
        };
        Ok(Encoded { attention, resize_ms, network_ms: milliseconds(start), timings })
    }
}

pub(crate) fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}
