//! The upsampling weights at speed: what `upsample_weights_cpu` means, in loops that compilers vectorise.
//!
//! The photo is kept as three planes of colours scaled so that a squared distance is the exponent of 2 directly, and
//! its columns are dealt out by their remainder modulo the stride: the samples of a pixel's disc then lie side by side in
//! every row, thinned out or not.

use std::ops::Range;

use maskov_kernels::upsample_weights::{LARGEST_WEIGHT, UpsampleGuide, WINDOW, WINDOW_LEN};

/// Partial sums that run side by side: they are added up once a pixel, not once a row.
const LANES: usize = 4;

type Lanes = [f32; LANES];

/// A guide, laid out for speed.
pub(crate) struct WeightRows<'a> {
    guide: &'a UpsampleGuide<'a>,
    /// Red, green and blue: f32 `[height, width]`, columns dealt out.
    planes: [Vec<f32>; 3],
    /// Where each column went.
    place: Vec<u32>,
    /// The share of the upper cell at each place.
    fraction: Vec<f32>,
    /// The lower cell at each place.
    lower: Vec<u32>,
    /// The first place after each that reads another cell, or starts another remainder.
    run_end: Vec<u32>,
    /// Weight by distance for the samples before, at and after a pixel.
    spatial: Vec<f32>,
}

impl<'a> WeightRows<'a> {
    pub(crate) fn new(guide: &'a UpsampleGuide<'a>) -> Self {
        let (width, stride) = (guide.x.lower.len(), guide.x.stride);
        let columns: Vec<usize> =
            (0..stride.min(width)).flat_map(|first| (first..width).step_by(stride)).collect();
        let mut place = vec![0; width];
        columns.iter().enumerate().for_each(|(to, &column)| place[column] = to as u32);
        let lower: Vec<u32> = columns.iter().map(|&column| guide.x.lower[column]).collect();
        let mut run_end = vec![width as u32; width];
        for i in (0..width.saturating_sub(1)).rev() {
            let same_run = lower[i] == lower[i + 1] && columns[i] < columns[i + 1];
            run_end[i] = if same_run { run_end[i + 1] } else { i as u32 + 1 };
        }
        let scale = (-guide.range_exponent * std::f32::consts::LOG2_E).sqrt();
        let plane = |channel: usize| {
            let row = |row: &[u8]| {
                columns.iter().map(|&x| f32::from(row[x * 3 + channel]) * scale).collect::<Vec<_>>()
            };
            guide.rgb.chunks_exact(width * 3).flat_map(row).collect()
        };
        let samples = guide.x.radius / stride;
        let spatial = (0..=2 * samples).map(|i| guide.x.spatial[i.abs_diff(samples) * stride]).collect();
        let fraction = columns.iter().map(|&column| guide.x.fraction[column]).collect();
        Self { guide, planes: [plane(0), plane(1), plane(2)], place, fraction, lower, run_end, spatial }
    }

    /// Weights of whole image rows, u16 `[rows.len(), width, 8, 8]`: see `upsample_weights`.
    pub(crate) fn weights(&self, rows: Range<usize>, weights: &mut [u16]) {
        let width = self.place.len();
        let mut samples = vec![0.0; self.spatial.len()];
        for (y, row) in rows.zip(weights.chunks_exact_mut(width * WINDOW_LEN)) {
            for (x, pixel) in row.chunks_exact_mut(WINDOW_LEN).enumerate() {
                let weights = self.pixel(x, y, &mut samples);
                let largest = weights.iter().copied().fold(0.0, f32::max);
                for (stored, weight) in pixel.iter_mut().zip(weights) {
                    *stored = (weight / largest * f32::from(LARGEST_WEIGHT) + 0.5) as u16;
                }
            }
        }
    }

    fn pixel(&self, px: usize, py: usize, samples: &mut [f32]) -> [f32; WINDOW_LEN] {
        let axis = &self.guide.y;
        let mut window = [[0.0f32; LANES]; WINDOW_LEN];
        let first = py - py.min(axis.radius) / axis.stride * axis.stride;
        let end = (py + axis.radius + 1).min(axis.lower.len());
        for qy in (first..end).step_by(axis.stride) {
            let dy = qy.abs_diff(py);
            let row = self.row(px, py, qy, self.guide.reach[dy], samples);
            let upper = axis.fraction[qy] * axis.spatial[dy];
            let lower = axis.spatial[dy] - upper;
            let cell = window_cell(axis.lower[qy], axis.origin[py]);
            let next = (cell + 1).min(WINDOW - 1);
            for (column, sums) in row.into_iter().enumerate() {
                for lane in 0..LANES {
                    window[cell * WINDOW + column][lane] += lower * sums[lane];
                    window[next * WINDOW + column][lane] += upper * sums[lane];
                }
            }
        }
        window.map(|lanes| lanes.iter().sum())
    }

    /// The samples of the disc in image row `qy`, dealt out over the cells of the window's columns.
    fn row(&self, px: usize, py: usize, qy: usize, reach: usize, samples: &mut [f32]) -> [Lanes; WINDOW] {
        let (width, stride) = (self.place.len(), self.guide.x.stride);
        let before = px.min(reach) / stride;
        let after = (width - 1 - px).min(reach) / stride;
        let place = self.place[px] as usize;
        let (first, end) = (place - before, place + after + 1);
        let middle = self.spatial.len() / 2;
        let samples = &mut samples[..end - first];
        let rows = [0, 1, 2].map(|channel| &self.planes[channel][qy * width + first..qy * width + end]);
        let centre = [0, 1, 2].map(|channel| self.planes[channel][py * width + place]);
        sample_weights(rows, centre, &self.spatial[middle - before..=middle + after], samples);

        let mut row = [[0.0f32; LANES]; WINDOW];
        let mut start = first;
        while start < end {
            let stop = (self.run_end[start] as usize).min(end);
            let (sums, uppers) = sums(&samples[start - first..stop - first], &self.fraction[start..stop]);
            let cell = window_cell(self.lower[start], self.guide.x.origin[px]);
            let next = (cell + 1).min(WINDOW - 1);
            for lane in 0..LANES {
                row[cell][lane] += sums[lane] - uppers[lane];
                row[next][lane] += uppers[lane];
            }
            start = stop;
        }
        row
    }
}

fn window_cell(cell: u32, origin: u32) -> usize {
    (cell.saturating_sub(origin) as usize).min(WINDOW - 1)
}

/// `spatial · 2^(−squared colour distance)` of neighbouring samples.
fn sample_weights(rows: [&[f32]; 3], centre: [f32; 3], spatial: &[f32], out: &mut [f32]) {
    let len = out.len();
    let [red, green, blue] = rows.map(|row| &row[..len]);
    let spatial = &spatial[..len];
    for i in 0..len {
        let (dr, dg, db) = (red[i] - centre[0], green[i] - centre[1], blue[i] - centre[2]);
        out[i] = spatial[i] * exp2_of_minus(dr * dr + dg * dg + db * db);
    }
}

/// `2^−t` for 0 ≤ t ≤ 64 to 2⁻²² of the value (`2^−64` beyond), without a call or a branch, so that loops over it vectorise.
fn exp2_of_minus(t: f32) -> f32 {
    // Adding this leaves the nearest integer in the lowest bits of the sum.
    const ROUND: f32 = 12_582_912.0;
    // Taylor's series of 2^x; |x| ≤ ½.
    const SERIES: [f32; 6] =
        [std::f32::consts::LN_2, 0.240_226_5, 0.055_504_11, 0.009_618_129, 0.001_333_356, 0.000_154_035_3];
    // Nothing is lost below 2^−64 beside the pixel's own weight of 1, and denormal products cost a hundred times more.
    let t = t.min(64.0);
    let rounded = t + ROUND;
    let x = (rounded - ROUND) - t;
    let [a, b, c, d, e, f] = SERIES;
    let series = 1.0 + x * (a + x * (b + x * (c + x * (d + x * (e + x * f)))));
    series * f32::from_bits(0x3f80_0000u32.wrapping_sub(rounded.to_bits() << 23))
}

/// `Σ weight` and `Σ weight·fraction`, each in lanes.
fn sums(weights: &[f32], fractions: &[f32]) -> (Lanes, Lanes) {
    let (weight_lanes, weight_rest) = weights.as_chunks::<LANES>();
    let (fraction_lanes, fraction_rest) = fractions.as_chunks::<LANES>();
    let (mut sums, mut uppers) = ([0.0f32; LANES], [0.0f32; LANES]);
    for (weights, fractions) in weight_lanes.iter().zip(fraction_lanes) {
        for lane in 0..LANES {
            sums[lane] += weights[lane];
            uppers[lane] += weights[lane] * fractions[lane];
        }
    }
    for (lane, (weight, fraction)) in weight_rest.iter().zip(fraction_rest).enumerate() {
        sums[lane] += weight;
        uppers[lane] += weight * fraction;
    }
    (sums, uppers)
}

#[cfg(test)]
mod tests {
    use maskov_kernels::upsample_weights::{UpsampleGuide, WINDOW_LEN, upsample_weights_cpu};

    use super::{WeightRows, exp2_of_minus};

    #[test]
    fn weights_are_those_of_the_twin() {
        let shapes = [(1, 1, 4), (1, 9, 3), (40, 1, 8), (33, 21, 8), (97, 60, 5), (7, 9, 16), (200, 30, 4)];
        for (width, height, resolution) in shapes {
            let rgb: Vec<u8> =
                (0..width * height * 3).map(|i| ((i * 7919 % 31) + (i / 60 % 5) * 40) as u8).collect();
            for samples in [None, Some(1), Some(3), Some(7)] {
                let guide = UpsampleGuide::new(&rgb, width, height, resolution, 0.1, samples);
                let mut want = vec![0; width * height * WINDOW_LEN];
                let mut got = want.clone();
                upsample_weights_cpu(&guide, 0..height, &mut want);
                WeightRows::new(&guide).weights(0..height, &mut got);
                // One step of rounding, and another where sums of thousands of samples add up in another order.
                let off = want.iter().zip(&got).map(|(a, b)| a.abs_diff(*b)).max();
                assert!(off <= Some(2), "{width}×{height} R {resolution}, {samples:?}: off by {off:?} steps");
            }
        }
    }

    #[test]
    fn powers_of_two_are_right() {
        for i in 0..64_000 {
            let t = i as f32 / 1000.0;
            let want = (-f64::from(t)).exp2();
            assert!((f64::from(exp2_of_minus(t)) - want).abs() <= 2.5e-7 * want, "2^−{t}");
        }
        assert!(exp2_of_minus(1e30) < 1e-19);
        assert_eq!(exp2_of_minus(0.0), 1.0);
    }
}
