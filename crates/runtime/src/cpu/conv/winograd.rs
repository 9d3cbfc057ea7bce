//! 3×3 convolution with fewer products than 9 a pixel and pair of channels: Winograd's F(2×2, 3×3), 4 of them, and F(4×4, 3×3),
//! 2.25, of Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (CVPR 2016).
//!
//! Squares of pixels that overlap by 2 are transformed, `Bᵀ d B`; in each of their places they are multiplied by the transformed
//! weights, `G g Gᵀ`; `Aᵀ m A` of the products are the pixels in the square's middle.

use std::array;
use std::ops::{Add, Mul, Sub};

use maskov_kernels::conv2d_3x3_f16::Picture;
use maskov_parallel::{for_each_run, threads};

use crate::cpu::gemm::{part, part_mut, product};

/// Squares of one product: fewer would spend more on packing the weights than on multiplying by them, and more of them leave
/// the cache between transform and product.
const MAX_SQUARES: usize = 256;

/// The transforms of squares with `SIDE` places along a side, which give `STEP` pixels along a side.
pub trait Transforms<const SIDE: usize, const STEP: usize> {
    /// `Bᵀ d`
    fn of_pixels(d: [Lanes; SIDE]) -> [Lanes; SIDE];
    /// `G g`
    fn of_weights(g: [f32; 3]) -> [f32; SIDE];
    /// `Aᵀ m`
    fn to_pixels(m: [Lanes; SIDE]) -> [Lanes; STEP];
}

/// F(2×2, 3×3). All factors are 0, ±1 and ½, so little is rounded.
pub struct By2;

impl Transforms<4, 2> for By2 {
    fn of_pixels(d: [Lanes; 4]) -> [Lanes; 4] {
        [d[0] - d[2], d[1] + d[2], d[2] - d[1], d[1] - d[3]]
    }

    fn of_weights([a, b, c]: [f32; 3]) -> [f32; 4] {
        [a, (a + b + c) / 2.0, (a - b + c) / 2.0, c]
    }

    fn to_pixels(m: [Lanes; 4]) -> [Lanes; 2] {
        [m[0] + m[1] + m[2], m[1] - m[2] - m[3]]
    }
}

/// F(4×4, 3×3): fewer products, four times as many weights.
pub struct By4;

impl Transforms<6, 4> for By4 {
    fn of_pixels(d: [Lanes; 6]) -> [Lanes; 6] {
        let (even, odd) = (d[4] - d[2] * 4.0, d[3] - d[1] * 4.0);
        let (near, far) = (d[4] - d[2], (d[3] - d[1]) * 2.0);
        [
            d[0] * 4.0 - d[2] * 5.0 + d[4],
            even + odd,
            even - odd,
            near + far,
            near - far,
            d[1] * 4.0 - d[3] * 5.0 + d[5],
        ]
    }

    fn of_weights([a, b, c]: [f32; 3]) -> [f32; 6] {
        let (ends, quarters) = ((a + c) / -6.0, a / 24.0 + c / 6.0);
        [a / 4.0, ends - b / 6.0, ends + b / 6.0, quarters + b / 12.0, quarters - b / 12.0, c]
    }

    fn to_pixels(m: [Lanes; 6]) -> [Lanes; 4] {
        let (sum, difference) = (m[1] + m[2], m[1] - m[2]);
        let (far_sum, far_difference) = (m[3] + m[4], m[3] - m[4]);
        [
            m[0] + sum + far_sum,
            difference + far_difference * 2.0,
            sum + far_sum * 4.0,
            difference + far_difference * 8.0 + m[5],
        ]
    }
}

/// Weights as [`conv2d_3x3`] reads them: from `[outputs, inputs, 3, 3]` to `[place, inputs, outputs]`.
pub fn transformed_weights<T: Transforms<SIDE, STEP>, const SIDE: usize, const STEP: usize>(
    weight: &[f32],
    inputs: usize,
) -> Vec<f32> {
    let outputs = weight.len() / (inputs * 9);
    let mut transformed = vec![0.0; SIDE * SIDE * inputs * outputs];
    for (index, g) in weight.as_chunks::<9>().0.iter().enumerate() {
        let (output, input) = (index / inputs, index % inputs);
        let columns: [_; 3] = array::from_fn(|x| T::of_weights([g[x], g[3 + x], g[6 + x]]));
        for y in 0..SIDE {
            for (x, value) in T::of_weights(columns.map(|column| column[y])).into_iter().enumerate() {
                transformed[((y * SIDE + x) * inputs + input) * outputs + output] = value;
            }
        }
    }
    transformed
}

/// The fast form of [`conv2d_3x3_cpu`](maskov_kernels::conv2d_3x3_f16::conv2d_3x3_cpu) at a stride of 1 with zeros around, with
/// weights from [`transformed_weights`].
pub fn conv2d_3x3<T: Transforms<SIDE, STEP>, const SIDE: usize, const STEP: usize>(
    x: &[f32],
    weight: &[f32],
    bias: Option<&[f32]>,
    inputs: usize,
    picture: Picture,
    y: &mut [f32],
) {
    let places = SIDE * SIDE;
    let outputs = weight.len() / (places * inputs);
    let row_len = picture.width * outputs;
    let across = picture.width.div_ceil(STEP);
    let squares_down = picture.height.div_ceil(STEP).div_ceil(threads()).min(MAX_SQUARES.div_ceil(across));
    for_each_run(y, squares_down * STEP * row_len, |first, y| {
        let (first_row, rows) = (first / row_len, y.len() / row_len);
        let squares = rows.div_ceil(STEP) * across;
        let corner = |square: usize| [square / across * STEP, square % across * STEP];
        let mut transformed = vec![0.0; places * squares * inputs];
        for square in 0..squares {
            let [top, left] = corner(square);
            let (corner, into) = ([first_row + top, left], &mut transformed[square * inputs..]);
            transform_square::<T, SIDE, STEP>(x, inputs, picture, corner, squares * inputs, into);
        }
        let mut products = vec![0.0; places * squares * outputs];
        for (place, products) in products.chunks_exact_mut(squares * outputs).enumerate() {
            let transformed = part(&transformed[place * squares * inputs..], squares, inputs, inputs);
            let weight = part(&weight[place * inputs * outputs..], inputs, outputs, outputs);
            product(transformed, weight, 0.0, part_mut(products, squares, outputs, outputs));
        }
        for square in 0..squares {
            let [top, left] = corner(square);
            let inside = [STEP.min(rows - top), STEP.min(picture.width - left)];
            let (products, into) = (&products[square * outputs..], &mut y[top * row_len + left * outputs..]);
            let (stride, extent) = (squares * outputs, [row_len, outputs]);
            finish_square::<T, SIDE, STEP>(products, stride, bias, inside, extent, into);
        }
    });
}

/// `Bᵀ d B` of the pixels about the `STEP`×`STEP` at `corner`; places lie `stride` values apart.
fn transform_square<T: Transforms<SIDE, STEP>, const SIDE: usize, const STEP: usize>(
    x: &[f32],
    inputs: usize,
    picture: Picture,
    [top, left]: [usize; 2],
    stride: usize,
    into: &mut [f32],
) {
    // By one larger, so that a row above the picture is no negative one.
    let is_inside = |row: usize, column: usize| {
        (1..=picture.height).contains(&row) && (1..=picture.width).contains(&column)
    };
    for channel in (0..inputs).step_by(LANES) {
        let lanes = LANES.min(inputs - channel);
        let pixel = |row: usize, column: usize| {
            if !is_inside(row, column) {
                return Lanes::ZERO;
            }
            Lanes::load(&x[((row - 1) * picture.width + column - 1) * inputs + channel..], lanes)
        };
        let columns: [_; SIDE] =
            array::from_fn(|column| T::of_pixels(array::from_fn(|row| pixel(top + row, left + column))));
        for row in 0..SIDE {
            for (column, values) in T::of_pixels(columns.map(|column| column[row])).iter().enumerate() {
                values.store(&mut into[(row * SIDE + column) * stride + channel..], lanes);
            }
        }
    }
}

/// `Aᵀ m A` and the bias, for as many rows and columns of the pixels as are `inside`; places lie `stride` values apart.
fn finish_square<T: Transforms<SIDE, STEP>, const SIDE: usize, const STEP: usize>(
    products: &[f32],
    stride: usize,
    bias: Option<&[f32]>,
    inside: [usize; 2],
    [row_len, outputs]: [usize; 2],
    into: &mut [f32],
) {
    for channel in (0..outputs).step_by(LANES) {
        let lanes = LANES.min(outputs - channel);
        let bias = bias.map_or(Lanes::ZERO, |bias| Lanes::load(&bias[channel..], lanes));
        let place = |row: usize, column: usize| {
            Lanes::load(&products[(row * SIDE + column) * stride + channel..], lanes)
        };
        let columns: [_; SIDE] =
            array::from_fn(|column| T::to_pixels(array::from_fn(|row| place(row, column))));
        for row in 0..inside[0] {
            let pixels = T::to_pixels(columns.map(|column| column[row]));
            for (column, pixel) in pixels.iter().enumerate().take(inside[1]) {
                (*pixel + bias).store(&mut into[row * row_len + column * outputs + channel..], lanes);
            }
        }
    }
}

/// Channels that are transformed together.
const LANES: usize = 8;

/// One value of each.
#[derive(Clone, Copy)]
pub struct Lanes([f32; LANES]);

impl Lanes {
    const ZERO: Self = Self([0.0; LANES]);

    /// The first `lanes` values, and zeros.
    fn load(values: &[f32], lanes: usize) -> Self {
        match values.first_chunk() {
            Some(whole) if lanes == LANES => Self(*whole),
            _ => Self(array::from_fn(|lane| if lane < lanes { values[lane] } else { 0.0 })),
        }
    }

    fn store(self, into: &mut [f32], lanes: usize) {
        match into.first_chunk_mut() {
            Some(whole) if lanes == LANES => *whole = self.0,
            _ => into[..lanes].copy_from_slice(&self.0[..lanes]),
        }
    }
}

impl Add for Lanes {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(array::from_fn(|lane| self.0[lane] + other.0[lane]))
    }
}

impl Sub for Lanes {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(array::from_fn(|lane| self.0[lane] - other.0[lane]))
    }
}

impl Mul<f32> for Lanes {
    type Output = Self;

    fn mul(self, factor: f32) -> Self {
        Self(self.0.map(|value| value * factor))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use maskov_gpu::testing::{Seeded, Tolerance, assert_close};
    use maskov_kernels::conv2d_3x3_f16::conv2d_3x3_cpu;

    fn check<T: Transforms<SIDE, STEP>, const SIDE: usize, const STEP: usize>(largest: f32) {
        // Odd sizes, channels that fill no lanes, more squares than one product takes, the embedded model's first layer at R = 32.
        for [height, width, inputs, outputs] in
            [[1, 1, 16, 16], [5, 7, 33, 18], [2, 9, 16, 31], [70, 81, 24, 16], [32, 32, 194, 96]]
        {
            let picture = Picture { height, width, stride: 1, pad_before: 1 };
            let mut seeded = Seeded::new(4);
            let x = seeded.values(height * width * inputs);
            let (weight, bias) = (seeded.values(outputs * inputs * 9), seeded.values(outputs));
            for bias in [None, Some(&bias[..])] {
                let len = height * width * outputs;
                let (mut got, mut expected) = (vec![f32::NAN; len], vec![f32::NAN; len]);
                let transformed = transformed_weights::<T, SIDE, STEP>(&weight, inputs);
                conv2d_3x3::<T, SIDE, STEP>(&x, &transformed, bias, inputs, picture, &mut got);
                conv2d_3x3_cpu(&x, &weight, bias, inputs, picture, &mut expected);
                let what = format!("{height} × {width}, {inputs} → {outputs}, by {STEP}");
                assert_close(&what, &got, &expected, Tolerance::products(9 * inputs, largest, 1.0));
            }
        }
    }

    #[test]
    fn conv2d_3x3_matches_its_twin() {
        // What is multiplied are sums of up to four pixels, and of up to a hundred times a pixel, most of which cancel.
        check::<By2, 4, 2>(1.0);
        check::<By4, 6, 4>(4.0);
    }
}
