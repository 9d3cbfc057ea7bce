//! 3×3 convolution with f16 weights and f32 arithmetic, stride 1 or 2.
//!
//! | tensor | shape | layout |
//! |---|---|---|
//! | x | `[height, width, inputs]` | f32, channels-last |
//! | W | `[outputs, inputs, 3, 3]` | [`Matrix`](crate::matrix::Matrix) of nine taps |
//! | b | `[outputs]` | f32 |
//! | y | `[out_height, out_width, outputs]` | f32, channels-last |

/// The picture that a 3×3 convolution reads, and how it steps over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Rows of the input.
    pub height: usize,
    /// Columns of the input.
    pub width: usize,
    /// 1 or 2.
    pub stride: usize,
    /// Zeros before the first row and column: 1, or 0 for the VAE encoder's downsampling. After the last row and
    /// column there is always one.
    pub pad_before: usize,
}

impl Picture {
    /// Rows of the output.
    pub fn out_height(&self) -> usize {
        self.out(self.height)
    }

    /// Columns of the output.
    pub fn out_width(&self) -> usize {
        self.out(self.width)
    }

    fn out(&self, len: usize) -> usize {
        (len + self.pad_before + 1).saturating_sub(3) / self.stride + 1
    }

    /// The input coordinate that an output coordinate meets at a tap of 0, 1 or 2; `None` on the zeros around.
    pub fn source(&self, out: usize, tap: usize, len: usize) -> Option<usize> {
        (out * self.stride + tap)
            .checked_sub(self.pad_before)
            .filter(|&at| at < len)
    }
}

/// What the kernel means: `weight` is `[outputs, inputs, 3, 3]`, `y` is filled.
pub fn conv2d_3x3_cpu(
    x: &[f32],
    weight: &[f32],
    bias: Option<&[f32]>,
    inputs: usize,
    picture: Picture,
    y: &mut [f32],
) {
    let outputs = weight.len() / (inputs * 9);
    for (pixel, y) in y.chunks_exact_mut(outputs).enumerate() {
        let (row, column) = (pixel / picture.out_width(), pixel % picture.out_width());
        for (o, y) in y.iter_mut().enumerate() {
            *y = bias.map_or(0.0, |bias| bias[o]);
            for (ky, kx) in (0..9).map(|tap| (tap / 3, tap % 3)) {
                let source_row = picture.source(row, ky, picture.height);
                let source_column = picture.source(column, kx, picture.width);
                if let (Some(source_row), Some(source_column)) = (source_row, source_column) {
                    let x = &x[(source_row * picture.width + source_column) * inputs..][..inputs];
                    let weight = weight[o * inputs * 9..].iter().skip(ky * 3 + kx).step_by(9);
                    *y += x.iter().zip(weight).map(|(x, w)| x * w).sum::<f32>();
                }
            }
        }
    }
}
