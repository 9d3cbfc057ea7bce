//! 3×3 convolution as one product: blocks of pixels are laid out as rows of nine taps (im2col) in a bounded scratch.

use maskov_kernels::conv2d_3x3_f16::Picture;

use crate::cpu::gemm::{part, part_mut, product, start_with_bias};
use maskov_parallel::for_row_blocks;

/// Values of im2col scratch per thread: 2 MiB, a core's second-level cache.
const SCRATCH: usize = 1 << 19;

/// Weights in the order that [`conv2d_3x3`] reads: from `[outputs, inputs, 3, 3]` to `[outputs, tap, inputs]`.
pub fn taps_first(weight: &[f32], inputs: usize) -> Vec<f32> {
    let mut ordered = Vec::with_capacity(weight.len());
    for weight in weight.chunks_exact(inputs * 9) {
        for tap in 0..9 {
            ordered.extend(weight.iter().skip(tap).step_by(9));
        }
    }
    ordered
}

/// The fast form of [`conv2d_3x3_cpu`](maskov_kernels::conv2d_3x3_f16::conv2d_3x3_cpu), with weights from
/// [`taps_first`].
pub fn conv2d_3x3(
    x: &[f32],
    weight: &[f32],
    bias: Option<&[f32]>,
    inputs: usize,
    picture: Picture,
    y: &mut [f32],
) {
    let k_len = 9 * inputs;
    let outputs = weight.len() / k_len;
    for_row_blocks(y, outputs, max_rows(k_len), |first, y| {
        let rows = y.len() / outputs;
        let mut columns = vec![0.0; rows * k_len];
        for (row, columns) in columns.chunks_exact_mut(k_len).enumerate() {
            gather_taps(x, inputs, picture, first + row, columns);
        }
        let beta = start_with_bias(y, bias);
        let weight = part(weight, outputs, k_len, k_len).reversed_axes();
        product(part(&columns, rows, k_len, k_len), weight, beta, part_mut(y, rows, outputs, outputs));
    });
}

fn max_rows(k_len: usize) -> usize {
    // Fewer rows would spend more on packing the weights than on multiplying by them.
    (SCRATCH / k_len).max(32)
}

/// The nine taps of one output pixel, one after the other; zeros outside the picture stay as they are.
fn gather_taps(x: &[f32], inputs: usize, picture: Picture, pixel: usize, columns: &mut [f32]) {
    let (row, column) = (pixel / picture.out_width(), pixel % picture.out_width());
    for (tap, values) in columns.chunks_exact_mut(inputs).enumerate() {
        let source_row = picture.source(row, tap / 3, picture.height);
        let source_column = picture.source(column, tap % 3, picture.width);
        if let (Some(source_row), Some(source_column)) = (source_row, source_column) {
            values.copy_from_slice(&x[(source_row * picture.width + source_column) * inputs..][..inputs]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use maskov_gpu::testing::{Seeded, Tolerance, assert_close};
    use maskov_kernels::conv2d_3x3_f16::conv2d_3x3_cpu;

    #[test]
    fn conv2d_3x3_matches_its_twin() {
        // height, width, inputs, outputs; the last is the embedded model's first layer at R = 32.
        for [height, width, inputs, outputs] in
            [[1, 1, 1, 1], [5, 7, 3, 2], [8, 6, 33, 31], [32, 32, 194, 96]]
        {
            for (stride, pad_before) in [(1, 1), (2, 1), (2, 0)] {
                let picture = Picture { height, width, stride, pad_before };
                let mut seeded = Seeded::new(4);
                let x = seeded.values(height * width * inputs);
                let (weight, bias) = (seeded.values(outputs * inputs * 9), seeded.values(outputs));
                let len = picture.out_height() * picture.out_width() * outputs;
                let (mut got, mut expected) = (vec![f32::NAN; len], vec![f32::NAN; len]);
                conv2d_3x3(&x, &taps_first(&weight, inputs), Some(&bias), inputs, picture, &mut got);
                conv2d_3x3_cpu(&x, &weight, Some(&bias), inputs, picture, &mut expected);
                let what = format!("{picture:?}, {inputs} → {outputs}");
                assert_close(&what, &got, &expected, Tolerance::products(9 * inputs, 1.0, 1.0));
            }
        }
    }

    #[test]
    fn a_picture_larger_than_the_scratch_is_cut_into_blocks() {
        let inputs = 640;
        let picture = Picture { height: 20, width: 20, stride: 1, pad_before: 1 };
        assert!(400 > 2 * max_rows(9 * inputs));
        let mut seeded = Seeded::new(5);
        let (x, weight) = (seeded.values(400 * inputs), seeded.values(9 * inputs));
        let (mut got, mut expected) = (vec![f32::NAN; 400], vec![f32::NAN; 400]);
        conv2d_3x3(&x, &taps_first(&weight, inputs), None, inputs, picture, &mut got);
        conv2d_3x3_cpu(&x, &weight, None, inputs, picture, &mut expected);
        assert_close("blocks", &got, &expected, Tolerance::products(9 * inputs, 1.0, 1.0));
    }
}
