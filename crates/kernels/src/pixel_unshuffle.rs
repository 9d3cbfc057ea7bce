//! `torch.nn.functional.pixel_unshuffle`, then on request x and y of each token's centre in [−1, 1] as two more channels.
//!
//! | tensor | shape | layout |
//! |---|---|---|
//! | x | `[factor · height, factor · width, channels]` | f32, channels-last |
//! | y | `[height, width, channels · factor² (+ 2)]` | f32, channels-last |
//!
//! Output channel `(c · factor + dy) · factor + dx` is channel `c` of the pixel `(dy, dx)` of the token's square.

use bytemuck::{Pod, Zeroable};
use maskov_gpu::{Bind, Buffer, Kernel, Pass, Result, groups_1d};

use crate::require;

/// One invocation per value of `y`.
pub static KERNEL: Kernel = Kernel {
    name: "pixel_unshuffle",
    wgsl: wgsl!("common/index", "pixel_unshuffle"),
    binds: &[Bind::Uniform, Bind::Read, Bind::ReadWrite],
    workgroup: [256, 1, 1],
};

/// Must match `struct Params` in shaders/pixel_unshuffle.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Params {
    len: u32,
    height: u32,
    width: u32,
    channels: u32,
    factor: u32,
    outputs: u32,
}

/// Records the unshuffling; `height` and `width` are those of `y`, `channels` those of `x`. Errors:
/// [`GpuError::Shape`](maskov_gpu::GpuError::Shape) where buffers are too short.
pub fn pixel_unshuffle(
    pass: &mut Pass<'_>,
    x: &Buffer,
    [height, width]: [usize; 2],
    channels: usize,
    factor: usize,
    positions: bool,
    y: &Buffer,
) -> Result<()> {
    let unshuffled = channels * factor * factor;
    let outputs = unshuffled + if positions { 2 } else { 0 };
    let len = height * width * outputs;
    let fits = x.len() >= height * width * unshuffled && y.len() >= len;
    require(&KERNEL, fits, || {
        format!("x of {} and y of {} words for {height} × {width} × {outputs}", x.len(), y.len())
    })?;
    let params = Params {
        len: len as u32,
        height: height as u32,
        width: width as u32,
        channels: channels as u32,
        factor: factor as u32,
        outputs: outputs as u32,
    };
    pass.dispatch(&KERNEL, &[], &params, &[x.into(), y.into()], groups_1d(len, KERNEL.workgroup[0]))
}

/// What the kernel means; `height` and `width` are those of `y`, `channels` those of `x`.
pub fn pixel_unshuffle_cpu(
    x: &[f32],
    [height, width]: [usize; 2],
    channels: usize,
    factor: usize,
    positions: bool,
    y: &mut [f32],
) {
    let outputs = channels * factor * factor + if positions { 2 } else { 0 };
    let centre = |token: usize, tokens: usize| 2.0 * (token as f32 + 0.5) / tokens as f32 - 1.0;
    for (token, y) in y.chunks_exact_mut(outputs).enumerate() {
        let (row, column) = (token / width, token % width);
        let (unshuffled, position) = y.split_at_mut(channels * factor * factor);
        for (output, y) in unshuffled.iter_mut().enumerate() {
            let (c, dy, dx) = (output / (factor * factor), output / factor % factor, output % factor);
            let pixel = (row * factor + dy) * width * factor + column * factor + dx;
            *y = x[pixel * channels + c];
        }
        if let [x_position, y_position] = position {
            (*x_position, *y_position) = (centre(column, width), centre(row, height));
        }
    }
}

#[cfg(test)]
mod tests {
    use maskov_gpu::testing::{Guarded, Seeded, Tolerance, assert_close, gpu};

    use super::*;

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn pixel_unshuffle_matches_cpu() {
        let gpu = gpu().await;
        // [height, width, channels, factor]
        for [height, width, channels, factor] in
            [[1, 1, 1, 1], [5, 3, 1, 4], [1, 64, 1, 2], [3, 5, 2, 3], [16, 16, 3, 8]]
        {
            let x = Seeded::new(18).values(height * width * channels * factor * factor);
            let x_buffer = gpu.upload("x", &x).expect("fits");
            for positions in [false, true] {
                let len = x.len() + if positions { 2 * height * width } else { 0 };
                let y = Guarded::new(&gpu, len);
                let mut pass = gpu.pass();
                pixel_unshuffle(
                    &mut pass,
                    &x_buffer,
                    [height, width],
                    channels,
                    factor,
                    positions,
                    &y.buffer,
                )
                .expect("shapes fit");
                pass.submit().expect("the device works");
                let mut expected = vec![0.0; len];
                pixel_unshuffle_cpu(&x, [height, width], channels, factor, positions, &mut expected);
                let what = format!("{height} × {width} × {channels}, factor {factor}, positions {positions}");
                // Values are copied; a position's division may round differently.
                assert_close(&what, &y.read(&gpu).await, &expected, Tolerance { abs: 2e-7, rel: 0.0 });
            }
        }
    }

    #[test]
    fn channels_come_in_the_order_of_torch() {
        // 2 × 4 pixels of 2 channels; values are 10 · pixel + channel.
        let x: Vec<f32> = (0..16).map(|i| (10 * (i / 2) + i % 2) as f32).collect();
        let mut y = vec![f32::NAN; 20];
        pixel_unshuffle_cpu(&x, [1, 2], 2, 2, true, &mut y);
        let expected = [
            [0.0, 10.0, 40.0, 50.0, 1.0, 11.0, 41.0, 51.0, -0.5, 0.0],
            [20.0, 30.0, 60.0, 70.0, 21.0, 31.0, 61.0, 71.0, 0.5, 0.0],
        ];
        assert_eq!(y, expected.concat());
    }
}
