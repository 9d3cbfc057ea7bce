//! Products with a [`Matrix`] of any format: each goes to the kernel of that format.

use maskov_gpu::{Buffer, Pass, Result};

use crate::matrix::{Format, Matrix};
use crate::{conv2d_3x3_f16, conv2d_3x3_q4, conv2d_3x3_q8, linear_f16, linear_q4, linear_q8};

/// `y = x · Wᵀ + b` with the kernel of the matrix's format; `x` is `[rows, inputs]`, `bias` `[outputs]`, `y`
/// `[rows, outputs]`.
pub fn linear(
    pass: &mut Pass<'_>,
    x: &Buffer,
    matrix: &Matrix,
    bias: &Buffer,
    rows: usize,
    y: &Buffer,
) -> Result<()> {
    match matrix.format {
        Format::F16 => linear_f16::linear_f16(pass, x, matrix, bias, rows, y),
        Format::Q8 => linear_q8::linear_q8(pass, x, matrix, bias, rows, y),
        Format::Q4 => linear_q4::linear_q4(pass, x, matrix, bias, rows, y),
    }
}

/// A part of a 3×3 convolution with the kernel of the matrix's format; see [`conv2d_3x3_f16`].
pub fn conv2d_3x3(
    pass: &mut Pass<'_>,
    x: &Buffer,
    matrix: &Matrix,
    bias: &Buffer,
    picture: conv2d_3x3_f16::Picture,
    window: &conv2d_3x3_f16::Window,
    y: &Buffer,
) -> Result<()> {
    match matrix.format {
        Format::F16 => conv2d_3x3_f16::conv2d_3x3_f16(pass, x, matrix, bias, picture, window, y),
        Format::Q8 => conv2d_3x3_q8::conv2d_3x3_q8(pass, x, matrix, bias, picture, window, y),
        Format::Q4 => conv2d_3x3_q4::conv2d_3x3_q4(pass, x, matrix, bias, picture, window, y),
    }
}
