//! The solver of the GPU: matrices, weights and profiles stay on the device; maps come back because the flood fill
//! between them is a priority-queue algorithm of the CPU.

use std::rc::Rc;

use maskov_gpu::{Buffer, Gpu, GpuError, Kernel, RowTiled};
use maskov_kernels::border_events::{self, border_events};
use maskov_kernels::edge_terms::{self, edge_terms};
use maskov_kernels::markov_step::{self, MAX_STATES};
use maskov_kernels::prefix_sums::{self, prefix_sums};
use maskov_kernels::sobel::{self, sobel};
use maskov_kernels::sobel_levels::{self, sobel_levels};
use maskov_kernels::threshold_best::{self, threshold_best};
use maskov_kernels::threshold_scores::{self, RUN, threshold_scores};
use maskov_kernels::truncated_mask::{self, mask_bytes, truncated_mask};
use maskov_kernels::truncated_nearest::{self, truncated_nearest};
use maskov_kernels::{
    ipf_columns, ipf_rows, prefix_sums_add, temperature, upsample_map, upsample_weights, weighted_column_sums,
};

use maskov_progress::Observer;

use crate::attention::AttentionMap;
use crate::error::{Result, SegmentError};
use crate::gpu_transition::GpuTransition;
use crate::gpu_upsampling::GpuUpsampling;
use crate::order::{order_by_value, rank_by_value};
use crate::rgb_image::RgbImage;
use crate::scoring::candidate_count;
use crate::settings::{Method, MethodSettings};
use crate::solver::{MergeLayer, Scoring, Solver, TransitionRow, Urgency};

impl From<GpuError> for SegmentError {
    fn from(error: GpuError) -> Self {
        Self::Device(Box::new(error))
    }
}

/// Of the maps of any method, but for the chain's, which is compiled for a number of states.
static KERNELS: [&Kernel; 6] = [
    &temperature::KERNEL,
    &weighted_column_sums::KERNEL,
    &ipf_columns::KERNEL,
    &ipf_rows::KERNEL,
    &upsample_weights::KERNEL,
    &upsample_map::KERNEL,
];

/// Of the paper's way from maps to a mask.
static M2N2_KERNELS: [&Kernel; 10] = [
    &sobel::KERNEL,
    &sobel_levels::KERNEL,
    &border_events::KERNEL,
    &prefix_sums::KERNEL,
    &prefix_sums_add::KERNEL,
    &edge_terms::KERNEL,
    &threshold_scores::KERNEL,
    &threshold_best::KERNEL,
    &truncated_nearest::KERNEL,
    &truncated_mask::KERNEL,
];

/// Computes the method on the GPU.
#[derive(Clone)]
pub struct GpuSolver {
    gpu: Rc<Gpu>,
    settings: MethodSettings,
}

impl GpuSolver {
    /// A solver with these constants on this device.
    ///
    /// # Errors
    /// When a setting is outside its range.
    pub fn new(gpu: Rc<Gpu>, settings: MethodSettings) -> Result<Self> {
        settings.validate()?;
        Ok(Self { gpu, settings })
    }

    /// Compiles the kernels of a method, before the first photo or point has to wait for them.
    pub fn compile(gpu: &Gpu, method: &Method) {
        let of_method: &[&Kernel] = match method {
            Method::M2n2 => &M2N2_KERNELS,
            Method::Maskov(_) => &[],
        };
        KERNELS.iter().chain(of_method).for_each(|kernel| gpu.compile(kernel, &[]));
        (1..=MAX_STATES).for_each(|states| markov_step::compile(gpu, states));
    }

    /// Brings an attention map to the device, as the network leaves it there by itself.
    ///
    /// # Errors
    /// When the device has no room.
    pub fn upload_attention(&self, attention: &AttentionMap) -> Result<RowTiled> {
        let tokens = attention.resolution.pow(2);
        Ok(RowTiled::upload(&self.gpu, "attention map", &attention.values, tokens)?)
    }
}

/// A point's distance map and edge terms on the device.
pub struct GpuProfile {
    /// f32 `[height, width]`.
    distances: Buffer,
    /// f32 `[candidates]`.
    edge: Buffer,
    /// f32 `[candidates]`, ascending.
    thresholds: Buffer,
    candidates: usize,
}

impl GpuProfile {
    /// The ranks come from the CPU, where the flood fill left the map; everything after them is computed here.
    fn new(gpu: &Gpu, distances: &[f32], width: usize, settings: &MethodSettings) -> Result<Self> {
        let (pixels, shape) = (distances.len(), [distances.len() / width, width]);
        let candidates = candidate_count(pixels, settings.max_segment_area);
        let order = order_by_value(distances);
        let thresholds: Vec<f32> =
            order[..candidates].iter().map(|&pixel| distances[pixel as usize]).collect();
        let profile = Self {
            distances: gpu.upload("distance map", distances)?,
            edge: gpu.create("edge terms", candidates)?,
            thresholds: gpu.upload("thresholds", &thresholds)?,
            candidates,
        };
        let rank = gpu.upload("ranks", &rank_by_value(&order))?;
        let magnitudes = gpu.create("Sobel magnitudes", pixels)?;
        let largest = gpu.create("largest Sobel magnitude", 1)?;
        let levels = gpu.create("Sobel levels", pixels)?;
        let events = gpu.create("border events", 2 * candidates)?;
        let mut pass = gpu.pass();
        pass.label("edge profile");
        pass.clear(&largest);
        pass.clear(&events);
        sobel(&mut pass, &profile.distances, shape, &magnitudes, &largest)?;
        sobel_levels(&mut pass, &magnitudes, &largest, pixels, &levels)?;
        border_events(&mut pass, &rank, &levels, shape, candidates, &events)?;
        prefix_sums(&mut pass, &events, candidates)?;
        edge_terms(&mut pass, &events, candidates, &profile.edge)?;
        pass.submit()?;
        Ok(profile)
    }
}

impl Solver for GpuSolver {
    type Attention = RowTiled;
    type Transition = GpuTransition;
    type Upsampling = GpuUpsampling;
    type Profile = GpuProfile;

    async fn load_attention(
        &self,
        attention: RowTiled,
        observer: &mut dyn Observer,
    ) -> Result<GpuTransition> {
        GpuTransition::new(&self.gpu, attention, &self.settings, observer).await
    }

    fn resolution(&self, transition: &GpuTransition) -> usize {
        transition.resolution()
    }

    async fn transition_row(&self, transition: &GpuTransition, row: usize) -> Result<TransitionRow> {
        transition.row(&self.gpu, row).await
    }

    async fn load_photo(
        &self,
        photo: &RgbImage<'_>,
        resolution: usize,
        observer: &mut dyn Observer,
    ) -> Result<GpuUpsampling> {
        GpuUpsampling::new(&self.gpu, photo, resolution, &self.settings, observer).await
    }

    async fn markov_maps(
        &self,
        transition: &GpuTransition,
        start_states: &[Vec<f32>],
        urgency: Urgency,
        observer: &mut dyn Observer,
    ) -> Result<Vec<Vec<f32>>> {
        transition.markov_maps(&self.gpu, start_states, &self.settings, urgency, observer).await
    }

    async fn upsample(&self, upsampling: &GpuUpsampling, map: &[f32]) -> Result<Vec<f32>> {
        upsampling.upsample(&self.gpu, map).await
    }

    async fn profile(&self, distances: &[f32], width: usize) -> Result<GpuProfile> {
        GpuProfile::new(&self.gpu, distances, width, &self.settings)
    }

    async fn thresholds(&self, points: &[Scoring<'_, GpuProfile>]) -> Result<Vec<f32>> {
        if points.is_empty() {
            return Ok(Vec::new());
        }
        let chosen = self.gpu.create("chosen thresholds", 2 * points.len())?;
        let mut pass = self.gpu.pass();
        pass.label("thresholds");
        // A point without candidates has no threshold.
        pass.clear(&chosen);
        for (point, scoring) in points.iter().enumerate() {
            let GpuProfile { edge, thresholds, candidates, .. } = scoring.profile;
            let bests = self.gpu.create("best candidates", 2 * candidates.div_ceil(RUN).max(1))?;
            let positives = self.gpu.upload("positive points", &scoring.positives)?;
            let (count, limit) = (scoring.positives.len(), scoring.negative_limit);
            threshold_scores(&mut pass, edge, thresholds, *candidates, &positives, count, limit, &bests)?;
            threshold_best(&mut pass, &bests, thresholds, *candidates, &chosen, point)?;
        }
        pass.submit()?;
        let chosen: Vec<f32> = self.gpu.read_range(&chosen, 0, 2 * points.len()).await?;
        Ok(chosen.chunks_exact(2).map(|row| row[1]).collect())
    }

    async fn merge(&self, layers: &[MergeLayer<'_, GpuProfile>], pixels: usize) -> Result<Vec<u8>> {
        let chosen: Vec<[f32; 2]> = layers.iter().map(|layer| [0.0, layer.mask.threshold]).collect();
        let chosen = self.gpu.upload("chosen thresholds", &chosen)?;
        let nearest = self.gpu.create("nearest points", pixels)?;
        let mask = self.gpu.create("mask", pixels.div_ceil(4))?;
        let mut pass = self.gpu.pass();
        pass.label("merge");
        for (point, layer) in layers.iter().enumerate() {
            let distances = &layer.profile.distances;
            truncated_nearest(&mut pass, distances, &chosen, point, layer.mask.foreground, pixels, &nearest)?;
        }
        truncated_mask(&mut pass, &nearest, pixels, &mask)?;
        pass.submit()?;
        Ok(mask_bytes(&self.gpu.read::<u32>(&mask).await?, pixels))
    }
}
