//! 3×3 convolution with f16 weights and f32 arithmetic, stride 1 or 2.
//!
//! | tensor | shape | layout |
//! |---|---|---|
//! | x | `[height, width, inputs]` | f32, channels-last |
//! | W | `[outputs, inputs, 3, 3]` | [`Matrix`] of nine taps |
//! | b | `[outputs]` | f32 |
//! | y | `[out_height, out_width, outputs]` | f32, channels-last |

use bytemuck::{Pod, Zeroable};
use std::ops::Range;

use maskov_gpu::{Bind, Buffer, GpuError, Kernel, Pass, Result};

use crate::matmul_tile::Tiles;
use crate::matrix::{Format, Matrix};

/// Register-tiled implicit product: up to 64 pixels × 64 outputs per workgroup, no im2col buffer.
pub static KERNEL: Kernel = Kernel {
    name: "conv2d_3x3_f16",
    wgsl: wgsl!("common/matmul_tile", "common/weights_f16", "common/conv2d_3x3", "conv2d_3x3_f16"),
    binds: &[Bind::Uniform, Bind::Read, Bind::Read, Bind::Read, Bind::ReadWrite],
    workgroup: [8, 8, 1],
};

/// Must match `struct Params` in shaders/common/conv2d_3x3.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Params {
    rows: u32,
    inputs: u32,
    outputs: u32,
    padded_inputs: u32,
    steps: u32,
    splits: u32,
    height: u32,
    width: u32,
    out_width: u32,
    stride: u32,
    pad_top: u32,
    pad_left: u32,
}

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
        (out * self.stride + tap).checked_sub(self.pad_before).filter(|&at| at < len)
    }
}

/// A part of a convolution: rows of the output, and the rows of the picture that `x` holds for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// Rows of the output that are made.
    pub out: Range<usize>,
    /// Rows of the picture in `x`: all that [`Window::needs`] says, and more where that is at hand.
    pub source: Range<usize>,
}

impl Window {
    /// The whole convolution.
    pub fn whole(picture: Picture) -> Self {
        Self { out: 0..picture.out_height(), source: 0..picture.height }
    }

    /// The rows of the picture that these rows of the output are made of.
    pub fn needs(picture: Picture, out: &Range<usize>) -> Range<usize> {
        let first = (out.start * picture.stride).saturating_sub(picture.pad_before);
        let last = ((out.end - 1) * picture.stride + 3).saturating_sub(picture.pad_before);
        first..last.min(picture.height)
    }

    fn holds_what_it_needs(&self, picture: Picture) -> bool {
        let needs = Self::needs(picture, &self.out);
        !self.out.is_empty()
            && self.out.end <= picture.out_height()
            && self.source.end <= picture.height
            && self.source.start <= needs.start
            && needs.end <= self.source.end
    }
}

/// Records the convolution, or a part of it. Errors: [`GpuError::Shape`] where buffers are too short or the matrix is not f16 and of nine
/// taps.
pub fn conv2d_3x3_f16(
    pass: &mut Pass<'_>,
    x: &Buffer,
    matrix: &Matrix,
    bias: &Buffer,
    picture: Picture,
    window: &Window,
    y: &Buffer,
) -> Result<()> {
    record(pass, &KERNEL, Format::F16, x, matrix, bias, picture, window, y)
}

/// The convolutions differ in how they read a weight, not in how they are dispatched.
pub(crate) fn record(
    pass: &mut Pass<'_>,
    kernel: &'static Kernel,
    format: Format,
    x: &Buffer,
    matrix: &Matrix,
    bias: &Buffer,
    picture: Picture,
    window: &Window,
    y: &Buffer,
) -> Result<()> {
    let rows = window.out.len() * picture.out_width();
    let fits = matrix.format == format
        && matrix.taps == 9
        && window.holds_what_it_needs(picture)
        && x.len() >= window.source.len() * picture.width * matrix.inputs
        && bias.len() >= matrix.outputs
        && y.len() >= rows * matrix.outputs;
    if !fits {
        let (x, y, Matrix { inputs, outputs, taps, format, .. }) = (x.len(), y.len(), matrix);
        let reason = format!(
            "x of {x} and y of {y} words for {window:?} of {picture:?}, {inputs} inputs, {outputs} outputs, {taps} taps, {format:?}"
        );
        return Err(GpuError::Shape { kernel: kernel.name, reason });
    }
    let tiles = Tiles::of(rows, matrix);
    let params = Params {
        rows: rows as u32,
        inputs: matrix.inputs as u32,
        outputs: matrix.outputs as u32,
        padded_inputs: matrix.padded_inputs() as u32,
        steps: tiles.steps as u32,
        splits: tiles.splits as u32,
        height: window.source.len() as u32,
        width: picture.width as u32,
        out_width: picture.out_width() as u32,
        stride: picture.stride as u32,
        // Below 0 where `x` begins above: the shader's arithmetic wraps around in the same way.
        pad_top: (picture.pad_before + window.source.start).wrapping_sub(window.out.start * picture.stride)
            as u32,
        pad_left: picture.pad_before as u32,
    };
    tiles.dispatch(pass, kernel, &params, [x, bias, y], matrix, rows)
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

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::matrix::tests::TestMatrix;
    use maskov_gpu::Gpu;
    use maskov_gpu::testing::{Guarded, Seeded, Tolerance, assert_close, gpu};

    /// `[height, width, inputs, outputs, stride, pad_before]`: one pixel, odd sides, both strides and paddings, a real
    /// one of the embedded model, and one of tall tiles.
    const SHAPES: [[usize; 6]; 8] = [
        [1, 1, 1, 1, 1, 1],
        [5, 7, 3, 5, 1, 1],
        [5, 7, 3, 5, 2, 1],
        [6, 8, 31, 33, 2, 0],
        [4, 8, 32, 32, 1, 1],
        [9, 4, 33, 31, 2, 1],
        [16, 16, 194, 96, 1, 1],
        [80, 81, 3, 130, 1, 1],
    ];

    /// Compares the kernel of a format with the twin on the very weights that the format holds.
    pub(crate) async fn compare(gpu: &Gpu, format: Format) {
        for [height, width, inputs, outputs, stride, pad_before] in SHAPES {
            let picture = Picture { height, width, stride, pad_before };
            let mut seeded = Seeded::new(2);
            let (x, bias) = (seeded.values(height * width * inputs), seeded.values(outputs));
            let shape = [outputs, inputs, 3, 3];
            let TestMatrix { matrix, weight } =
                TestMatrix::new(gpu, format, &shape, &seeded.values(shape.iter().product()));
            let len = picture.out_height() * picture.out_width() * outputs;
            let x_buffer = gpu.upload("x", &x).expect("fits");
            let bias_buffer = gpu.upload("bias", &bias).expect("fits");
            let y = Guarded::new(gpu, len);
            let mut pass = gpu.pass();
            let whole = Window::whole(picture);
            crate::products::conv2d_3x3(
                &mut pass,
                &x_buffer,
                &matrix,
                &bias_buffer,
                picture,
                &whole,
                &y.buffer,
            )
            .expect("shapes fit");
            pass.submit().expect("the device works");
            let mut expected = vec![0.0; len];
            conv2d_3x3_cpu(&x, &weight, Some(&bias), inputs, picture, &mut expected);
            let what = format!("{picture:?} {inputs} → {outputs} {format:?}");
            assert_close(&what, &y.read(gpu).await, &expected, Tolerance::products(9 * inputs, 1.0, 1.0));
        }
    }

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn parts_make_the_whole() {
        let gpu = gpu().await;
        let (inputs, outputs) = (8, 64);
        for picture in [
            Picture { height: 9, width: 8, stride: 1, pad_before: 1 },
            Picture { height: 10, width: 8, stride: 2, pad_before: 0 },
            Picture { height: 9, width: 8, stride: 2, pad_before: 1 },
        ] {
            let mut seeded = Seeded::new(3);
            let (x, bias) = (seeded.values(picture.height * 8 * inputs), vec![0.5; outputs]);
            let shape = [outputs, inputs, 3, 3];
            let TestMatrix { matrix, weight } =
                TestMatrix::new(&gpu, Format::F16, &shape, &seeded.values(shape.iter().product()));
            let (bias_buffer, row) =
                (gpu.upload("bias", &bias).expect("fits"), picture.out_width() * outputs);
            let y = Guarded::new(&gpu, picture.out_height() * row);
            let mut pass = gpu.pass();
            for first in (0..picture.out_height()).step_by(2) {
                let out = first..(first + 2).min(picture.out_height());
                let source = Window::needs(picture, &out);
                let part =
                    gpu.upload("x", &x[source.start * 8 * inputs..source.end * 8 * inputs]).expect("fits");
                let of_y = y.buffer.slice(out.start * row..out.end * row);
                let window = Window { out, source };
                crate::products::conv2d_3x3(&mut pass, &part, &matrix, &bias_buffer, picture, &window, &of_y)
                    .expect("shapes fit");
            }
            pass.submit().expect("the device works");
            let mut expected = vec![0.0; picture.out_height() * row];
            conv2d_3x3_cpu(&x, &weight, Some(&bias), inputs, picture, &mut expected);
            let tolerance = Tolerance::products(9 * inputs, 1.0, 1.0);
            assert_close(&format!("{picture:?}"), &y.read(&gpu).await, &expected, tolerance);
        }
    }

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn a_window_without_its_rows_is_refused() {
        let gpu = gpu().await;
        let picture = Picture { height: 8, width: 8, stride: 1, pad_before: 1 };
        let TestMatrix { matrix, .. } = TestMatrix::new(&gpu, Format::F16, &[1, 1, 3, 3], &[0.5; 9]);
        let x = gpu.create("x", 64).expect("fits");
        for (out, source) in [(2..4, 2..6), (2..4, 1..4), (7..9, 0..8), (3..3, 0..8)] {
            let window = Window { out, source };
            let error = conv2d_3x3_f16(&mut gpu.pass(), &x, &matrix, &x, picture, &window, &x)
                .expect_err("rows 1 to 5 are needed, and there are 8");
            assert!(error.to_string().contains("conv2d_3x3_f16"), "{error}");
        }
    }

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn conv2d_3x3_f16_matches_cpu() {
        compare(&gpu().await, Format::F16).await;
    }
}
