//! The object as it is, everything else stepped back, and a line between them.

use image::{DynamicImage, RgbImage};
use maskov_photo::Photo;

use crate::ExportError;
use crate::error::check_size;
use crate::png::picture_png;

/// Rubylith, the red film that masks were cut from.
const ACCENT: [u8; 3] = [0xff, 0x31, 0x58];
/// The page's dark veil and how much of it lies over the rest of the photo.
const VEIL: [u8; 3] = [0x0b, 0x0c, 0x0e];
const VEIL_OPACITY: f32 = 0.72;
/// Width of the contour, in photo pixels, half of it on each side of the mask's edge.
const CONTOUR_PX: f32 = 1.5;
/// Width of the dark line outside the contour, which keeps it apart from a bright photo.
const HAIRLINE_PX: f32 = 1.0;
/// Beyond this many pixels the contour and its hairline have no effect.
const REACH: isize = 2;
/// Squared distance of a pixel that has no pixel of the other side within reach.
const FAR: u8 = u8::MAX;

/// The photo in 8-bit RGB: true colours where `mask` is not 0, the rest under a dark veil, a contour of 1.5 pixels
/// in the accent #ff3158 along the edge and a dark hairline outside it.
///
/// # Errors
/// [`ExportError::MaskSize`] where `mask` is not [height × width] of the photo.
pub fn overlay_png(photo: &Photo, mask: &[u8]) -> Result<Vec<u8>, ExportError> {
    let (width, height) = (photo.width(), photo.height());
    check_size(mask, width, height)?;
    let edge = squared_distances(mask, width as usize, height as usize);
    let mut rgb = photo.rgb().into_owned();
    for ((pixel, &inside), &squared) in rgb.as_chunks_mut::<3>().0.iter_mut().zip(mask).zip(&edge) {
        if inside == 0 {
            blend(pixel, VEIL, VEIL_OPACITY);
        }
        if squared != FAR {
            draw_edge(pixel, inside != 0, f32::from(squared).sqrt() - 0.5);
        }
    }
    // `rgb` has width × height × 3 bytes, so a picture always comes of it.
    let picture = RgbImage::from_raw(width, height, rgb).map(DynamicImage::from).unwrap_or_default();
    let profile = photo.icc_profile().filter(|_| photo.pixels().color().has_color());
    picture_png(&picture, profile)
}

/// `distance` is the pixel's centre from the mask's edge: half a pixel for a pixel that touches it.
fn draw_edge(pixel: &mut [u8; 3], inside: bool, distance: f32) {
    let covered = |reach: f32| (reach + 0.5 - distance).clamp(0.0, 1.0);
    let contour = covered(CONTOUR_PX / 2.0);
    if !inside {
        blend(pixel, VEIL, covered(CONTOUR_PX / 2.0 + HAIRLINE_PX));
    }
    blend(pixel, ACCENT, contour);
}

fn blend(pixel: &mut [u8; 3], over: [u8; 3], opacity: f32) {
    for (channel, over) in pixel.iter_mut().zip(over) {
        *channel = (f32::from(*channel) * (1.0 - opacity) + f32::from(over) * opacity).round() as u8;
    }
}

/// For each pixel the squared distance to the nearest pixel of the other side, centre to centre, within [`REACH`].
fn squared_distances(mask: &[u8], width: usize, height: usize) -> Vec<u8> {
    let mut nearest = vec![FAR; mask.len()];
    let inside = |x: usize, y: usize| mask[y * width + x] != 0;
    for y in 0..height {
        for x in 0..width {
            // The nearest pixel of the other side always has a neighbour on this one, so only such pixels look around.
            let here = inside(x, y);
            let on_edge = (x > 0 && inside(x - 1, y) != here)
                || (x + 1 < width && inside(x + 1, y) != here)
                || (y > 0 && inside(x, y - 1) != here)
                || (y + 1 < height && inside(x, y + 1) != here);
            if on_edge {
                spread(&mut nearest, (width, height), (x, y), |to_x, to_y| inside(to_x, to_y) != here);
            }
        }
    }
    nearest
}

/// Writes the distance to `from` into every pixel within reach that is on the other side and has a larger one.
fn spread(
    nearest: &mut [u8],
    (width, height): (usize, usize),
    (x, y): (usize, usize),
    is_other: impl Fn(usize, usize) -> bool,
) {
    for dy in -REACH..=REACH {
        for dx in -REACH..=REACH {
            let (to_x, to_y) = (x.wrapping_add_signed(dx), y.wrapping_add_signed(dy));
            if to_x < width && to_y < height && is_other(to_x, to_y) {
                let squared = &mut nearest[to_y * width + to_x];
                *squared = (*squared).min((dx * dx + dy * dy) as u8);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squared_distances_match_a_search_of_all_pairs() {
        let (width, height) = (13usize, 11usize);
        let mask: Vec<u8> = (0..width * height).map(|i| u8::from(i * i % 7 < 2 || i % width > 9)).collect();
        let found = squared_distances(&mask, width, height);
        for at in 0..mask.len() {
            let (x, y) = (at % width, at / width);
            let others = (0..mask.len()).filter(|&other| mask[other] != mask[at]);
            let within = others.filter_map(|other| {
                let (dx, dy) = ((other % width).abs_diff(x), (other / width).abs_diff(y));
                (dx <= 2 && dy <= 2).then_some((dx * dx + dy * dy) as u8)
            });
            assert_eq!(found[at], within.min().unwrap_or(FAR), "{x}, {y}");
        }
    }
}
