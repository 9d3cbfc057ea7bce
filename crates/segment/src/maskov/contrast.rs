//! How much a photo's neighbouring pixels differ: the weight of the edge between them.
//!
//! `w(a, b) = k·(exp(−β‖Lab(a) − Lab(b)‖²) + floor)`, k = 1 for neighbours in a row or column and 1/√2 on diagonals,
//! `1/β` = twice the mean squared difference of neighbours in rows and columns (Boykov and Jolly, ICCV 2001, and GrabCut).
//! Lab is CIE L*a*b* (D65) in 8 bits as OpenCV has it: L·2.55, a + 128, b + 128, each rounded.

use crate::rgb_image::RgbImage;
use maskov_parallel::for_each_run;

/// The four neighbours behind a pixel in row-major order; those before it see the same edges from the other end.
pub(crate) const FORWARD: [(isize, isize, f32); 4] = [
    (1, 0, 1.0),
    (-1, 1, std::f32::consts::FRAC_1_SQRT_2),
    (0, 1, 1.0),
    (1, 1, std::f32::consts::FRAC_1_SQRT_2),
];

/// The colours of a photo, and how much they differ between neighbours.
pub(crate) struct Contrast {
    /// 8-bit Lab.
    lab: Vec<[u8; 3]>,
    width: usize,
    beta: f32,
    floor: f32,
}

impl Contrast {
    /// The edges of a photo.
    pub fn new(photo: &RgbImage<'_>, floor: f32) -> Self {
        let mut contrast = Self { lab: lab_of(photo.rgb()), width: photo.width() as usize, beta: 0.0, floor };
        contrast.beta = contrast.find_beta();
        contrast
    }

    /// Edges of a pixel to the pixels of [`FORWARD`]: the place there, the other pixel, and the weight.
    pub fn edges(&self, pixel: usize) -> impl Iterator<Item = (usize, usize, f32)> {
        let edge = move |(place, (dx, dy, k)): (usize, (isize, isize, f32))| {
            let other = self.neighbour(pixel, dx, dy)?;
            let weight = k * ((-self.beta * self.squared(pixel, other) as f32).exp() + self.floor);
            Some((place, other, weight))
        };
        FORWARD.into_iter().enumerate().filter_map(edge)
    }

    /// The pixels of [`FORWARD`] beside a pixel.
    pub fn behind(&self, pixel: usize) -> impl Iterator<Item = usize> {
        FORWARD.into_iter().filter_map(move |(dx, dy, _)| self.neighbour(pixel, dx, dy))
    }

    /// The colours, 8-bit Lab.
    pub fn lab(&self) -> &[[u8; 3]] {
        &self.lab
    }

    /// Number of pixels.
    pub fn len(&self) -> usize {
        self.lab.len()
    }

    fn neighbour(&self, pixel: usize, dx: isize, dy: isize) -> Option<usize> {
        let column = (pixel % self.width).checked_add_signed(dx).filter(|&column| column < self.width)?;
        let other = (pixel / self.width).checked_add_signed(dy)? * self.width + column;
        (other < self.lab.len()).then_some(other)
    }

    fn squared(&self, a: usize, b: usize) -> u32 {
        let difference = |channel: usize| u32::from(self.lab[a][channel].abs_diff(self.lab[b][channel]));
        (0..3).map(|channel| difference(channel).pow(2)).sum()
    }

    /// Neighbours in rows and in columns count alike; where there are none in one, the other counts alone.
    fn find_beta(&self) -> f32 {
        let mean = |dx: isize, dy: isize| {
            let others =
                (0..self.lab.len()).filter_map(|pixel| Some((pixel, self.neighbour(pixel, dx, dy)?)));
            let (sum, count) = others.fold((0u64, 0u64), |(sum, count), (pixel, other)| {
                (sum + u64::from(self.squared(pixel, other)), count + 1)
            });
            (count > 0).then(|| sum as f64 / count as f64)
        };
        let means: Vec<f64> = [mean(1, 0), mean(0, 1)].into_iter().flatten().collect();
        (1.0 / (2.0 * means.iter().sum::<f64>() / means.len().max(1) as f64 + 1e-6)) as f32
    }
}

/// Lab of sRGB bytes.
fn lab_of(rgb: &[u8]) -> Vec<[u8; 3]> {
    let linear: Vec<f32> = (0..=255u8)
        .map(|value| {
            let value = f32::from(value) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        })
        .collect();
    let mut lab = vec![[0u8; 3]; rgb.len() / 3];
    for_each_run(&mut lab, 1 << 13, |first, run| {
        for (lab, rgb) in run.iter_mut().zip(rgb[first * 3..].chunks_exact(3)) {
            let [r, g, b] = [0, 1, 2].map(|channel| linear[rgb[channel] as usize]);
            // The rows of sRGB to XYZ, over the white point.
            let x = f((0.412_453 * r + 0.357_580 * g + 0.180_423 * b) / 0.950_456);
            let y = f(0.212_671 * r + 0.715_160 * g + 0.072_169 * b);
            let z = f((0.019_334 * r + 0.119_193 * g + 0.950_227 * b) / 1.088_754);
            let lightness = (116.0 * y - 16.0) * 2.55;
            *lab = [lightness, 500.0 * (x - y) + 128.0, 200.0 * (y - z) + 128.0]
                .map(|value| value.round() as u8);
        }
    });
    lab
}

fn f(t: f32) -> f32 {
    if t > 0.008_856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 }
}

#[cfg(test)]
mod tests {
    use super::{Contrast, lab_of};
    use crate::rgb_image::RgbImage;

    #[test]
    fn colours_are_those_of_opencv() {
        // cv2.cvtColor(…, COLOR_RGB2LAB) of 8-bit colours.
        let colours: [([u8; 3], [u8; 3]); 6] = [
            ([0, 0, 0], [0, 128, 128]),
            ([255, 255, 255], [255, 128, 128]),
            ([255, 0, 0], [136, 208, 195]),
            ([0, 255, 0], [224, 42, 211]),
            ([0, 0, 255], [82, 207, 20]),
            ([200, 120, 40], [148, 153, 182]),
        ];
        for (rgb, want) in colours {
            let lab = lab_of(&rgb)[0];
            let off = lab.iter().zip(want).map(|(got, want)| got.abs_diff(want)).max();
            assert!(off <= Some(1), "{rgb:?} is {lab:?}, not {want:?}");
        }
    }

    #[test]
    fn edges_are_weak_where_colours_differ() {
        // Two columns of one colour, one of another.
        let row = [[100u8, 100, 100], [100, 100, 100], [200, 40, 40]].concat();
        let photo = RgbImage::new(3, 2, [row.clone(), row].concat()).unwrap();
        let contrast = Contrast::new(&photo, 0.02);
        let weight = |from: usize, to: usize| {
            contrast.edges(from).find(|(_, other, _)| *other == to).map(|(_, _, weight)| weight)
        };
        assert_eq!(weight(0, 1), Some(1.02));
        assert!((weight(0, 4).unwrap() - 1.02 * 0.5f32.sqrt()).abs() < 1e-6, "a diagonal");
        // A quarter of the pairs in rows and columns differ: mean d²/4, β d² = 2 for (d²/2 + 0)/2.
        assert!((weight(1, 2).unwrap() - ((-2.0f32).exp() + 0.02)).abs() < 1e-4, "{:?}", weight(1, 2));
        assert_eq!(weight(2, 3), None, "rows do not wrap");
        assert_eq!(contrast.edges(5).count(), 0);
    }

    #[test]
    fn photos_of_one_pixel_or_line_have_no_edge_that_is_not_there() {
        for (width, height, edges) in [(1, 1, 0), (4, 1, 3), (1, 5, 4)] {
            let photo = RgbImage::new(width, height, vec![7; (width * height * 3) as usize]).unwrap();
            let contrast = Contrast::new(&photo, 0.02);
            let all: Vec<_> = (0..contrast.len()).flat_map(|pixel| contrast.edges(pixel)).collect();
            assert_eq!(all.len(), edges);
            assert!(all.iter().all(|(_, _, weight)| weight.is_finite()));
        }
    }
}
