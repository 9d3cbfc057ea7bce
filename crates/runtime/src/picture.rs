//! What a convolution of the list reads, in the kernels' words.

use maskov_graph::{Padding, Shape};
use maskov_kernels::conv2d_3x3_f16::Picture;

/// The picture of a 3×3 convolution.
pub(crate) fn picture(input: Shape, stride: usize, padding: Padding) -> Picture {
    let pad_before = match padding {
        Padding::Same => 1,
        Padding::RightBottom => 0,
    };
    Picture { height: input.height, width: input.width, stride, pad_before }
}
