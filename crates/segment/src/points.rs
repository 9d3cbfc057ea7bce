//! Prompt points and where the chain starts.

use crate::error::{Result, SegmentError};

/// A click: a pixel of the photo, what it belongs to, and how much it takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PromptPoint {
    /// Column in photo pixels.
    pub x: u32,
    /// Row in photo pixels.
    pub y: u32,
    /// Whether the pixel belongs to the object.
    pub foreground: bool,
    /// The share of the photo that the point takes, [`SMALLEST_SIZE`] to [`LARGEST_SIZE`]; the method's own choice where
    /// absent. A size beside that range is taken for the end that it is nearer to.
    pub size: Option<f32>,
}

/// The smallest share of a photo that a point may take: 0.1 %.
pub const SMALLEST_SIZE: f32 = 0.001;
/// The largest share of a photo that a point may take: 90 %.
pub const LARGEST_SIZE: f32 = 0.9;

/// What a point takes at one stop of its size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SizeStop {
    /// The share of the photo to ask for: [`PromptPoint::size`].
    pub size: f32,
    /// The share of the photo that the mask of all points then covers.
    pub area: f32,
    /// Whether this is the method's own choice.
    pub is_automatic: bool,
}

impl PromptPoint {
    /// A point whose size is the method's own choice.
    pub const fn new(x: u32, y: u32, foreground: bool) -> Self {
        Self { x, y, foreground, size: None }
    }

    /// What to tell whoever asked for a size beside the range.
    pub fn size_note(self) -> Option<String> {
        let Self { x, y, size, .. } = self;
        let asked = size.filter(|size| !(SMALLEST_SIZE..=LARGEST_SIZE).contains(size))?;
        let taken = size_in_range(asked);
        Some(format!(
            "size {asked} of the point at {x},{y} lies beside {SMALLEST_SIZE} to {LARGEST_SIZE}: {taken} is taken"
        ))
    }

    /// Checks that the point lies in a photo of this size.
    ///
    /// # Errors
    /// [`SegmentError::PointOutside`].
    pub fn check_inside(self, width: u32, height: u32) -> Result<()> {
        if self.x < width && self.y < height {
            return Ok(());
        }
        Err(SegmentError::PointOutside { x: self.x, y: self.y, width, height })
    }

    /// The pixel that covers this point's centre when a photo of size `from` is solved at size `to`.
    pub(crate) fn scaled(self, from: (u32, u32), to: (u32, u32)) -> Self {
        let scale = |i: u32, from: u32, to: u32| {
            ((2 * u64::from(i) + 1) * u64::from(to) / (2 * u64::from(from))) as u32
        };
        Self { x: scale(self.x, from.0, to.0), y: scale(self.y, from.1, to.1), ..self }
    }
}

/// The start state of a click: f32 `[R, R]`, a bilinear splat at `((R−1)·x/width, (R−1)·y/height)` over its maximum.
pub fn start_state(x: u32, y: u32, width: u32, height: u32, resolution: usize) -> Vec<f32> {
    let (x0, x1, tx) = token_place(x, width, resolution);
    let (y0, y1, ty) = token_place(y, height, resolution);
    let mut state = vec![0.0f64; resolution * resolution];
    for (row, row_share) in [(y0, 1.0 - ty), (y1, ty)] {
        for (column, column_share) in [(x0, 1.0 - tx), (x1, tx)] {
            state[row * resolution + column] += row_share * column_share;
        }
    }
    let largest = state.iter().copied().fold(0.0, f64::max);
    state.into_iter().map(|share| (share / largest) as f32).collect()
}

/// Between which two tokens of a row or column a pixel of `extent` lies, and how far from the first to the second.
pub(crate) fn token_place(pixel: u32, extent: u32, resolution: usize) -> (usize, usize, f64) {
    let last = resolution - 1;
    // In f64: the shares of the four tokens are differences of nearby numbers.
    let position = last as f64 * f64::from(pixel) / f64::from(extent);
    let lower = (position as usize).min(last);
    (lower, (lower + 1).min(last), position - lower as f64)
}

/// A size as a point may have it.
pub(crate) fn size_in_range(size: f32) -> f32 {
    if size.is_nan() { SMALLEST_SIZE } else { size.clamp(SMALLEST_SIZE, LARGEST_SIZE) }
}

/// The place, by distance, of the last of these pixels that a point of this size takes.
pub(crate) fn rank_of_size(pixels: usize, size: f32) -> usize {
    let taken = (f64::from(size_in_range(size)) * pixels as f64) as usize;
    taken.saturating_sub(1)
}

/// The threshold within which a point takes this share of the photo.
pub(crate) fn threshold_of_size(distances: &[f32], size: f32) -> f32 {
    let rank = rank_of_size(distances.len(), size);
    let mut distances = distances.to_vec();
    *distances.select_nth_unstable_by(rank, f32::total_cmp).1
}

/// The share of the photo that lies within a threshold.
pub(crate) fn share_within(distances: &[f32], threshold: f32) -> f32 {
    distances.iter().filter(|distance| **distance <= threshold).count() as f32 / distances.len() as f32
}

#[cfg(test)]
mod tests {
    use super::{LARGEST_SIZE, PromptPoint, SMALLEST_SIZE, start_state};

    #[test]
    fn a_point_on_a_token_starts_there_alone() {
        let state = start_state(0, 0, 10, 10, 3);
        assert_eq!(state, [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
        assert_eq!(start_state(5, 5, 10, 10, 3)[4], 1.0);
        assert_eq!(start_state(0, 0, 1, 1, 1), [1.0]);
    }

    #[test]
    fn a_point_between_tokens_is_shared_out() {
        let state = start_state(1, 0, 8, 8, 3);
        // 2·1/8 = 0.25 of the way: 0.75 and 0.25, over 0.75.
        assert_eq!(state[0], 1.0);
        assert!((state[1] - 1.0 / 3.0).abs() < 1e-6);
        assert_eq!(state[2..], [0.0; 7]);
    }

    #[test]
    fn a_size_beside_the_range_is_told() {
        let note = |size| PromptPoint { size: Some(size), ..PromptPoint::new(3, 4, true) }.size_note();
        assert_eq!(PromptPoint::new(3, 4, true).size_note(), None);
        assert_eq!((note(SMALLEST_SIZE), note(LARGEST_SIZE)), (None, None));
        for (asked, taken) in
            [(0.0, SMALLEST_SIZE), (-3.0, SMALLEST_SIZE), (12.0, LARGEST_SIZE), (f32::NAN, SMALLEST_SIZE)]
        {
            let told = note(asked).unwrap();
            assert!(told.starts_with(&format!("size {asked} of the point at 3,4")), "{told}");
            assert!(told.ends_with(&format!(": {taken} is taken")), "{told}");
        }
    }

    #[test]
    fn scaled_points_stay_inside() {
        let point = |x, y| PromptPoint::new(x, y, true);
        assert_eq!(point(1599, 1199).scaled((1600, 1200), (577, 433)), point(576, 432));
        assert_eq!(point(0, 0).scaled((1600, 1200), (577, 433)), point(0, 0));
        assert_eq!(point(7, 3).scaled((20, 10), (20, 10)), point(7, 3));
        assert!(point(20, 0).check_inside(20, 10).unwrap_err().to_string().contains("x from 0 to 19"));
        assert!(point(0, 10).check_inside(20, 10).is_err());
        assert!(point(19, 9).check_inside(20, 10).is_ok());
    }
}
