//! The mask of a shrunk photo, brought to full size along the photo's own edges.
//!
//! Away from its border the solved mask is right at any size. Within [`RADIUS`] solved pixels of the border each
//! full-size pixel asks the solved pixels around it, weighted by distance (σ [`SPATIAL_SIGMA`] solved pixels) and by
//! likeness of the full-size colour to the shrunk photo's colours (σ [`RANGE_SIGMA`]): joint bilateral upsampling.
//! Rows are independent and need no memory besides their own pixels, so strips of any height can be made.

use std::ops::Range;

use maskov_kernels::upsample_weights::range_weights;

use crate::merge::Mask;
use crate::parallel::for_each_run;
use crate::photo::Photo;

/// Solved pixels on each side that a full-size pixel asks.
const RADIUS: usize = 3;
/// σ over distances in solved pixels.
const SPATIAL_SIGMA: f32 = 1.0;
/// σ over colours in [0, 1].
const RANGE_SIGMA: f32 = 0.1;

/// A mask at solve size, ready to be brought to full size strip by strip.
pub struct Refinement<'a> {
    photo: &'a Photo<'a>,
    shrunk: &'a Photo<'a>,
    mask: &'a Mask,
    /// Solved pixels near the border.
    band: Vec<bool>,
    range: Vec<f32>,
}

impl<'a> Refinement<'a> {
    /// Prepares the refinement of `mask`, which is as large as `shrunk`, to the size of `photo`.
    ///
    /// # Panics
    /// When mask and shrunk photo differ in size.
    pub fn new(photo: &'a Photo<'a>, shrunk: &'a Photo<'a>, mask: &'a Mask) -> Self {
        assert_eq!(
            (mask.width, mask.height),
            (shrunk.width(), shrunk.height()),
            "the mask is the shrunk photo's"
        );
        let band = border_band(&mask.pixels, mask.width as usize, RADIUS);
        Self { photo, shrunk, mask, band, range: range_weights(RANGE_SIGMA) }
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
        let solved_width = self.mask.width as usize;
        for (y, out) in rows.zip(strip.chunks_exact_mut(width)) {
            let row = position(y, self.photo.height(), self.mask.height);
            let first = row.round() as usize * solved_width;
            for (x, out) in out.iter_mut().enumerate() {
                let column = position(x as u32, self.photo.width(), self.mask.width);
                let nearest = first + column.round() as usize;
                *out = if self.band[nearest] {
                    self.vote(x, y as usize, column, row).unwrap_or(self.mask.pixels[nearest])
                } else {
                    self.mask.pixels[nearest]
                };
            }
        }
    }

    /// What the solved pixels around say; `None` when no colour is anything like this one, or they are split evenly.
    fn vote(&self, x: usize, y: usize, column: f32, row: f32) -> Option<u8> {
        let colour = self.photo.rgb()[(y * self.photo.width() as usize + x) * 3..][..3].first_chunk::<3>()?;
        let (width, height) = (self.mask.width as usize, self.mask.height as usize);
        let (mut inside, mut total) = (0.0f32, 0.0f32);
        for qy in window(row, height) {
            for qx in window(column, width) {
                let solved = qy * width + qx;
                let other = self.shrunk.rgb()[solved * 3..][..3].first_chunk::<3>()?;
                let squared: i32 =
                    colour.iter().zip(other).map(|(&a, &b)| (i32::from(a) - i32::from(b)).pow(2)).sum();
                let distance = (qx as f32 - column).powi(2) + (qy as f32 - row).powi(2);
                let spatial = (-0.5 / (SPATIAL_SIGMA * SPATIAL_SIGMA) * distance).exp();
                let weight = spatial * self.range[squared as usize];
                total += weight;
                inside += weight * f32::from(self.mask.pixels[solved]);
            }
        }
        let margin = 2.0 * inside - total;
        // Weights this small come from colours four and more σ away: their vote is noise.
        if total < 1e-4 || margin == 0.0 { None } else { Some(u8::from(margin > 0.0)) }
    }
}

/// Where a full-size pixel's centre lies between the centres of solved pixels, inside the solved image.
pub(crate) fn position(i: u32, full: u32, solved: u32) -> f32 {
    let position = (f64::from(i) + 0.5) * f64::from(solved) / f64::from(full) - 0.5;
    position.clamp(0.0, f64::from(solved - 1)) as f32
}

fn window(position: f32, extent: usize) -> Range<usize> {
    let nearest = position.round() as usize;
    nearest.saturating_sub(RADIUS)..(nearest + RADIUS + 1).min(extent)
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
    use crate::photo::Photo;

    const WIDTH: u32 = 600;
    const HEIGHT: u32 = 450;

    /// A five-armed star with fine points on a shaded, noisy ground.
    fn star(x: u32, y: u32) -> bool {
        let (dx, dy) = (f64::from(x) - 290.3, f64::from(y) - 221.7);
        dx.hypot(dy) < 130.0 + 55.0 * (5.0 * dy.atan2(dx) + 0.4).sin()
    }

    fn photo() -> Photo<'static> {
        let mut rgb = Vec::new();
        for y in 0..HEIGHT {
            for x in 0..WIDTH {
                let noise = (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(40_503)) >> 7 & 15;
                let shade = (x / 20 + y / 15) as u8;
                let base: [u8; 3] = if star(x, y) { [150, 90, 60] } else { [70, 90, 130] };
                rgb.extend(base.map(|channel| channel + shade / 2 + noise as u8));
            }
        }
        Photo::new(WIDTH, HEIGHT, rgb).unwrap()
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
