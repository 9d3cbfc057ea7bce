//! The solver of the CPU: the kernels' twins over all cores.

use maskov_kernels::truncated_nearest::MaskLayer;

use maskov_progress::Observer;

use crate::attention::AttentionMap;
use crate::error::Result;
use crate::markov_map::markov_map;
use crate::merge::merge;
use crate::rgb_image::RgbImage;
use crate::scoring::EdgeProfile;
use crate::settings::MethodSettings;
use crate::solver::{MergeLayer, Scoring, Solver, TransitionRow, Urgency};
use crate::transition::Transition;
use crate::upsampling::Upsampling;

/// Computes the method on the CPU.
#[derive(Clone, Debug)]
pub struct CpuSolver {
    settings: MethodSettings,
}

impl CpuSolver {
    /// A solver with these constants.
    ///
    /// # Errors
    /// When a setting is outside its range.
    pub fn new(settings: MethodSettings) -> Result<Self> {
        settings.validate()?;
        Ok(Self { settings })
    }
}

impl Solver for CpuSolver {
    type Attention = AttentionMap;
    type Transition = Transition;
    type Upsampling = Upsampling;
    type Profile = EdgeProfile;

    async fn load_attention(
        &self,
        attention: AttentionMap,
        observer: &mut dyn Observer,
    ) -> Result<Transition> {
        Transition::new(attention, &self.settings, observer).await
    }

    fn resolution(&self, transition: &Transition) -> usize {
        transition.resolution()
    }

    async fn transition_row(&self, transition: &Transition, row: usize) -> Result<TransitionRow> {
        Ok(transition.row(row))
    }

    async fn load_photo(
        &self,
        photo: &RgbImage<'_>,
        resolution: usize,
        observer: &mut dyn Observer,
    ) -> Result<Upsampling> {
        Upsampling::new(photo, resolution, &self.settings, observer).await
    }

    async fn markov_maps(
        &self,
        transition: &Transition,
        start_states: &[Vec<f32>],
        _: Urgency,
        observer: &mut dyn Observer,
    ) -> Result<Vec<Vec<f32>>> {
        let mut maps = Vec::with_capacity(start_states.len());
        for state in start_states {
            maps.push(markov_map(transition, state, &self.settings, observer).await?);
        }
        Ok(maps)
    }

    async fn upsample(&self, upsampling: &Upsampling, map: &[f32]) -> Result<Vec<f32>> {
        Ok(upsampling.upsample(map))
    }

    async fn profile(&self, distances: &[f32], width: usize) -> Result<EdgeProfile> {
        Ok(EdgeProfile::new(distances, width, &self.settings))
    }

    async fn thresholds(&self, points: &[Scoring<'_, EdgeProfile>]) -> Result<Vec<f32>> {
        let threshold = |point: &Scoring<'_, EdgeProfile>| {
            point.profile.threshold(&point.positives, point.negative_limit)
        };
        Ok(points.iter().map(threshold).collect())
    }

    async fn merge(&self, layers: &[MergeLayer<'_, EdgeProfile>], pixels: usize) -> Result<Vec<u8>> {
        let layers: Vec<MaskLayer<'_>> = layers.iter().map(|layer| layer.mask).collect();
        Ok(merge(&layers, pixels))
    }
}
