//! The mask after each click: every click corrects the mask before it where that is wrong, and nowhere else.

use std::cell::OnceCell;

use super::colour::colour_evidence;
use super::contrast::Contrast;
use super::cut::{DECIDED, PixelCut};
use super::field::{FieldClick, Kernels, gaussian, prior};
use super::settings::MaskovSettings;
use super::size_score::SizeProfile;
use maskov_progress::Observer;

use crate::components::{label_components, part_at};
use crate::distance_transform::squared_distances;
use crate::error::Result;
use crate::order::order_by_value;
use crate::points::{PromptPoint, rank_of_size, share_within, size_in_range};
use crate::solver::step;

/// Smoothness is not halved below this.
const LEAST_SMOOTHNESS: f32 = 0.5;

/// What is kept of a point, whatever the others are.
pub(crate) struct ClickMap {
    /// f32 `[height, width]`, in steps of the chain: 0 at the click.
    pub distances: Vec<f32>,
    /// The pixels by distance, ascending, once a size is scored or asked for.
    order: OnceCell<Vec<u32>>,
    /// Of the photo's first click only.
    profile: Option<SizeProfile>,
}

impl ClickMap {
    pub fn new(distances: Vec<f32>) -> Self {
        Self { distances, order: OnceCell::new(), profile: None }
    }

    /// Scores the sizes that a first click may mean. Returns whether there was anything to do.
    pub fn score_sizes(&mut self, width: usize, settings: &MaskovSettings) -> bool {
        if self.profile.is_some() {
            return false;
        }
        self.profile = Some(SizeProfile::new(&self.distances, self.order(), width, settings));
        true
    }

    fn order(&self) -> &[u32] {
        self.order.get_or_init(|| order_by_value(&self.distances))
    }

    /// The threshold within which the point takes this share of the photo.
    fn threshold_of_size(&self, size: f32) -> f32 {
        self.distances[self.order()[rank_of_size(self.distances.len(), size)] as usize]
    }

    /// How far within a size each pixel lies, by the order of the map so that a flat one says as much as a steep one: the
    /// logarithm of the size over the pixel's place in that order, clipped to ±1.
    fn within_size(&self, size: f32) -> Vec<f32> {
        let pixels = size_in_range(size) * self.distances.len() as f32;
        let mut within = vec![0.0; self.distances.len()];
        for (rank, &pixel) in self.order().iter().enumerate() {
            within[pixel as usize] = (pixels / (rank + 1) as f32).ln().clamp(-1.0, 1.0);
        }
        within
    }
}

/// The mask after a click.
pub(crate) struct Step {
    point: PromptPoint,
    pub mask: Vec<u8>,
    /// What the cut was made of, f32 `[height, width]`.
    gains: Vec<f32>,
    /// The mask at the size that is solved, once it was asked for.
    full: Option<Vec<u8>>,
    /// The threshold of the first click, as this one leaves it.
    pub threshold: f32,
    /// The share of the photo that the click takes.
    pub size: f32,
    /// Depth in the mask before, in pixels.
    depth: f32,
}

/// The masks of a photo, click by click, at the size that maps are made at.
pub(crate) struct Clicks {
    width: usize,
    height: usize,
    contrast: Contrast,
    /// The graph at the smoothness of the settings, at half of it, and so on, as far as they were needed.
    cuts: Vec<PixelCut>,
    settings: MaskovSettings,
    steps: Vec<Step>,
}

impl Clicks {
    pub fn new(photo: &crate::rgb_image::RgbImage<'_>, settings: MaskovSettings) -> Self {
        let (width, height) = (photo.width() as usize, photo.height() as usize);
        let contrast = Contrast::new(photo, settings.contrast_floor);
        Self { width, height, contrast, cuts: Vec::new(), settings, steps: Vec::new() }
    }

    /// Pixels to one of a photo with a long side of 320.
    fn scale(&self) -> f32 {
        self.width.max(self.height) as f32 / 320.0
    }

    /// The point has another map now: nothing that was made of the one before holds.
    pub fn forget(&mut self, point: PromptPoint) {
        let at = self.steps.iter().position(|step| (step.point.x, step.point.y) == (point.x, point.y));
        self.steps.truncate(at.unwrap_or(self.steps.len()));
    }

    /// The steps of these points. Only those behind the first difference to the last call are made anew.
    ///
    /// # Errors
    /// [`SegmentError::Cancelled`], asked between points.
    pub async fn steps(
        &mut self,
        points: &[PromptPoint],
        maps: &[&ClickMap],
        observer: &mut dyn Observer,
    ) -> Result<&[Step]> {
        let same = self.steps.iter().zip(points).take_while(|(step, point)| step.point == **point).count();
        self.steps.truncate(same);
        for last in self.steps.len()..points.len() {
            step(observer, "minimum cuts", last, points.len()).await?;
            let step = if last == 0 {
                self.first(points[0], maps[0])
            } else {
                self.later(&points[..=last], &maps[..=last])
            };
            self.steps.push(step);
        }
        Ok(&self.steps)
    }

    /// The mask of the first `points` steps at a larger size. `enlarge` makes one of a step's mask and gains; like the small
    /// one, it only ever grows by a click on the object and shrinks by one beside it.
    pub fn full_mask(
        &mut self,
        points: usize,
        enlarge: impl Fn(&[u8], &[f32]) -> Vec<u8>,
    ) -> Option<Vec<u8>> {
        for index in 0..points {
            let (before, now) = self.steps.split_at_mut(index);
            let step = &mut now[0];
            if step.full.is_some() {
                continue;
            }
            let mut mask = enlarge(&step.mask, &step.gains);
            if let Some(before) = before.last().and_then(|step| step.full.as_ref()) {
                unite(&mut mask, before, step.point.foreground);
            }
            step.full = Some(mask);
        }
        self.steps.get(points.checked_sub(1)?)?.full.clone()
    }

    fn first(&mut self, point: PromptPoint, map: &ClickMap) -> Step {
        let threshold = match (point.size, &map.profile) {
            (Some(size), _) => map.threshold_of_size(size),
            (None, Some(profile)) => profile.threshold(&mut [0.0], f32::INFINITY),
            (None, None) => 0.0,
        };
        let mut gains = prior(&map.distances, point.foreground, threshold, self.settings.distance_scale);
        if let (true, Some(size)) = (point.foreground, point.size) {
            // Where the map is flat a threshold says nothing, and the whole photo would come along.
            let beyond = gains.iter_mut().zip(map.within_size(size)).filter(|(_, within)| *within < 0.0);
            beyond.for_each(|(gain, within)| *gain = gain.min(within));
        }
        let within = gains.iter().filter(|gain| **gain >= 0.0).count();
        // A size that somebody chose is not argued with: a pull must grow what it grows.
        let weight = if point.size.is_none() { self.settings.colour_weight } else { 0.0 };
        if weight > 0.0 {
            let evidence = colour_evidence(self.contrast.lab(), &gains);
            gains.iter_mut().zip(evidence).for_each(|(gain, evidence)| *gain += weight * evidence);
        }
        self.decide(&mut gains, &[point]);
        let enough = self.settings.kept_share * within as f32;
        let mut mask = self.cut_until(&gains, |mask| count(mask.iter().map(|&pixel| pixel != 0)) >= enough);
        self.keep_clicked_parts(&mut mask, &[point]);
        let size = point.size.map_or_else(|| share_within(&map.distances, threshold), size_in_range);
        Step { point, mask, gains, full: None, threshold, size, depth: 0.0 }
    }

    /// The cut of these gains, at less and less smoothness until there is enough of it: a small thing must not shrink away.
    fn cut_until(&mut self, gains: &[f32], is_enough: impl Fn(&[u8]) -> bool) -> Vec<u8> {
        let (mut smoothness, mut halved) = (self.settings.smoothness, 0);
        loop {
            if self.cuts.len() == halved {
                self.cuts.push(PixelCut::new(&self.contrast, smoothness * self.scale()));
            }
            let mask = self.cuts[halved].mask(gains.iter().copied());
            if smoothness <= LEAST_SMOOTHNESS || is_enough(&mask) {
                return mask;
            }
            smoothness /= 2.0;
            halved += 1;
        }
    }

    fn later(&mut self, points: &[PromptPoint], maps: &[&ClickMap]) -> Step {
        let newest = points.len() - 1;
        let point = points[newest];
        let pixel = self.pixel(point);
        let before = &self.steps[newest - 1];
        let (before_threshold, before_mask) = (before.threshold, before.mask.clone());
        let side: Vec<bool> = before_mask.iter().map(|&value| value == before_mask[pixel]).collect();
        let depth = (squared_distances(&side, self.width)[pixel] as f32).sqrt();
        let (candidates, enough) = match point.size {
            Some(size) => {
                let gains = sized_gains(point, maps[newest], size, &before_mask);
                let label = u8::from(point.foreground);
                let asked = gains.iter().zip(&before_mask);
                let asked =
                    count(asked.map(|(gain, was)| (*gain > 0.0) == point.foreground && *was != label));
                (vec![(before_threshold, gains)], self.settings.kept_share * asked)
            }
            None => (self.candidates(points, maps, depth, before_threshold, &before_mask), 0.0),
        };
        let mut best: Option<(f32, Step)> = None;
        for (threshold, mut gains) in candidates {
            self.decide(&mut gains, points);
            let changes = |mask: &[u8]| count(mask.iter().zip(&before_mask).map(|(now, was)| now != was));
            let mut mask = self.cut_until(&gains, |mask| changes(mask) >= enough);
            self.keep_clicked_parts(&mut mask, points);
            unite(&mut mask, &before_mask, point.foreground);
            let changed: Vec<bool> = mask.iter().zip(&before_mask).map(|(a, b)| a != b).collect();
            let (centred, size) = self.centred(&changed, pixel);
            if best.as_ref().is_none_or(|(most, _)| centred > *most) {
                let size = point.size.map_or(size, size_in_range);
                best = Some((centred, Step { point, mask, gains, full: None, threshold, size, depth }));
            }
        }
        best.expect("there is at least one candidate").1
    }

    /// Thresholds and gains that a later click tries.
    fn candidates(
        &self,
        points: &[PromptPoint],
        maps: &[&ClickMap],
        depth: f32,
        before_threshold: f32,
        before_mask: &[u8],
    ) -> Vec<(f32, Vec<f32>)> {
        let newest = points.len() - 1;
        let sigma = |depth: f32| self.settings.reach * depth.max(self.settings.smallest_depth * self.scale());
        let depth_of = |index: usize| if index == newest { depth } else { self.steps[index].depth };
        let clicks: Vec<FieldClick<'_>> = points
            .iter()
            .zip(maps)
            .enumerate()
            .map(|(index, (point, map))| FieldClick {
                x: point.x as usize,
                y: point.y as usize,
                foreground: point.foreground,
                distances: &map.distances,
                sigma: (index > 0).then(|| sigma(depth_of(index))),
            })
            .collect();
        let kernels = Kernels::new(&clicks, self.width, &self.settings);
        let anew = self.threshold(points, maps);
        let mut thresholds = vec![anew];
        if points[0].foreground && before_threshold != anew {
            thresholds.push(before_threshold);
        }
        let at = (clicks[newest].x, clicks[newest].y);
        let mut candidates = Vec::new();
        for threshold in thresholds {
            let field = kernels.field(threshold);
            for &hold in &self.settings.holds {
                let gain = |(pixel, (&field, &was)): (usize, (&f32, &u8))| {
                    let away = 1.0 - gaussian(pixel, self.width, at, sigma(depth));
                    field.clamp(-1.0, 1.0) + hold * (2.0 * f32::from(was) - 1.0) * away
                };
                candidates.push((threshold, field.iter().zip(before_mask).enumerate().map(gain).collect()));
            }
        }
        candidates
    }

    /// The first click's threshold, given all points.
    fn threshold(&self, points: &[PromptPoint], maps: &[&ClickMap]) -> f32 {
        let distances = &maps[0].distances;
        if let Some(size) = points[0].size {
            return maps[0].threshold_of_size(size);
        }
        let Some(profile) = &maps[0].profile else { return 0.0 };
        let of_side = |same: bool| {
            let is_first = points[0].foreground;
            points
                .iter()
                .filter(move |point| (point.foreground == is_first) == same)
                .map(|&point| distances[self.pixel(point)])
        };
        let mut positives: Vec<f32> = of_side(true).collect();
        profile.threshold(&mut positives, of_side(false).fold(f32::INFINITY, f32::min))
    }

    fn pixel(&self, point: PromptPoint) -> usize {
        point.y as usize * self.width + point.x as usize
    }

    /// The pixels about a click are its own; of two clicks the later one decides.
    fn decide(&self, gains: &mut [f32], points: &[PromptPoint]) {
        let radius = self.settings.seed_radius;
        for point in points {
            let (x, y) = (point.x as usize, point.y as usize);
            for row in y.saturating_sub(radius)..(y + radius + 1).min(self.height) {
                let columns = x.saturating_sub(radius)..(x + radius + 1).min(self.width);
                gains[row * self.width..][columns].fill(if point.foreground { DECIDED } else { -DECIDED });
            }
        }
    }

    /// Drops the parts of a mask that no click asked for; clicked pixels take their own label.
    fn keep_clicked_parts(&self, mask: &mut [u8], points: &[PromptPoint]) {
        let inside: Vec<bool> = mask.iter().map(|&value| value != 0).collect();
        let parts = label_components(&inside, self.width);
        let mut kept: Vec<u32> =
            points.iter().filter(|point| point.foreground).map(|&point| parts[self.pixel(point)]).collect();
        kept.retain(|&part| part != 0);
        for (value, part) in mask.iter_mut().zip(&parts) {
            *value = kept.contains(part).into();
        }
        for &point in points {
            mask[self.pixel(point)] = point.foreground.into();
        }
    }

    /// How central a click lies in the part of a change that holds it, in tenths, and that part's share of the photo.
    fn centred(&self, changed: &[bool], pixel: usize) -> (f32, f32) {
        let part = part_at(changed, self.width, pixel);
        let count = part.iter().filter(|inside| **inside).count();
        if count == 0 {
            return (0.0, 0.0);
        }
        let depths = squared_distances(&part, self.width);
        let deepest = depths.iter().copied().max().unwrap_or(1) as f32;
        let centred = (depths[pixel] as f32 / deepest).sqrt();
        ((centred * 10.0).round() / 10.0, count as f32 / changed.len() as f32)
    }
}

/// What a later click of a given size asks for: its own side within the size, and the mask before beyond it.
fn sized_gains(point: PromptPoint, map: &ClickMap, size: f32, before: &[u8]) -> Vec<f32> {
    let sign = if point.foreground { 1.0 } else { -1.0 };
    let gain = |(within, &was): (f32, &u8)| {
        if within >= 0.0 { sign * within } else { (2.0 * f32::from(was) - 1.0) * -within }
    };
    map.within_size(size).into_iter().zip(before).map(gain).collect()
}

/// A click on the object never removes, one beside it never adds.
fn unite(mask: &mut [u8], before: &[u8], foreground: bool) {
    for (now, &was) in mask.iter_mut().zip(before) {
        *now = if foreground { *now | was } else { *now & was };
    }
}

fn count(these: impl Iterator<Item = bool>) -> f32 {
    these.filter(|is_one| *is_one).count() as f32
}
