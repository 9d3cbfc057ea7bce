//! A made-up photo of one object, an ellipse, and the attention that a network would have on it.

use maskov_segment::{AttentionMap, RgbImage};

/// R of the attention.
pub const RESOLUTION: usize = 16;

/// Whether a place in the unit square lies on the object: an ellipse.
fn object(x: f64, y: f64) -> bool {
    ((x - 0.45) / 0.25).powi(2) + ((y - 0.5) / 0.3).powi(2) < 1.0
}

/// Tokens attend to near tokens on their own side of the object's outline.
pub fn attention() -> AttentionMap {
    let n = RESOLUTION;
    let place = |token: usize| ((token % n) as f64 + 0.5, (token / n) as f64 + 0.5);
    let side = |(x, y): (f64, f64)| object(x / n as f64, y / n as f64);
    let entry = |i: usize| {
        let (a, b) = (place(i / (n * n)), place(i % (n * n)));
        let near = (-0.15 * ((a.0 - b.0).powi(2) + (a.1 - b.1).powi(2))).exp();
        (near * if side(a) == side(b) { 1.0 } else { 0.02 } + 1e-5) as f32
    };
    AttentionMap::new(n, (0..n.pow(4)).map(entry).collect()).unwrap()
}

/// The photo at any size: the object in one colour, the ground in another, a little noise.
pub fn photo(width: u32, height: u32) -> RgbImage<'static> {
    let colour = |i: u32| {
        let (x, y) = (i % width, i / width);
        let noise = (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(40_503)) >> 9 & 7;
        let on = object((f64::from(x) + 0.5) / f64::from(width), (f64::from(y) + 0.5) / f64::from(height));
        let base: [u8; 3] = if on { [190, 120, 60] } else { [60, 110, 150] };
        base.map(|channel| channel + noise as u8)
    };
    RgbImage::new(width, height, (0..width * height).flat_map(colour).collect::<Vec<u8>>()).unwrap()
}

/// 1 on the object.
pub fn truth(width: u32, height: u32) -> Vec<u8> {
    let on = |i: u32| {
        object(
            (f64::from(i % width) + 0.5) / f64::from(width),
            (f64::from(i / width) + 0.5) / f64::from(height),
        )
    };
    (0..width * height).map(|i| on(i).into()).collect()
}
