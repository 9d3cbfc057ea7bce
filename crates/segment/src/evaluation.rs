//! Simulated clicks and scores (number-of-clicks evaluation): pure functions over masks.
//!
//! Masks are u8 `[height, width]`; anything but 0 is foreground. Ignored pixels count nowhere.

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

/// The exact squared Euclidean distance of every pixel of `region` to the nearest pixel outside, with one outside pixel
/// around the image; 0 outside the region. In integers, so that ties are ties.
///
/// Felzenszwalb and Huttenlocher, "Distance Transforms of Sampled Functions": columns by counting, rows by the lower
/// envelope of parabolas.
///
/// # Panics
/// When `region` is no whole number of rows.
pub fn squared_distances(region: &[bool], width: usize) -> Vec<u64> {
    assert!(width > 0 && region.len().is_multiple_of(width), "a region is [height, width]");
    let height = region.len() / width;
    let mut depth = vec![0u64; region.len()];
    for x in 0..width {
        let mut run = 0;
        for y in 0..height {
            run = if region[y * width + x] { run + 1 } else { 0 };
            depth[y * width + x] = run;
        }
        run = 0;
        for y in (0..height).rev() {
            let here = &mut depth[y * width + x];
            run = if *here > 0 { run + 1 } else { 0 };
            *here = (*here).min(run);
        }
    }
    // One column of outside pixels on each side: parabolas of height 0.
    let mut heights = vec![0i64; width + 2];
    let mut envelope = Envelope::default();
    for row in depth.chunks_exact_mut(width) {
        for (height, &depth) in heights[1..].iter_mut().zip(row.iter()) {
            *height = (depth * depth) as i64;
        }
        envelope.fit(&heights);
        let mut parabola = 0;
        for (x, out) in row.iter_mut().enumerate() {
            *out = envelope.value(&heights, x as i64 + 1, &mut parabola);
        }
    }
    depth
}

/// The lower envelope of the parabolas `(x − q)² + heights[q]`.
#[derive(Default)]
struct Envelope {
    /// Apexes of the parabolas, left to right.
    apexes: Vec<i64>,
    /// The last x at which the parabola before each is not above it.
    last_of_previous: Vec<i64>,
}

impl Envelope {
    fn fit(&mut self, heights: &[i64]) {
        self.apexes.clear();
        self.last_of_previous.clear();
        for q in 0..heights.len() as i64 {
            let mut last = i64::MIN;
            while let Some(&apex) = self.apexes.last() {
                // Parabola `apex` is not above parabola `q` up to and including this x.
                let value = |p: i64| heights[p as usize] + p * p;
                last = (value(q) - value(apex)).div_euclid(2 * (q - apex));
                if self.last_of_previous[self.apexes.len() - 1] < last {
                    break;
                }
                self.apexes.pop();
                self.last_of_previous.pop();
                last = i64::MIN;
            }
            self.apexes.push(q);
            self.last_of_previous.push(last);
        }
    }

    /// The envelope at x; `parabola` carries the place between calls with growing x.
    fn value(&self, heights: &[i64], x: i64, parabola: &mut usize) -> u64 {
        while self.last_of_previous.get(*parabola + 1).is_some_and(|&last| last < x) {
            *parabola += 1;
        }
        let apex = self.apexes[*parabola];
        ((x - apex).pow(2) + heights[apex as usize]) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::{iou, iou_without, next_click, squared_distances};
    use crate::points::PromptPoint;

    /// The definition: the nearest of all outside pixels, those around the image included.
    fn by_definition(region: &[bool], width: i64) -> Vec<u64> {
        let height = region.len() as i64 / width;
        let outside =
            |x: i64, y: i64| x < 0 || y < 0 || x >= width || y >= height || !region[(y * width + x) as usize];
        let nearest = |x: i64, y: i64| {
            (-1..=height)
                .flat_map(|qy| (-1..=width).map(move |qx| (qx, qy)))
                .filter(|&(qx, qy)| outside(qx, qy))
                .map(|(qx, qy)| ((qx - x).pow(2) + (qy - y).pow(2)) as u64)
                .min()
                .expect("the frame is outside")
        };
        (0..region.len() as i64).map(|i| nearest(i % width, i / width)).collect()
    }

    #[test]
    fn distances_are_exact() {
        let mut seed = 5u32;
        for (width, height, holes) in
            [(1, 1, 9), (7, 1, 9), (1, 6, 9), (13, 9, 3), (20, 15, 40), (31, 24, 300)]
        {
            let mut next = || {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                seed >> 8
            };
            let region: Vec<bool> = (0..width * height).map(|_| next() % holes != 0).collect();
            assert_eq!(
                squared_distances(&region, width),
                by_definition(&region, width as i64),
                "{width}×{height}"
            );
        }
        assert_eq!(squared_distances(&[true; 25], 5)[12], 9);
    }

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
