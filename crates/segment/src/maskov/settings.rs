//! The constants of our method.

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::settings::check;

/// The constants of our method. The default is what was chosen for the embedded model, on COCO photos.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MaskovSettings {
    /// Steps of the chain, at most.
    pub max_steps: u32,
    /// Long side of the picture that maps and masks are made at, in pixels, at most. Of a larger photo the mask's border is
    /// cut anew on its own pixels.
    pub map_side: u32,
    /// Samples of the upsampling filter to a low-resolution cell, on each axis, at most: the cut finds the edge.
    pub samples_per_cell: usize,
    /// C: distances are told apart as `ln(1 + D/C)`, in steps of the chain.
    pub distance_scale: f32,
    /// The size that the first click most likely means: a share of the photo.
    pub size_median: f32,
    /// σ of the size's logarithm.
    pub size_sigma: f32,
    /// The largest size that is chosen: a share of the photo. A person may ask for more.
    pub largest_size: f32,
    /// What the colours of the first click's object count against its map, where they tell the object apart wholly.
    pub colour_weight: f32,
    /// A later click's kernel is `1/(1 + D/kernel_scale)`, in steps of the chain.
    pub kernel_scale: f32,
    /// Added to the diagonal where the kernels' weights are solved for.
    pub ridge: f32,
    /// How far a later click reaches: σ of a Gaussian, as a multiple of the click's depth in the mask before it.
    pub reach: f32,
    /// The least depth that counts there, in pixels at a long side of 320.
    pub smallest_depth: f32,
    /// Weight of the mask's border, at a long side of 320.
    pub smoothness: f32,
    /// The least weight of an edge between two pixels.
    pub contrast_floor: f32,
    /// The first click's smoothness is halved while the cut keeps less than this share of what the threshold gives.
    pub kept_share: f32,
    /// A click decides the pixels this near to it, on each axis.
    pub seed_radius: usize,
    /// How strongly a later click keeps the mask before it, away from itself: each is tried.
    pub holds: Vec<f32>,
}

impl Default for MaskovSettings {
    fn default() -> Self {
        Self {
            max_steps: 200,
            map_side: 320,
            samples_per_cell: 2,
            distance_scale: 3.0,
            size_median: 0.14,
            size_sigma: 0.8,
            largest_size: 0.4,
            colour_weight: 0.5,
            kernel_scale: 4.0,
            ridge: 0.02,
            reach: 3.0,
            smallest_depth: 4.0,
            smoothness: 8.0,
            contrast_floor: 0.02,
            kept_share: 0.3,
            seed_radius: 2,
            holds: vec![1.0, 2.0, 4.0],
        }
    }
}

impl MaskovSettings {
    /// Checks that every constant is in its range.
    ///
    /// # Errors
    /// [`SegmentError::Setting`](crate::SegmentError::Setting) names the first one that is not.
    pub fn validate(&self) -> Result<()> {
        let above_0 = "a finite number above 0";
        for (name, value) in [
            ("distance_scale", self.distance_scale),
            ("size_median", self.size_median),
            ("size_sigma", self.size_sigma),
            ("kernel_scale", self.kernel_scale),
            ("ridge", self.ridge),
            ("reach", self.reach),
            ("smallest_depth", self.smallest_depth),
        ] {
            check(name, value.into(), value > 0.0, above_0)?;
        }
        let largest = self.largest_size;
        check("largest_size", largest.into(), largest > 0.0 && largest <= 1.0, "above 0 and at most 1")?;
        // Capacities of the cut are 32-bit steps of 1/256.
        let fits = |value: f32| (0.0..=100.0).contains(&value);
        for (name, value) in [
            ("colour_weight", self.colour_weight),
            ("smoothness", self.smoothness),
            ("contrast_floor", self.contrast_floor),
        ] {
            check(name, value.into(), fits(value), "from 0 to 100")?;
        }
        check("kept_share", self.kept_share.into(), (0.0..=1.0).contains(&self.kept_share), "from 0 to 1")?;
        check("max_steps", self.max_steps.into(), self.max_steps > 0, "at least 1")?;
        check("samples_per_cell", self.samples_per_cell as f64, self.samples_per_cell > 0, "at least 1")?;
        check("map_side", self.map_side.into(), (16..=4096).contains(&self.map_side), "from 16 to 4096")?;
        check("holds", self.holds.len() as f64, !self.holds.is_empty(), "a list of at least one number")?;
        self.holds
            .iter()
            .try_for_each(|&hold| check("holds", hold.into(), fits(hold), "numbers from 0 to 100"))
    }
}

#[cfg(test)]
mod tests {
    use super::MaskovSettings;

    #[test]
    fn settings_outside_their_range_are_named() {
        assert!(MaskovSettings::default().validate().is_ok());
        let refused = |settings: MaskovSettings| settings.validate().unwrap_err().to_string();
        let default = MaskovSettings::default;
        assert!(refused(MaskovSettings { size_sigma: 0.0, ..default() }).contains("size_sigma is 0"));
        assert!(refused(MaskovSettings { smoothness: f32::NAN, ..default() }).contains("smoothness"));
        assert!(refused(MaskovSettings { holds: vec![], ..default() }).contains("holds"));
        assert!(refused(MaskovSettings { holds: vec![1.0, -1.0], ..default() }).contains("holds is -1"));
        assert!(refused(MaskovSettings { map_side: 8, ..default() }).contains("map_side is 8"));
    }
}
