//! What stands under the transparent parts of a photo.

use image::{DynamicImage, RgbaImage};

/// Grounds without a colour of their own, in the order in which one is taken when several are as good.
const GROUNDS: [u8; 3] = [255, 128, 0];

/// A pixel nearer to the ground than this in every channel does not stand out from it.
const NEAR: u8 = 48;

/// 8-bit RGB, [height × width, 3], over a ground of one grey: of white, middle grey and black the one that the fewest
/// opaque pixels are near to, so that the object stands out from it. A transparent pixel's own colour is arbitrary
/// and counts for nothing; of half-transparent pixels those that are more seen than not count.
pub(crate) fn over_ground(image: &DynamicImage) -> Vec<u8> {
    let rgba = image.to_rgba8();
    let ground = ground_of(&rgba);
    let mix = |colour: u8, alpha: u8| {
        let (colour, alpha) = (u32::from(colour), u32::from(alpha));
        ((colour * alpha + u32::from(ground) * (255 - alpha) + 127) / 255) as u8
    };
    rgba.pixels().flat_map(|pixel| [0, 1, 2].map(|channel| mix(pixel[channel], pixel[3]))).collect()
}

fn ground_of(rgba: &RgbaImage) -> u8 {
    let near = GROUNDS.map(|ground| {
        let seen = rgba.pixels().filter(|pixel| pixel[3] >= 128);
        seen.filter(|pixel| pixel.0[..3].iter().all(|colour| colour.abs_diff(ground) < NEAR)).count()
    });
    let best = (0..GROUNDS.len()).min_by_key(|&at| near[at]).unwrap_or(0);
    GROUNDS[best]
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgba;

    #[test]
    fn the_ground_is_the_one_that_the_object_is_least_like() {
        let ground = |pixels: &[[u8; 4]]| {
            ground_of(&RgbaImage::from_fn(pixels.len() as u32, 1, |x, _| Rgba(pixels[x as usize])))
        };
        assert_eq!(ground(&[[0, 0, 0, 255], [0, 0, 0, 0]]), 255, "black");
        assert_eq!(ground(&[[200, 30, 40, 255], [0, 0, 0, 0]]), 255, "a colour");
        assert_eq!(ground(&[[255, 255, 255, 255], [0, 0, 0, 0]]), 128, "white");
        assert_eq!(ground(&[[230, 225, 220, 255], [255, 255, 255, 0]]), 128, "nearly white");
        assert_eq!(ground(&[[255, 255, 255, 255], [130, 130, 130, 255], [0, 0, 0, 0]]), 0, "white and grey");
        assert_eq!(ground(&[[255, 255, 255, 255], [0, 0, 0, 255]]), 128, "white and black");
        assert_eq!(ground(&[[255, 255, 255, 0], [255, 255, 255, 40]]), 255, "nothing that is seen");
    }
}
