//! Photos and masks at a smaller size.

use anyhow::Result;
use maskov_engine::resize_area;
use maskov_photo::Photo;

/// The long side that photos and masks are shrunk to; smaller ones stay as they are.
#[derive(Clone, Copy)]
pub struct LongSide(pub u32);

impl LongSide {
    pub fn of(self, (width, height): (u32, u32)) -> (u32, u32) {
        let long = width.max(height);
        if long <= self.0 {
            return (width, height);
        }
        let side = |side: u32| {
            let (side, long, wanted) = (u64::from(side), u64::from(long), u64::from(self.0));
            ((2 * side * wanted + long) / (2 * long)).max(1) as u32
        };
        (side(width), side(height))
    }

    /// What the method reads of a photo, by area averages.
    pub fn photo(self, photo: &Photo) -> Result<maskov_engine::RgbImage<'static>> {
        let from = (photo.width(), photo.height());
        let to = self.of(from);
        Ok(maskov_engine::RgbImage::new(to.0, to.1, shrunk(&photo.rgb(), from, to))?)
    }

    /// The pixels of which half or more is covered.
    pub fn cover(self, covered: &[bool], (width, height): (u32, u32)) -> Vec<bool> {
        let rgb: Vec<u8> = covered.iter().flat_map(|&covered| [if covered { 255 } else { 0 }; 3]).collect();
        let small = shrunk(&rgb, (width, height), self.of((width, height)));
        small.as_chunks::<3>().0.iter().map(|pixel| pixel[0] > 127).collect()
    }
}

fn shrunk(rgb: &[u8], from: (u32, u32), to: (u32, u32)) -> Vec<u8> {
    let ((width, height), (new_width, new_height)) = (from, to);
    resize_area(rgb, width as usize, height as usize, new_width as usize, new_height as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_long_side_is_kept_to_and_the_shape_too() {
        assert_eq!(LongSide(320).of((640, 427)), (320, 214));
        assert_eq!(LongSide(320).of((427, 640)), (214, 320));
        assert_eq!(LongSide(320).of((300, 200)), (300, 200));
        assert_eq!(LongSide(320).of((100_000, 10)), (320, 1));
    }

    #[test]
    fn a_pixel_is_covered_by_half_of_it() {
        let covered = [1, 1, 1, 0, 0, 0, 1, 0, 1, 0, 1, 0].map(|value| value == 1);
        // Blocks of 2 × 2 with 3, 2 and 1 of 4 covered.
        assert_eq!(LongSide(3).cover(&covered, (6, 2)), [true, true, false]);
        assert_eq!(LongSide(6).cover(&covered, (6, 2)), covered);
    }
}
