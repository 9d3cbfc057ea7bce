//! Matrix weights on the GPU, for linear layers and 3×3 convolutions alike.
//!
//! Along `k` lie `[tap][inputs, padded with zeros to a multiple of 32]`; a linear layer has one tap, a 3×3 convolution nine
//! (`ky · 3 + kx`). A step of 16 along `k` therefore lies in one tap and in one quantisation group. Files have an output's
//! whole `k` one behind the other (packing and quantising: `maskov_weights`); on the device the layout is
//! `[k / 16][outputs][16]`, and that of scales `[k / 32][outputs]`, as a tile's invocations read them side by side.

use maskov_gpu::{Binding, Buffer, Gpu, GpuError, Result};

/// Weights per step along `k`, and per quantisation group.
pub const GROUP: usize = 32;

/// Weights of one output that lie one behind the other on the device.
const STEP: usize = 16;

/// How the weights of a [`Matrix`] are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Two per word.
    F16,
    /// Four signed bytes per word, one f16 scale per group.
    Q8,
    /// Eight nibbles per word, one f16 scale per group.
    Q4,
}

impl Format {
    fn weights_per_word(self) -> usize {
        match self {
            Self::F16 => 2,
            Self::Q8 => 4,
            Self::Q4 => 8,
        }
    }
}

/// The weights of one linear layer or 3×3 convolution.
pub struct Matrix {
    /// How the weights are stored.
    pub format: Format,
    /// Input channels.
    pub inputs: usize,
    /// Output channels.
    pub outputs: usize,
    /// 1 for a linear layer, 9 for a 3×3 convolution.
    pub taps: usize,
    qweight: Buffer,
    scales: Option<Buffer>,
}

impl Matrix {
    /// Room for weights, with anything in it until [`Matrix::write`]. Errors: those of the device.
    pub fn create(
        gpu: &Gpu,
        name: &str,
        format: Format,
        [outputs, inputs, taps]: [usize; 3],
    ) -> Result<Self> {
        let weights = outputs * taps * inputs.next_multiple_of(GROUP);
        let has_scales = format != Format::F16;
        Ok(Self {
            format,
            inputs,
            outputs,
            taps,
            qweight: gpu.create(name, weights.div_ceil(format.weights_per_word()))?,
            scales: has_scales.then(|| gpu.create(name, (weights / GROUP).div_ceil(2))).transpose()?,
        })
    }

    /// Takes packed weights. `scales` (f16, two per word) are given for the quantised formats. Errors:
    /// [`GpuError::Shape`] where the lengths do not fit the extents.
    pub fn write(&self, gpu: &Gpu, name: &str, qweight: &[u32], scales: Option<&[u32]>) -> Result<()> {
        let Self { format, inputs, outputs, taps, .. } = *self;
        let fits = qweight.len() == self.qweight.len()
            && scales.map(<[u32]>::len) == self.scales.as_ref().map(Buffer::len);
        if !fits {
            let reason =
                format!("{name}: packed lengths do not fit {outputs} × {taps} × {inputs} {format:?}");
            return Err(GpuError::Shape { kernel: "matrix", reason });
        }
        gpu.write(&self.qweight, &by_step(qweight, outputs, STEP / format.weights_per_word()));
        if let (Some(buffer), Some(scales)) = (&self.scales, scales) {
            gpu.write(buffer, &scales_by_step(scales, outputs, outputs * self.k_len()));
        }
        Ok(())
    }

    /// Length of one output's weights, padding included.
    pub fn k_len(&self) -> usize {
        self.taps * self.padded_inputs()
    }

    /// Inputs, rounded up to whole groups.
    pub fn padded_inputs(&self) -> usize {
        self.inputs.next_multiple_of(GROUP)
    }

    /// The bindings of the matrix kernels, in their order: activations, weights, scales where there are any, bias,
    /// output.
    pub(crate) fn bindings<'a>(&'a self, x: &'a Buffer, bias: &'a Buffer, y: &'a Buffer) -> Vec<Binding<'a>> {
        let weights = [Some(&self.qweight), self.scales.as_ref(), Some(bias)];
        [Some(x)].into_iter().chain(weights).chain([Some(y)]).flatten().map(Binding::from).collect()
    }
}

/// `[outputs][steps]` of `len` values each as `[steps][outputs]`.
fn by_step<T: Copy>(values: &[T], outputs: usize, len: usize) -> Vec<T> {
    let steps = values.len() / (outputs * len);
    let at = |step, output| &values[(output * steps + step) * len..][..len];
    (0..steps).flat_map(|step| (0..outputs).flat_map(move |output| at(step, output))).copied().collect()
}

/// The same for f16 scales, two a word; an odd one has a zero beside it.
fn scales_by_step(scales: &[u32], outputs: usize, weights: usize) -> Vec<u32> {
    let halves: Vec<u16> = scales.iter().flat_map(|word| [*word as u16, (word >> 16) as u16]).collect();
    let ordered = by_step(&halves[..weights / GROUP], outputs, 1);
    let word = |pair: &[u16]| u32::from(pair[0]) | u32::from(*pair.get(1).unwrap_or(&0)) << 16;
    ordered.chunks(2).map(word).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use maskov_gpu::testing::gpu;
    use maskov_weights::{DType, dequantize, pack_matrix_f16, quantize, unpack_matrix_f16};

    /// A matrix on the device and the very weights that it holds, dense and in diffusers' order.
    pub(crate) struct TestMatrix {
        pub(crate) matrix: Matrix,
        pub(crate) weight: Vec<f32>,
    }

    impl TestMatrix {
        pub(crate) fn new(gpu: &Gpu, format: Format, shape: &[usize], weight: &[f32]) -> Self {
            let extents = [shape[0], shape[1], shape[2..].iter().product()];
            let (qweight, scales, weight) = match format {
                Format::F16 => {
                    let packed = pack_matrix_f16("w", weight, shape).expect("finite weights");
                    let weight = unpack_matrix_f16(&packed, shape).expect("the same shape");
                    (packed, None, weight)
                }
                Format::Q8 | Format::Q4 => {
                    let dtype = if format == Format::Q8 { DType::Q8 } else { DType::Q4 };
                    let packed = quantize("w", weight, shape, dtype).expect("finite weights");
                    let weight = dequantize(&packed);
                    (packed.qweight, Some(packed.scales), weight)
                }
            };
            let matrix = Matrix::create(gpu, "w", format, extents).expect("fits");
            matrix.write(gpu, "w", &qweight, scales.as_deref()).expect("packed lengths fit");
            Self { matrix, weight }
        }
    }

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn packed_lengths_that_do_not_fit_are_refused() {
        assert_eq!(GROUP, maskov_weights::GROUP_SIZE, "packed and read in the same groups");
        let gpu = gpu().await;
        let matrix = Matrix::create(&gpu, "proj", Format::F16, [2, 8, 1]).expect("fits");
        let error = matrix.write(&gpu, "proj", &[0; 31], None).expect_err("2 × 32 f16 weights are 32 words");
        assert!(error.to_string().contains("proj"), "{error}");
    }
}
