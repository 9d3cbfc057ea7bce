//! The paper's way from maps to a mask: a threshold for every point, and the nearest point decides.

use maskov_kernels::truncated_nearest::MaskLayer;

use maskov_progress::Observer;

use crate::error::Result;
use crate::flood_fill::flood_fill;
use crate::map_source::{MAPS_AT_ONCE, MapSource, PointCache, Precision};
use crate::merge::{Mask, own_clicked_pixels};
use crate::points::{PromptPoint, share_within, size_in_range, threshold_of_size};
use crate::segmenter::Segmentation;
use crate::solver::{MergeLayer, Scoring, Solver};

/// The maps of the points clicked so far.
pub(crate) struct M2n2<P> {
    pub maps: PointCache<PointMap<P>>,
}

/// What is kept of a point.
pub(crate) struct PointMap<P> {
    distances: Vec<f32>,
    largest: f32,
    profile: P,
}

impl<P> M2n2<P> {
    pub fn new() -> Self {
        Self { maps: PointCache::default() }
    }

    /// The mask of these points at the size of the maps.
    pub async fn segment<S: Solver<Profile = P>>(
        &mut self,
        source: &MapSource<S>,
        points: &[PromptPoint],
        precision: Precision,
        observer: &mut dyn Observer,
    ) -> Result<Segmentation> {
        for missing in self.maps.start_turn(points, precision).chunks(MAPS_AT_ONCE) {
            for (&point, map) in missing.iter().zip(source.maps(missing, precision, observer).await?) {
                let of_point = Self::map(source, point, &map.upsampled).await?;
                self.maps.insert(point, of_point, map.precision);
            }
        }
        let mut thresholds = self.thresholds(source, points).await?;
        let mut sizes = Vec::with_capacity(points.len());
        for (&point, threshold) in points.iter().zip(&mut thresholds) {
            let distances = &self.maps.get(point).distances;
            if let Some(size) = point.size {
                *threshold = threshold_of_size(distances, size);
            }
            sizes.push(point.size.map_or_else(|| share_within(distances, *threshold), size_in_range));
        }
        let layer = |(&point, &threshold): (&PromptPoint, &f32)| {
            let PointMap { distances, profile, .. } = self.maps.get(point);
            MergeLayer { mask: MaskLayer { distances, threshold, foreground: point.foreground }, profile }
        };
        let layers: Vec<_> = points.iter().zip(&thresholds).map(layer).collect();
        let pixels = source.solver().merge(&layers, source.pixels()).await?;
        let (width, height) = source.size();
        let mut mask = Mask { width, height, pixels };
        own_clicked_pixels(&mut mask, points);
        Ok(Segmentation { mask, thresholds, sizes })
    }

    async fn map<S: Solver<Profile = P>>(
        source: &MapSource<S>,
        point: PromptPoint,
        upsampled: &[f32],
    ) -> Result<PointMap<P>> {
        let distances = flood_fill(upsampled, source.width(), source.pixel(point));
        let profile = source.solver().profile(&distances, source.width()).await?;
        let largest = distances.iter().copied().fold(0.0, f32::max);
        Ok(PointMap { distances, largest, profile })
    }

    async fn thresholds<S: Solver<Profile = P>>(
        &self,
        source: &MapSource<S>,
        points: &[PromptPoint],
    ) -> Result<Vec<f32>> {
        let scoring = |&own: &PromptPoint| {
            let map = self.maps.get(own);
            let of_role = |same: bool| {
                points
                    .iter()
                    .filter(move |point| (point.foreground == own.foreground) == same)
                    .map(|&point| map.distances[source.pixel(point)])
            };
            let negative_limit = of_role(false).fold(map.largest, f32::min);
            Scoring { profile: &map.profile, positives: of_role(true).collect(), negative_limit }
        };
        let points: Vec<_> = points.iter().map(scoring).collect();
        source.solver().thresholds(&points).await
    }
}
