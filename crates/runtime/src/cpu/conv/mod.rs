//! 3×3 convolution: which form computes it, and in what order that one reads its weights.

mod im2col;
mod winograd;

use maskov_kernels::conv2d_3x3_f16::Picture;

/// Input and output channels below which Winograd's transforms weigh more than the products that they save.
const FEW_CHANNELS: usize = 16;

/// A 3×3 convolution.
#[derive(Clone, Copy, Debug)]
pub struct Convolution {
    pub picture: Picture,
    pub inputs: usize,
    pub outputs: usize,
}

impl Convolution {
    /// Weights `[outputs, inputs, 3, 3]` in the order in which [`Self::compute`] reads them.
    pub fn order_weights(&self, weight: &[f32]) -> Vec<f32> {
        if self.is_winograd() {
            winograd::transformed_weights(weight, self.inputs)
        } else {
            im2col::taps_first(weight, self.inputs)
        }
    }

    /// The fast form of [`conv2d_3x3_cpu`](maskov_kernels::conv2d_3x3_f16::conv2d_3x3_cpu).
    pub fn compute(&self, x: &[f32], weight: &[f32], bias: Option<&[f32]>, y: &mut [f32]) {
        let form = if self.is_winograd() { winograd::conv2d_3x3 } else { im2col::conv2d_3x3 };
        form(x, weight, bias, self.inputs, self.picture, y);
    }

    fn is_winograd(&self) -> bool {
        let Picture { stride, pad_before, .. } = self.picture;
        (stride, pad_before) == (1, 1) && self.inputs.min(self.outputs) >= FEW_CHANNELS
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use maskov_gpu::testing::{Seeded, Tolerance, assert_close};
    use maskov_kernels::conv2d_3x3_f16::conv2d_3x3_cpu;

    #[test]
    fn every_convolution_matches_its_twin() {
        for (stride, pad_before) in [(1, 1), (2, 1), (2, 0)] {
            for [inputs, outputs] in [[4, 40], [40, 4], [40, 24]] {
                let picture = Picture { height: 9, width: 12, stride, pad_before };
                let convolution = Convolution { picture, inputs, outputs };
                let mut seeded = Seeded::new(4);
                let x = seeded.values(picture.height * picture.width * inputs);
                let (weight, bias) = (seeded.values(outputs * inputs * 9), seeded.values(outputs));
                let len = picture.out_height() * picture.out_width() * outputs;
                let (mut got, mut expected) = (vec![f32::NAN; len], vec![f32::NAN; len]);
                convolution.compute(&x, &convolution.order_weights(&weight), Some(&bias), &mut got);
                conv2d_3x3_cpu(&x, &weight, Some(&bias), inputs, picture, &mut expected);
                // The values that Winograd multiplies are sums of up to four.
                assert_close(
                    &format!("{convolution:?}"),
                    &got,
                    &expected,
                    Tolerance::products(9 * inputs, 4.0, 1.0),
                );
            }
        }
    }
}
