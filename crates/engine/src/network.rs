//! The network on a device: photo in, attention map out.

use maskov_model::{ModelGraph, Settings};
use maskov_runtime::{Observer, Timings};
use maskov_segment::RgbImage;
use maskov_weights::WeightSource;
use web_time::Instant;

use crate::backend::LoadedNetwork;
use crate::{Attention, Device, Model, Result, resize_area};

/// A model's list with its weights on a device.
pub struct Network {
    loaded: Box<dyn LoadedNetwork>,
    resolution: usize,
    image_side: usize,
    settings: Settings,
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
        let loaded = device.load(&graph, source, &constants, observer).await?;
        Ok(Self { loaded, resolution, image_side, settings: model.settings().clone() })
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
    pub async fn encode(&self, photo: &RgbImage<'_>, observer: &mut dyn Observer) -> Result<Encoded> {
        let start = Instant::now();
        let side = self.image_side;
        let (width, height) = (photo.width() as usize, photo.height() as usize);
        let image = self.settings.scaled(&resize_area(photo.rgb(), width, height, side, side));
        let resize_ms = milliseconds(start);
        let start = Instant::now();
        let (attention, timings) = self.loaded.run(&image, observer).await?;
        Ok(Encoded { attention, resize_ms, network_ms: milliseconds(start), timings })
    }
}

pub(crate) fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}
