//! Simulated clicks and scores (number-of-clicks evaluation): pure functions over masks.
//!
//! Masks are u8 `[height, width]`; anything but 0 is foreground. Ignored pixels count nowhere.

use crate::distance_transform::squared_distances;

/// A click that the evaluation makes: where the largest error is deepest.
pub use crate::points::PromptPoint;

/// Intersection over union of two masks of one size; 1 when both are empty.
///
/// # Panics
/// When the lengths differ.
pub fn iou(prediction: &[u8], truth: &[u8]) -> f64 {
    iou_without(prediction, truth, |_| false)
}

/// [`iou`] over the pixels that `ignored` (by index) lets through.
///
/// # Panics
/// When the lengths differ.
pub fn iou_without(prediction: &[u8], truth: &[u8], ignored: impl Fn(usize) -> bool) -> f64 {
    assert_eq!(prediction.len(), truth.len(), "masks of one size");
    let (mut intersection, mut union) = (0u64, 0u64);
    for (i, (&p, &t)) in prediction.iter().zip(truth).enumerate() {
        if !ignored(i) {
            intersection += u64::from(p != 0 && t != 0);
            union += u64::from(p != 0 || t != 0);
        }
    }
    if union == 0 { 1.0 } else { intersection as f64 / union as f64 }
}

/// The next click: the deepest pixel of the error region, or of the truth when there is no error.
///
/// Depth is the exact Euclidean distance to the nearest pixel outside the region, with one such pixel around the image;
/// of equally deep pixels the first in row-major order. `ignored` pixels are never part of the error.
/// `None` when there is neither error nor truth.
///
/// # Panics
/// When the lengths differ or are no whole number of rows.
pub fn next_click(
    prediction: &[u8],
    truth: &[u8],
    width: usize,
    ignored: impl Fn(usize) -> bool,
) -> Option<PromptPoint> {
    assert_eq!(prediction.len(), truth.len(), "masks of one size");
    let wrong = |i: usize| !ignored(i) && (prediction[i] != 0) != (truth[i] != 0);
    let error: Vec<bool> = (0..truth.len()).map(wrong).collect();
    let deepest = deepest_pixel(&error, width).or_else(|| {
        let object: Vec<bool> = (0..truth.len()).map(|i| !ignored(i) && truth[i] != 0).collect();
        deepest_pixel(&object, width)
    })?;
    let (x, y) = ((deepest % width) as u32, (deepest / width) as u32);
    Some(PromptPoint::new(x, y, truth[deepest] != 0))
}

fn deepest_pixel(region: &[bool], width: usize) -> Option<usize> {
    let depths = squared_distances(region, width);
    let deepest = *depths.iter().max()?;
    if deepest == 0 { None } else { depths.iter().position(|&depth| depth == deepest) }
}

#[cfg(test)]
mod tests {
    use super::{iou, iou_without, next_click};
    use crate::points::PromptPoint;

    #[test]
    fn clicks_go_to_the_middle_of_the_largest_error() {
        let mut truth = vec![0u8; 100];
        for y in 2..7 {
            truth[y * 10 + 1..y * 10 + 6].fill(1);
        }
        let click = |prediction: &[u8]| next_click(prediction, &truth, 10, |_| false).unwrap();
        assert_eq!(click(&[0; 100]), PromptPoint::new(3, 4, true));
        assert_eq!(click(&truth), PromptPoint::new(3, 4, true), "no error: the object's middle");
        let mut too_much = truth.clone();
        too_much[80..].fill(1);
        // Two rows are equally deep everywhere inside: the first such pixel.
        assert_eq!(click(&too_much), PromptPoint::new(0, 8, false));
        assert_eq!(next_click(&[0; 100], &[0; 100], 10, |_| false), None);
        let ignored = next_click(&too_much, &truth, 10, |i| i >= 80).unwrap();
        assert_eq!((ignored.x, ignored.y), (3, 4));
    }

    #[test]
    fn iou_counts_what_is_not_ignored() {
        assert_eq!(iou(&[1, 1, 0, 0], &[255, 0, 255, 0]), 1.0 / 3.0);
        assert_eq!(iou(&[0; 3], &[0; 3]), 1.0);
        assert_eq!(iou_without(&[1, 1, 0, 0], &[1, 0, 1, 0], |i| i == 1), 0.5);
        assert!(iou(&[1, 0], &[0, 1]) < 1e-9, "a wrong mask scores nothing");
    }
}
