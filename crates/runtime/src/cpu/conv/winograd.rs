//! 3×3 convolution with 4 instead of 9 products a pixel and pair of channels: Winograd's F(2×2, 3×3) of Lavin and Gray, "Fast
//! Algorithms for Convolutional Neural Networks" (CVPR 2016).
//!
//! Squares of 4×4 pixels that overlap by 2 are transformed, `Bᵀ d B`; in each of the 16 places they are multiplied by the
//! transformed weights, `G g Gᵀ`; `Aᵀ m A` of the products are 2×2 pixels. All factors are 0, ±1 and ½, so little is rounded.

use std::array;

use maskov_kernels::conv2d_3x3_f16::Picture;
use maskov_parallel::{for_each_run, threads};

use crate::cpu::gemm::{part, part_mut, product};

/// Places of a transformed square.
const PLACES: usize = 16;

/// Pixels along a side of what a square gives.
const STEP: usize = 2;

/// Channels that are transformed together.
const LANES: usize = 8;

/// Squares of one product: fewer would spend more on packing the weights than on multiplying by them, and more of them leave
/// the cache between transform and product.
const MAX_SQUARES: usize = 256;

type Lanes = [f32; LANES];

/// Weights as [`conv2d_3x3`] reads them: from `[outputs, inputs, 3, 3]` to `[place, inputs, outputs]`.
pub fn transformed_weights(weight: &[f32], inputs: usize) -> Vec<f32> {
    let outputs = weight.len() / (inputs * 9);
    let mut transformed = vec![0.0; PLACES * inputs * outputs];
    for (index, g) in weight.as_chunks::<9>().0.iter().enumerate() {
        let (output, input) = (index / inputs, index % inputs);
        let along = |a: f32, b: f32, c: f32| [a, (a + b + c) / 2.0, (a - b + c) / 2.0, c];
        let columns: [[f32; 4]; 3] = array::from_fn(|x| along(g[x], g[3 + x], g[6 + x]));
        for y in 0..4 {
            for (x, value) in along(columns[0][y], columns[1][y], columns[2][y]).into_iter().enumerate() {
                transformed[((y * 4 + x) * inputs + input) * outputs + output] = value;
            }
        }
    }
    transformed
}

/// The fast form of [`conv2d_3x3_cpu`](maskov_kernels::conv2d_3x3_f16::conv2d_3x3_cpu) at a stride of 1
/// with zeros around, with weights from [`transformed_weights`].
pub fn conv2d_3x3(
    x: &[f32],
    weight: &[f32],
    bias: Option<&[f32]>,
    inputs: usize,
    picture: Picture,
    y: &mut [f32],
) {
    let outputs = weight.len() / (PLACES * inputs);
    let row_len = picture.width * outputs;
    let across = picture.width.div_ceil(STEP);
    let squares_down = picture.height.div_ceil(STEP).div_ceil(threads()).min(MAX_SQUARES.div_ceil(across));
    for_each_run(y, squares_down * STEP * row_len, |first, y| {
        let (first_row, rows) = (first / row_len, y.len() / row_len);
        let squares = rows.div_ceil(STEP) * across;
        let corner = |square: usize| [square / across * STEP, square % across * STEP];
        let mut transformed = vec![0.0; PLACES * squares * inputs];
        for square in 0..squares {
            let [top, left] = corner(square);
            let into = &mut transformed[square * inputs..];
            transform_square(x, inputs, picture, [first_row + top, left], squares * inputs, into);
        }
        let mut products = vec![0.0; PLACES * squares * outputs];
        for (place, products) in products.chunks_exact_mut(squares * outputs).enumerate() {
            let transformed = part(&transformed[place * squares * inputs..], squares, inputs, inputs);
            let weight = part(&weight[place * inputs * outputs..], inputs, outputs, outputs);
            product(transformed, weight, 0.0, part_mut(products, squares, outputs, outputs));
        }
        for square in 0..squares {
            let [top, left] = corner(square);
            let inside = [STEP.min(rows - top), STEP.min(picture.width - left)];
            let into = &mut y[top * row_len + left * outputs..];
            finish_square(
                &products[square * outputs..],
                squares * outputs,
                bias,
                inside,
                [row_len, outputs],
                into,
            );
        }
    });
}

/// `Bᵀ d B` of the 4×4 pixels about the 2×2 at `corner`; places lie `stride` values apart.
fn transform_square(
    x: &[f32],
    inputs: usize,
    picture: Picture,
    [top, left]: [usize; 2],
    stride: usize,
    into: &mut [f32],
) {
    let along = |d: [Lanes; 4]| [sub(d[0], d[2]), add(d[1], d[2]), sub(d[2], d[1]), sub(d[1], d[3])];
    // By one larger, so that a row above the picture is no negative one.
    let is_inside = |row: usize, column: usize| {
        (1..=picture.height).contains(&row) && (1..=picture.width).contains(&column)
    };
    for channel in (0..inputs).step_by(LANES) {
        let lanes = LANES.min(inputs - channel);
        let pixel = |row: usize, column: usize| {
            if !is_inside(row, column) {
                return [0.0; LANES];
            }
            load(&x[((row - 1) * picture.width + column - 1) * inputs + channel..], lanes)
        };
        let columns: [[Lanes; 4]; 4] =
            array::from_fn(|column| along(array::from_fn(|row| pixel(top + row, left + column))));
        for row in 0..4 {
            for (column, values) in along(array::from_fn(|column| columns[column][row])).iter().enumerate() {
                store(*values, &mut into[(row * 4 + column) * stride + channel..], lanes);
            }
        }
    }
}

/// `Aᵀ m A` and the bias, for as many rows and columns of the 2×2 pixels as are `inside`; places lie `stride` values apart.
fn finish_square(
    products: &[f32],
    stride: usize,
    bias: Option<&[f32]>,
    inside: [usize; 2],
    [row_len, outputs]: [usize; 2],
    into: &mut [f32],
) {
    let along = |m: [Lanes; 4]| [add(add(m[0], m[1]), m[2]), sub(sub(m[1], m[2]), m[3])];
    for channel in (0..outputs).step_by(LANES) {
        let lanes = LANES.min(outputs - channel);
        let bias = bias.map_or([0.0; LANES], |bias| load(&bias[channel..], lanes));
        let place =
            |row: usize, column: usize| load(&products[(row * 4 + column) * stride + channel..], lanes);
        let columns: [[Lanes; STEP]; 4] =
            array::from_fn(|column| along(array::from_fn(|row| place(row, column))));
        for row in 0..inside[0] {
            let pixels = along(array::from_fn(|column| columns[column][row]));
            for (column, pixel) in pixels.iter().enumerate().take(inside[1]) {
                store(add(*pixel, bias), &mut into[row * row_len + column * outputs + channel..], lanes);
            }
        }
    }
}

fn add(a: Lanes, b: Lanes) -> Lanes {
    array::from_fn(|lane| a[lane] + b[lane])
}

fn sub(a: Lanes, b: Lanes) -> Lanes {
    array::from_fn(|lane| a[lane] - b[lane])
}

/// The first `lanes` values, and zeros.
fn load(values: &[f32], lanes: usize) -> Lanes {
    match values.first_chunk() {
        Some(whole) if lanes == LANES => *whole,
        _ => array::from_fn(|lane| if lane < lanes { values[lane] } else { 0.0 }),
    }
}

fn store(values: Lanes, into: &mut [f32], lanes: usize) {
    match into.first_chunk_mut() {
        Some(whole) if lanes == LANES => *whole = values,
        _ => into[..lanes].copy_from_slice(&values[..lanes]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use maskov_gpu::testing::{Seeded, Tolerance, assert_close};
    use maskov_kernels::conv2d_3x3_f16::conv2d_3x3_cpu;

    #[test]
    fn conv2d_3x3_matches_its_twin() {
        // Odd sizes, channels that fill no lanes, more squares than one product takes, the embedded model's first layer at R = 32.
        for [height, width, inputs, outputs] in
            [[1, 1, 16, 16], [5, 7, 33, 18], [2, 9, 16, 31], [70, 41, 24, 16], [32, 32, 194, 96]]
        {
            let picture = Picture { height, width, stride: 1, pad_before: 1 };
            let mut seeded = Seeded::new(4);
            let x = seeded.values(height * width * inputs);
            let (weight, bias) = (seeded.values(outputs * inputs * 9), seeded.values(outputs));
            for bias in [None, Some(&bias[..])] {
                let len = height * width * outputs;
                let (mut got, mut expected) = (vec![f32::NAN; len], vec![f32::NAN; len]);
                conv2d_3x3(&x, &transformed_weights(&weight, inputs), bias, inputs, picture, &mut got);
                conv2d_3x3_cpu(&x, &weight, bias, inputs, picture, &mut expected);
                let what = format!("{height} × {width}, {inputs} → {outputs}");
                // Values of a square are sums of up to four pixels.
                assert_close(&what, &got, &expected, Tolerance::products(9 * inputs, 4.0, 1.0));
            }
        }
    }
}
