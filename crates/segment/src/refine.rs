//! The mask of a shrunk photo, brought to full size along the photo's own edges.
//!
//! Away from its border the solved mask is right at any size. Within [`RADIUS`] solved pixels of the border each
//! full-size pixel asks the solved pixels around it, weighted by distance (σ [`SPATIAL_SIGMA`] solved pixels) and by
//! likeness of the full-size colour to the shrunk photo's colours (σ [`RANGE_SIGMA`]): joint bilateral upsampling.
//! Rows are independent and need no memory besides their own pixels, so strips of any height can be made.

use std::ops::Range;

use maskov_kernels::upsample_weights::range_weights;

use crate::merge::Mask;
use crate::rgb_image::RgbImage;
use maskov_parallel::for_each_run;

/// Solved pixels on each side that a full-size pixel asks.
const RADIUS: usize = 3;
/// σ over distances in solved pixels.
const SPATIAL_SIGMA: f32 = 1.0;
/// σ over colours in [0, 1].
const RANGE_SIGMA: f32 = 0.1;

/// A mask at solve size, ready to be brought to full size strip by strip.
pub struct Refinement<'a> {
    photo: &'a RgbImage<'a>,
    shrunk: &'a RgbImage<'a>,
    mask: &'a Mask,
    /// Runs of solved pixels by solved row: what is to be done with the full-size pixels that are nearest to them.
    runs: Vec<Vec<Run>>,
    /// Of every full-size column.
    columns: Vec<Neighbours>,
    range: Vec<f32>,
}

/// Full-size columns of one fate.
struct Run {
    columns: Range<usize>,
    /// The label; `None` near the border.
    label: Option<u8>,
}

/// The solved pixels that a full-size pixel asks along one axis.
#[derive(Clone, Copy)]
struct Neighbours {
    nearest: usize,
    first: usize,
    len: usize,
    /// By distance.
    weights: [f32; 2 * RADIUS + 1],
}

impl Neighbours {
    fn of(i: u32, full: u32, solved: u32) -> Self {
        let place = position(i, full, solved);
        let nearest = place.round() as usize;
        let first = nearest.saturating_sub(RADIUS);
        let len = (nearest + RADIUS + 1).min(solved as usize) - first;
        let weight = |at: usize| (-0.5 * ((at as f32 - place) / SPATIAL_SIGMA).powi(2)).exp();
        Self { nearest, first, len, weights: std::array::from_fn(|k| weight(first + k)) }
    }
}

impl<'a> Refinement<'a> {
    /// Prepares the refinement of `mask`, which is as large as `shrunk`, to the size of `photo`.
    ///
    /// # Panics
    /// When mask and shrunk photo differ in size.
    pub fn new(photo: &'a RgbImage<'a>, shrunk: &'a RgbImage<'a>, mask: &'a Mask) -> Self {
        assert_eq!(
            (mask.width, mask.height),
            (shrunk.width(), shrunk.height()),
            "the mask is the shrunk photo's"
        );
        let width = mask.width as usize;
        let band = border_band(&mask.pixels, width, RADIUS);
        let columns: Vec<_> =
            (0..photo.width()).map(|x| Neighbours::of(x, photo.width(), mask.width)).collect();
        let rows = band.chunks_exact(width).zip(mask.pixels.chunks_exact(width));
        let runs = rows.map(|(band, labels)| runs_of(&columns, band, labels)).collect();
        Self { photo, shrunk, mask, runs, columns, range: range_weights(RANGE_SIGMA) }
    }

    /// The whole mask at the photo's size.
    pub fn mask(&self) -> Mask {
        let width = self.photo.width() as usize;
        let mut pixels = vec![0; self.photo.len()];
        for_each_run(&mut pixels, width * 32, |first, strip| {
            self.strip((first / width) as u32..((first + strip.len()) / width) as u32, strip);
        });
        Mask { width: self.photo.width(), height: self.photo.height(), pixels }
    }

    /// Rows of the full-size mask: u8 `[rows.len(), width]` of 0 and 1.
    ///
    /// # Panics
    /// When `strip` has another length or `rows` leaves the photo.
    pub fn strip(&self, rows: Range<u32>, strip: &mut [u8]) {
        let width = self.photo.width() as usize;
        assert_eq!(strip.len(), rows.len() * width, "a strip is [rows, width]");
        for (y, out) in rows.zip(strip.chunks_exact_mut(width)) {
            let row = Neighbours::of(y, self.photo.height(), self.mask.height);
            let colours = &self.photo.rgb()[y as usize * width * 3..][..width * 3];
            for run in &self.runs[row.nearest] {
                if let Some(label) = run.label {
                    out[run.columns.clone()].fill(label);
                    continue;
                }
                let colours = colours[run.columns.start * 3..run.columns.end * 3].as_chunks::<3>().0;
                let columns = &self.columns[run.columns.clone()];
                for ((out, column), colour) in out[run.columns.clone()].iter_mut().zip(columns).zip(colours) {
                    let nearest = row.nearest * self.mask.width as usize + column.nearest;
                    *out = self.vote(column, &row, *colour).unwrap_or(self.mask.pixels[nearest]);
                }
            }
        }
    }

    /// What the solved pixels around say; `None` when no colour is anything like this one, or they are split evenly.
    fn vote(&self, column: &Neighbours, row: &Neighbours, colour: [u8; 3]) -> Option<u8> {
        let width = self.mask.width as usize;
        let (mut inside, mut total) = (0.0f32, 0.0f32);
        for (qy, of_row) in (row.first..row.first + row.len).zip(row.weights) {
            let line = qy * width + column.first;
            let labels = &self.mask.pixels[line..line + column.len];
            let others = self.shrunk.rgb()[line * 3..(line + column.len) * 3].as_chunks::<3>().0;
            for ((label, other), of_column) in labels.iter().zip(others).zip(column.weights) {
                let difference = |k: usize| i32::from(colour[k]) - i32::from(other[k]);
                let squared = difference(0).pow(2) + difference(1).pow(2) + difference(2).pow(2);
                let weight = of_row * of_column * self.range[squared as usize];
                total += weight;
                inside += weight * f32::from(*label);
            }
        }
        let margin = 2.0 * inside - total;
        // Weights this small come from colours four and more σ away: their vote is noise.
        if total < 1e-4 || margin == 0.0 { None } else { Some(u8::from(margin > 0.0)) }
    }
}

/// The full-size columns whose nearest solved pixels are alike, in order.
fn runs_of(columns: &[Neighbours], band: &[bool], labels: &[u8]) -> Vec<Run> {
    let fate = |column: &Neighbours| (!band[column.nearest]).then(|| labels[column.nearest]);
    let mut start = 0;
    let runs = columns.chunk_by(|a, b| a.nearest == b.nearest || fate(a) == fate(b));
    runs.map(|run| {
        let columns = start..start + run.len();
        start = columns.end;
        Run { columns, label: fate(&run[0]) }
    })
    .collect()
}

/// Where a full-size pixel's centre lies between the centres of solved pixels, inside the solved image.
pub(crate) fn position(i: u32, full: u32, solved: u32) -> f32 {
    let position = (f64::from(i) + 0.5) * f64::from(solved) / f64::from(full) - 0.5;
    position.clamp(0.0, f64::from(solved - 1)) as f32
}

/// Pixels whose window of `radius` on each side holds both labels.
pub(crate) fn border_band(pixels: &[u8], width: usize, radius: usize) -> Vec<bool> {
    let near = |label: u8| {
        let is: Vec<bool> = pixels.iter().map(|&pixel| pixel == label).collect();
        let height = pixels.len() / width;
        let along_rows = spread(&is, width, radius, |line, i| line * width + i, height);
        spread(&along_rows, height, radius, |line, i| i * width + line, width)
    };
    near(0).into_iter().zip(near(1)).map(|(background, foreground)| background && foreground).collect()
}

/// Spreads `true` by `radius` along lines of `len` pixels.
fn spread(
    is: &[bool],
    len: usize,
    radius: usize,
    index: impl Fn(usize, usize) -> usize,
    lines: usize,
) -> Vec<bool> {
    let mut out = vec![false; is.len()];
    for line in 0..lines {
        let mut filled = 0;
        for i in (0..len).filter(|&i| is[index(line, i)]) {
            let end = (i + radius + 1).min(len);
            // What an earlier pixel filled need not be filled again: the whole line takes linear time.
            (i.saturating_sub(radius).max(filled)..end).for_each(|j| out[index(line, j)] = true);
            filled = end;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Refinement, border_band};
    use crate::evaluation::iou;
    use crate::merge::Mask;
    use crate::rgb_image::RgbImage;

    const WIDTH: u32 = 600;
    const HEIGHT: u32 = 450;

    /// A five-armed star with fine points on a shaded, noisy ground.
    fn star(x: u32, y: u32) -> bool {
        let (dx, dy) = (f64::from(x) - 290.3, f64::from(y) - 221.7);
        dx.hypot(dy) < 130.0 + 55.0 * (5.0 * dy.atan2(dx) + 0.4).sin()
    }

    fn photo() -> RgbImage<'static> {
        let mut rgb = Vec::new();
        for y in 0..HEIGHT {
            for x in 0..WIDTH {
                let noise = (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(40_503)) >> 7 & 15;
                let shade = (x / 20 + y / 15) as u8;
                let base: [u8; 3] = if star(x, y) { [150, 90, 60] } else { [70, 90, 130] };
                rgb.extend(base.map(|channel| channel + shade / 2 + noise as u8));
            }
        }
        RgbImage::new(WIDTH, HEIGHT, rgb).unwrap()
    }

    /// The truth at solve size: what a perfect solver would say of the pixel's centre.
    fn solved(width: u32, height: u32) -> Mask {
        let label = |i: u32| {
            let centre = |i: u32, full: u32, part: u32| ((i * 2 + 1) * full / (2 * part)).min(full - 1);
            u8::from(star(centre(i % width, WIDTH, width), centre(i / width, HEIGHT, height)))
        };
        Mask { width, height, pixels: (0..width * height).map(label).collect() }
    }

    #[test]
    fn refinement_beats_nearest_upscaling() {
        let photo = photo();
        let truth: Vec<u8> = (0..WIDTH * HEIGHT).map(|i| star(i % WIDTH, i / WIDTH).into()).collect();
        for (width, height) in [(300, 225), (150, 112), (75, 56)] {
            let (shrunk, mask) = (photo.shrunk(width, height), solved(width, height));
            let refined = Refinement::new(&photo, &shrunk, &mask).mask();
            let nearest: Vec<u8> = (0..WIDTH * HEIGHT)
                .map(|i| {
                    mask.pixels[(i / WIDTH * height / HEIGHT * width + i % WIDTH * width / WIDTH) as usize]
                })
                .collect();
            let (refined, nearest) = (iou(&refined.pixels, &truth), iou(&nearest, &truth));
            println!("{width}×{height}: refined {refined:.5}, nearest {nearest:.5}");
            assert!(1.0 - refined < 0.5 * (1.0 - nearest), "{width}×{height}: {refined} against {nearest}");
        }
    }

    #[test]
    fn strips_of_any_height_make_the_same_mask() {
        let photo = photo();
        let (shrunk, mask) = (photo.shrunk(97, 61), solved(97, 61));
        let refinement = Refinement::new(&photo, &shrunk, &mask);
        let whole = refinement.mask();
        let mut row = vec![9; WIDTH as usize];
        for y in [0, 1, 200, HEIGHT - 1] {
            refinement.strip(y..y + 1, &mut row);
            assert_eq!(row, whole.pixels[(y * WIDTH) as usize..((y + 1) * WIDTH) as usize], "row {y}");
        }
    }

    #[test]
    fn the_band_is_where_both_labels_are_near() {
        let mut pixels = vec![0u8; 81];
        pixels[40] = 1;
        let band = border_band(&pixels, 9, 2);
        for (i, near) in band.into_iter().enumerate() {
            assert_eq!(near, (2..7).contains(&(i % 9)) && (2..7).contains(&(i / 9)), "pixel {i}");
        }
        assert!(border_band(&[1; 6], 3, 3).iter().all(|near| !near));
        assert!(border_band(&[1, 0], 1, 3).iter().all(|near| *near));
    }
}
