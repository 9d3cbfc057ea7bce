//! `torch.nn.functional.pixel_unshuffle`, then on request x and y of each token's centre in [−1, 1] as two more channels.
//!
//! | tensor | shape | layout |
//! |---|---|---|
//! | x | `[factor · height, factor · width, channels]` | f32, channels-last |
//! | y | `[height, width, channels · factor² (+ 2)]` | f32, channels-last |
//!
//! Output channel `(c · factor + dy) · factor + dx` is channel `c` of the pixel `(dy, dx)` of the token's square.

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
            let (c, dy, dx) = (
                output / (factor * factor),
                output / factor % factor,
                output % factor,
            );
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
    use super::*;

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
