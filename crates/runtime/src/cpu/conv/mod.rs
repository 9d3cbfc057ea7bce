//! 3×3 convolution: which form computes it, and in what order that one reads its weights.

mod im2col;
mod winograd;

use maskov_kernels::conv2d_3x3_f16::Picture;

use self::winograd::{By2, By4};

/// Input and output channels below which Winograd's transforms weigh more than the products that they save.
const FEW_CHANNELS: usize = 16;

/// Pixels from which F(4×4, 3×3) has enough squares for its products.
const MANY_PIXELS: usize = 1024;

/// Pairs of channels up to which the weights of F(4×4, 3×3), four times as many, are worth their memory: 20 MB.
const FEW_WEIGHTS: usize = 1 << 17;

/// A 3×3 convolution.
#[derive(Clone, Copy, Debug)]
pub struct Convolution {
    pub picture: Picture,
    pub inputs: usize,
    pub outputs: usize,
}

/// The ways to compute one.
#[derive(Debug, PartialEq)]
enum Form {
    Im2col,
    WinogradBy2,
    WinogradBy4,
}

impl Convolution {
    /// Weights `[outputs, inputs, 3, 3]` in the order in which [`Self::compute`] reads them.
    pub fn order_weights(&self, weight: &[f32]) -> Vec<f32> {
        let order = match self.form() {
            Form::Im2col => im2col::taps_first,
            Form::WinogradBy2 => winograd::transformed_weights::<By2, 4, 2>,
            Form::WinogradBy4 => winograd::transformed_weights::<By4, 6, 4>,
        };
        order(weight, self.inputs)
    }

    /// The fast form of [`conv2d_3x3_cpu`](maskov_kernels::conv2d_3x3_f16::conv2d_3x3_cpu).
    pub fn compute(&self, x: &[f32], weight: &[f32], bias: Option<&[f32]>, y: &mut [f32]) {
        let compute = match self.form() {
            Form::Im2col => im2col::conv2d_3x3,
            Form::WinogradBy2 => winograd::conv2d_3x3::<By2, 4, 2>,
            Form::WinogradBy4 => winograd::conv2d_3x3::<By4, 6, 4>,
        };
        compute(x, weight, bias, self.inputs, self.picture, y);
    }

    fn form(&self) -> Form {
        let Picture { height, width, stride, pad_before } = self.picture;
        if (stride, pad_before) != (1, 1) || self.inputs.min(self.outputs) < FEW_CHANNELS {
            Form::Im2col
        } else if height * width >= MANY_PIXELS && self.inputs * self.outputs <= FEW_WEIGHTS {
            Form::WinogradBy4
        } else {
            Form::WinogradBy2
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use maskov_gpu::testing::{Seeded, Tolerance, assert_close};
    use maskov_kernels::conv2d_3x3_f16::conv2d_3x3_cpu;

    #[test]
    fn every_form_matches_the_twin() {
        for (side, stride, pad_before, channels, form) in [
            (9, 1, 1, [40, 24], Form::WinogradBy2),
            (32, 1, 1, [40, 24], Form::WinogradBy4),
            (32, 1, 1, [4, 40], Form::Im2col),
            (32, 1, 1, [40, 4], Form::Im2col),
            (9, 2, 1, [40, 24], Form::Im2col),
            (9, 2, 0, [40, 24], Form::Im2col),
        ] {
            let picture = Picture { height: side, width: side + 1, stride, pad_before };
            let [inputs, outputs] = channels;
            let convolution = Convolution { picture, inputs, outputs };
            assert_eq!(convolution.form(), form, "{convolution:?}");
            let mut seeded = Seeded::new(4);
            let x = seeded.values(picture.height * picture.width * inputs);
            let (weight, bias) = (seeded.values(outputs * inputs * 9), seeded.values(outputs));
            let len = picture.out_height() * picture.out_width() * outputs;
            let (mut got, mut expected) = (vec![f32::NAN; len], vec![f32::NAN; len]);
            convolution.compute(&x, &convolution.order_weights(&weight), Some(&bias), &mut got);
            conv2d_3x3_cpu(&x, &weight, Some(&bias), inputs, picture, &mut expected);
            assert_close(&format!("{form:?}"), &got, &expected, Tolerance::products(9 * inputs, 4.0, 1.0));
        }
        let picture = Picture { height: 64, width: 64, stride: 1, pad_before: 1 };
        assert_eq!(Convolution { picture, inputs: 640, outputs: 640 }.form(), Form::WinogradBy2);
    }
}
