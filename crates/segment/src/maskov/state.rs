//! Our way from maps to a mask, point by point.

use super::clicks::{ClickMap, Clicks};
use super::edge_band::EdgeBand;
use super::settings::MaskovSettings;
use maskov_progress::Observer;

use crate::error::Result;
use crate::flood_fill::flood_steps;
use crate::map_source::{MAPS_AT_ONCE, MapSource, PointCache, Precision};
use crate::merge::Mask;
use crate::points::PromptPoint;
use crate::rgb_image::RgbImage;
use crate::segmenter::Segmentation;
use crate::solver::{HostWork, Solver};

/// The maps of the points clicked so far, and the masks after each.
pub(crate) struct Maskov {
    pub maps: PointCache<ClickMap>,
    clicks: Clicks,
    /// The photo at the size it is solved at, where that is larger than that of the maps.
    band: Option<EdgeBand>,
    settings: MaskovSettings,
}

impl Maskov {
    /// `small` is the photo at the size of the maps, `solved` the one that masks are wanted of.
    pub fn new(small: &RgbImage<'_>, solved: &RgbImage<'_>, settings: MaskovSettings) -> Self {
        let size = (small.width(), small.height());
        let is_larger = size != (solved.width(), solved.height());
        let band = is_larger.then(|| EdgeBand::new(solved, size, &settings));
        Self { maps: PointCache::default(), clicks: Clicks::new(small, settings.clone()), band, settings }
    }

    /// The mask of these points at the size that is solved, from the one at the size of the maps that
    /// [`Self::segment`] has just made. `None` where the sizes are the same.
    pub fn solved_mask(&mut self, points: &[PromptPoint]) -> Option<Vec<u8>> {
        let band = self.band.as_ref()?;
        let mask = self.clicks.full_mask(points.len(), |mask, gains| band.mask(mask, gains));
        Some(mask.unwrap_or_else(|| band.empty_mask()))
    }

    /// The mask of these points at the size of the maps.
    pub async fn segment<S: Solver>(
        &mut self,
        source: &MapSource<S>,
        points: &[PromptPoint],
        precision: Precision,
        observer: &mut dyn Observer,
    ) -> Result<Segmentation> {
        for missing in self.maps.start_turn(points, precision).chunks(MAPS_AT_ONCE) {
            for (&point, map) in missing.iter().zip(source.maps(missing, precision, observer).await?) {
                let distances = flood_steps(&map.upsampled, source.width(), source.pixel(point));
                source.solver().done(HostWork::FloodFill);
                self.maps.insert(point, ClickMap::new(distances), map.precision);
                self.clicks.forget(point);
            }
        }
        if let Some(&first) = points.first().filter(|first| first.size.is_none())
            && self.maps.get_mut(first).score_sizes(source.width(), &self.settings)
        {
            source.solver().done(HostWork::Score);
        }
        let maps: Vec<&ClickMap> = points.iter().map(|&point| self.maps.get(point)).collect();
        let steps = self.clicks.steps(points, &maps, observer).await?;
        source.solver().done(HostWork::Cut);
        let (width, height) = source.size();
        let pixels = steps.last().map_or_else(|| vec![0; source.pixels()], |step| step.mask.clone());
        Ok(Segmentation {
            mask: Mask { width, height, pixels },
            thresholds: steps.iter().map(|step| step.threshold).collect(),
            sizes: steps.iter().map(|step| step.size).collect(),
        })
    }
}
