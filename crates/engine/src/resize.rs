//! A photo to the network's image, as OpenCV's `resize(..., INTER_AREA)` does it, bit for bit: the network was made with
//! it, and an image that differs a little everywhere gives another map.
//!
//! Where no axis grows, each pixel is the mean of the area it covers. Where one grows, OpenCV interpolates linearly on
//! both, in fixed point.

/// u8 RGB `[height, width, 3]` to `[new_height, new_width, 3]`.
///
/// # Panics
/// When a side is 0 or `rgb` is not `[height, width, 3]`.
pub fn resize_area(rgb: &[u8], width: usize, height: usize, new_width: usize, new_height: usize) -> Vec<u8> {
    assert!(width > 0 && height > 0 && new_width > 0 && new_height > 0, "sizes must not be 0");
    assert_eq!(rgb.len(), width * height * CHANNELS, "rgb must be [height, width, 3]");
    if (width, height) == (new_width, new_height) {
        return rgb.to_vec();
    }
    if new_width > width || new_height > height {
        let (columns, rows) = (linear_taps(width, new_width), linear_taps(height, new_height));
        return interpolate(rgb, width, &columns, &rows);
    }
    if width.is_multiple_of(new_width) && height.is_multiple_of(new_height) {
        return mean_of_blocks(rgb, width, new_width, new_height, (width / new_width, height / new_height));
    }
    mean_of_areas(rgb, width, &area_shares(width, new_width), &area_shares(height, new_height))
}

const CHANNELS: usize = 3;

/// Rounds half to even, as OpenCV's conversions do.
fn to_byte(value: f32) -> u8 {
    value.round_ties_even().clamp(0.0, 255.0) as u8
}

/// Whole pixels under each new one: sums are integers.
fn mean_of_blocks(
    rgb: &[u8],
    width: usize,
    new_width: usize,
    new_height: usize,
    block: (usize, usize),
) -> Vec<u8> {
    let scale = 1.0 / (block.0 * block.1) as f32;
    let mut out = Vec::with_capacity(new_width * new_height * CHANNELS);
    for y in 0..new_height {
        for x in 0..new_width {
            for channel in 0..CHANNELS {
                let row = |dy: usize| ((y * block.1 + dy) * width + x * block.0) * CHANNELS + channel;
                let in_row = |dy: usize| {
                    (0..block.0).map(move |dx| u32::from(rgb[row(dy) + dx * CHANNELS])).sum::<u32>()
                };
                let sum: u32 = (0..block.1).map(in_row).sum();
                // OpenCV halves upwards in blocks of 2 × 2, and to even in all others.
                out.push(if block == (2, 2) { ((sum + 2) >> 2) as u8 } else { to_byte(sum as f32 * scale) });
            }
        }
    }
    out
}

/// The pixels under a new pixel and their shares of it.
type Shares = Vec<(usize, f32)>;

fn area_shares(len: usize, new_len: usize) -> Vec<Shares> {
    // The reciprocal of a reciprocal, as OpenCV has it: the last bit decides who is counted.
    let scale = 1.0 / (new_len as f64 / len as f64);
    let shares = |i: usize| {
        let start = i as f64 * scale;
        let end = start + scale;
        let cell = scale.min(len as f64 - start);
        let last = (end.floor() as usize).min(len - 1);
        let first = (start.ceil() as usize).min(last);
        let mut shares = Shares::new();
        if first as f64 - start > 1e-3 {
            shares.push((first - 1, ((first as f64 - start) / cell) as f32));
        }
        shares.extend((first..last).map(|pixel| (pixel, (1.0 / cell) as f32)));
        if end - last as f64 > 1e-3 {
            shares.push((last, ((end - last as f64).min(1.0).min(cell) / cell) as f32));
        }
        shares
    };
    (0..new_len).map(shares).collect()
}

fn mean_of_areas(rgb: &[u8], width: usize, columns: &[Shares], rows: &[Shares]) -> Vec<u8> {
    let new_stride = columns.len() * CHANNELS;
    let mut out = Vec::with_capacity(rows.len() * new_stride);
    let mut row_means = vec![0.0f32; new_stride];
    let mut sums = vec![0.0f32; new_stride];
    for shares in rows {
        sums.fill(0.0);
        for &(y, share) in shares {
            let row = &rgb[y * width * CHANNELS..(y + 1) * width * CHANNELS];
            row_means.fill(0.0);
            for (means, shares) in row_means.as_chunks_mut::<CHANNELS>().0.iter_mut().zip(columns) {
                for &(x, share) in shares {
                    for (mean, &value) in means.iter_mut().zip(&row[x * CHANNELS..]) {
                        *mean += f32::from(value) * share;
                    }
                }
            }
            for (sum, mean) in sums.iter_mut().zip(&row_means) {
                *sum += share * mean;
            }
        }
        out.extend(sums.iter().map(|&sum| to_byte(sum)));
    }
    out
}

/// Fixed-point bits of a linear share.
const SHARE_BITS: u32 = 11;

/// The two pixels that a new pixel lies between, and their shares in 2048ths.
struct Tap {
    pixels: [usize; 2],
    shares: [i32; 2],
}

fn linear_taps(len: usize, new_len: usize) -> Vec<Tap> {
    let inverse = new_len as f64 / len as f64;
    let scale = 1.0 / inverse;
    let tap = |i: usize| {
        let pixel = (i as f64 * scale).floor();
        let beyond = ((i + 1) as f64 - (pixel + 1.0) * inverse) as f32;
        let fraction = if beyond <= 0.0 { 0.0 } else { beyond - beyond.floor() };
        let pixel = pixel as usize;
        let (first, fraction) = if pixel + 1 >= len { (len - 1, 0.0) } else { (pixel, fraction) };
        let share = |value: f32| (value * (1 << SHARE_BITS) as f32).round_ties_even() as i32;
        Tap { pixels: [first, (first + 1).min(len - 1)], shares: [share(1.0 - fraction), share(fraction)] }
    };
    (0..new_len).map(tap).collect()
}

fn interpolate(rgb: &[u8], width: usize, columns: &[Tap], rows: &[Tap]) -> Vec<u8> {
    let along_row = |y: usize, column: &Tap, channel: usize| {
        let value = |x: usize| i32::from(rgb[(y * width + x) * CHANNELS + channel]);
        value(column.pixels[0]) * column.shares[0] + value(column.pixels[1]) * column.shares[1]
    };
    let mut out = Vec::with_capacity(rows.len() * columns.len() * CHANNELS);
    for row in rows {
        for column in columns {
            for channel in 0..CHANNELS {
                let part = |i: usize| {
                    let value = along_row(row.pixels[i], column, channel);
                    (row.shares[i] * (value >> 4)) >> 16
                };
                out.push(((part(0) + part(1) + 2) >> 2) as u8);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One row or column of grey, each value repeated over the channels.
    fn grey(values: &[u8]) -> Vec<u8> {
        values.iter().flat_map(|&value| [value; 3]).collect()
    }

    fn of_grey(rgb: &[u8]) -> Vec<u8> {
        rgb.as_chunks::<3>().0.iter().map(|pixel| pixel[0]).collect()
    }

    #[test]
    fn whole_blocks_are_averaged() {
        // (10 + 20 + 30) / 3 = 20; (1 + 2 + 2) / 3 = 1.67.
        assert_eq!(of_grey(&resize_area(&grey(&[10, 20, 30, 1, 2, 2]), 6, 1, 2, 1)), [20, 2]);
        // 4 × 1 to 2 × 1: halves go to the even neighbour, 0.5 to 0 and 1.5 to 2.
        assert_eq!(of_grey(&resize_area(&grey(&[0, 1, 1, 2]), 4, 1, 2, 1)), [0, 2]);
        // 2 × 2 blocks: halves go up, 2/4 to 1 and 6/4 to 2.
        assert_eq!(of_grey(&resize_area(&grey(&[0, 1, 1, 2, 0, 1, 1, 2]), 4, 2, 2, 1)), [1, 2]);
    }

    #[test]
    fn parts_of_pixels_count_by_their_area() {
        // Three pixels to two: (a + b/2) / 1.5 and (b/2 + c) / 1.5.
        assert_eq!(of_grey(&resize_area(&grey(&[10, 40, 100]), 3, 1, 2, 1)), [20, 80]);
        assert_eq!(of_grey(&resize_area(&grey(&[10, 40, 100]), 1, 3, 1, 2)), [20, 80]);
    }

    #[test]
    fn an_axis_that_grows_is_interpolated_as_opencv_does() {
        // Whole factors repeat pixels.
        assert_eq!(of_grey(&resize_area(&grey(&[0, 200]), 2, 1, 4, 1)), [0, 0, 200, 200]);
        // Two to three: the middle one lies half on each.
        assert_eq!(of_grey(&resize_area(&grey(&[0, 200]), 2, 1, 3, 1)), [0, 100, 200]);
    }

    #[test]
    fn channels_stay_apart_and_the_same_size_is_a_copy() {
        let rgb = [10, 20, 30, 30, 40, 50];
        assert_eq!(resize_area(&rgb, 2, 1, 1, 1), [20, 30, 40]);
        assert_eq!(resize_area(&rgb, 2, 1, 2, 1), rgb);
        assert_eq!(resize_area(&[7, 8, 9], 1, 1, 8, 8), [7, 8, 9].repeat(64));
    }

    #[test]
    fn one_axis_may_grow_while_the_other_shrinks() {
        let long = resize_area(&grey(&[50; 2000]), 2000, 1, 16, 16);
        assert_eq!(long, grey(&[50; 256]));
    }

    #[test]
    fn every_byte_is_opencv_s() {
        // FNV-1a of what OpenCV 5.0.0 makes of the same noise.
        let cases = [
            ((37, 29), (16, 16), 0xabca_b9e0),
            ((37, 29), (40, 16), 0xcd90_91f0),
            ((64, 48), (16, 16), 0x3af6_26bf),
            ((5, 4), (16, 16), 0xeea5_c6ad),
        ];
        for ((width, height), (new_width, new_height), expected) in cases {
            let mut state = 7u32;
            let mut noise = || {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            };
            let rgb: Vec<u8> = (0..width * height * 3).map(|_| noise()).collect();
            let resized = resize_area(&rgb, width, height, new_width, new_height);
            let hash = resized
                .iter()
                .fold(0x811c_9dc5u32, |hash, &byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
            assert_eq!(hash, expected, "{width}×{height} to {new_width}×{new_height}");
        }
    }
}
