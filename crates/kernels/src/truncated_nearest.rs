//! The mask: truncated nearest neighbour over the points' adjusted distances.
//!
//! `d = D / max(θ, 1e-7)`. A pixel is foreground iff the point of the smallest d there (the first one on ties) is a
//! foreground point and that d ≤ 1. Distances f32 `[pixels]`, mask u8 `[pixels]` of 0 and 1.

use bytemuck::{Pod, Zeroable};
use maskov_gpu::{Bind, Buffer, Kernel, Pass, Result, groups_1d};

use crate::require;

/// One invocation per pixel, one dispatch per point; `truncated_mask` makes the mask of what is left.
pub static KERNEL: Kernel = Kernel {
    name: "truncated_nearest",
    wgsl: wgsl!("common/index", "truncated_nearest"),
    binds: &[Bind::Uniform, Bind::Read, Bind::Read, Bind::ReadWrite],
    workgroup: [256, 1, 1],
};

/// Must match `struct Params` in shaders/truncated_nearest.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Params {
    pixels: u32,
    point: u32,
    foreground: u32,
    first: u32,
}

/// Records the turn of point `point`, points in order from 0. `chosen` is `[points, 2]` as `threshold_best` leaves it;
/// `nearest` is `[pixels]`: the smallest adjusted distance so far, its sign bit set where that makes the pixel
/// foreground. Errors: [`GpuError::Shape`](maskov_gpu::GpuError::Shape) where buffers are too short.
pub fn truncated_nearest(
    pass: &mut Pass<'_>,
    distances: &Buffer,
    chosen: &Buffer,
    point: usize,
    foreground: bool,
    pixels: usize,
    nearest: &Buffer,
) -> Result<()> {
    let fits = distances.len() >= pixels && nearest.len() >= pixels && chosen.len() > 2 * point + 1;
    require(&KERNEL, fits, || {
        let lens = [distances, chosen, nearest].map(Buffer::len);
        format!("{lens:?} words for point {point} and {pixels} pixels")
    })?;
    let params = Params {
        pixels: pixels as u32,
        point: point as u32,
        foreground: foreground.into(),
        first: (point == 0).into(),
    };
    let buffers = [distances.into(), chosen.into(), nearest.into()];
    pass.dispatch(&KERNEL, &[], &params, &buffers, groups_1d(pixels, KERNEL.workgroup[0]))
}

/// One point's part in the mask.
#[derive(Clone, Copy, Debug)]
pub struct MaskLayer<'a> {
    /// Distance of every pixel from the point, f32 `[pixels]`.
    pub distances: &'a [f32],
    /// The point's threshold θ.
    pub threshold: f32,
    /// Whether it is a foreground point.
    pub foreground: bool,
}

/// The smallest divisor of a distance.
pub const SMALLEST_THRESHOLD: f32 = 1e-7;

/// Writes the mask of a run of pixels that starts at `first`; all background without layers.
///
/// # Panics
/// When a layer ends before `first + mask.len()`.
pub fn truncated_nearest_cpu(layers: &[MaskLayer], first: usize, mask: &mut [u8]) {
    let mut nearest = vec![f32::INFINITY; mask.len()];
    mask.fill(0);
    for layer in layers {
        let distances = &layer.distances[first..first + mask.len()];
        let divisor = layer.threshold.max(SMALLEST_THRESHOLD);
        for ((nearest, mask), distance) in nearest.iter_mut().zip(mask.iter_mut()).zip(distances) {
            let adjusted = distance / divisor;
            if adjusted < *nearest {
                *nearest = adjusted;
                *mask = u8::from(layer.foreground && adjusted <= 1.0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use maskov_gpu::testing::{Seeded, gpu};

    use super::truncated_nearest;
    use super::{MaskLayer, truncated_nearest_cpu};
    use crate::truncated_mask::{mask_bytes, truncated_mask};

    #[test]
    fn the_nearest_point_decides_and_far_pixels_are_background() {
        let foreground =
            MaskLayer { distances: &[0.0, 0.2, 0.4, 0.6, 0.5], threshold: 0.5, foreground: true };
        let background =
            MaskLayer { distances: &[0.9, 0.3, 0.1, 0.9, 0.5], threshold: 0.5, foreground: false };
        let mut mask = [9u8; 5];
        truncated_nearest_cpu(&[foreground, background], 0, &mut mask);
        assert_eq!(mask, [1, 1, 0, 0, 1], "on a tie the first point decides");
        truncated_nearest_cpu(&[background, foreground], 0, &mut mask);
        assert_eq!(mask, [1, 1, 0, 0, 0]);
        truncated_nearest_cpu(&[], 0, &mut mask);
        assert_eq!(mask, [0; 5]);
    }

    #[test]
    fn a_threshold_of_zero_still_holds_the_point_itself() {
        let layer = MaskLayer { distances: &[0.0, 1e-3], threshold: 0.0, foreground: true };
        let mut mask = [9u8; 2];
        truncated_nearest_cpu(&[layer], 0, &mut mask);
        assert_eq!(mask, [1, 0]);
        let mut tail = [9u8; 1];
        truncated_nearest_cpu(&[layer], 1, &mut tail);
        assert_eq!(tail, [0]);
    }

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn truncated_nearest_matches_cpu() {
        let gpu = gpu().await;
        for pixels in [1usize, 255, 256, 257, 1025, 10_000] {
            let mut seeded = Seeded::new(11);
            // Eighths and thresholds that divide them exactly: ties between points and plateaus at θ, and yet no
            // distance that the rounding of a division could move across another.
            let maps: Vec<Vec<f32>> =
                (0..3).map(|_| (0..pixels).map(|_| seeded.below(9) as f32 / 8.0).collect()).collect();
            let layers: Vec<MaskLayer> = maps
                .iter()
                .zip([(0.5, true), (0.25, false), (0.0, true)])
                .map(|(distances, (threshold, foreground))| MaskLayer { distances, threshold, foreground })
                .collect();
            for count in 1..=layers.len() {
                let chosen: Vec<[f32; 2]> = layers.iter().map(|layer| [0.0, layer.threshold]).collect();
                let chosen = gpu.upload("chosen", &chosen).expect("fits");
                let buffers: Vec<_> =
                    maps.iter().map(|map| gpu.upload("distances", map).expect("fits")).collect();
                let nearest = gpu.create("nearest", pixels).expect("fits");
                let mask = gpu.create("mask", pixels.div_ceil(4)).expect("fits");
                let mut pass = gpu.pass();
                for (point, (layer, distances)) in layers[..count].iter().zip(&buffers).enumerate() {
                    truncated_nearest(
                        &mut pass,
                        distances,
                        &chosen,
                        point,
                        layer.foreground,
                        pixels,
                        &nearest,
                    )
                    .expect("fits");
                }
                truncated_mask(&mut pass, &nearest, pixels, &mask).expect("fits");
                pass.submit().expect("the device works");
                let mut expected = vec![9u8; pixels];
                truncated_nearest_cpu(&layers[..count], 0, &mut expected);
                let words: Vec<u32> = gpu.read(&mask).await.expect("reads");
                assert_eq!(mask_bytes(&words, pixels), expected, "{pixels} pixels, {count} points");
            }
        }
    }

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn a_point_without_a_threshold_is_refused() {
        let gpu = gpu().await;
        let buffer = gpu.create("all", 4).expect("fits");
        let error = truncated_nearest(&mut gpu.pass(), &buffer, &buffer, 2, true, 4, &buffer)
            .expect_err("there are thresholds of points 0 and 1");
        assert!(error.to_string().contains("point 2"), "{error}");
    }
}
