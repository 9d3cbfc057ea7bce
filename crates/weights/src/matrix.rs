//! Weight matrices in the order that the kernels read: `[out][tap][in_padded]`.
//!
//! Diffusers stores convolutions as `[out, in, kernel_height, kernel_width]`. Activations are channels-last, so a product
//! runs over `in` for one tap at a time, with `tap = ky · kernel_width + kx` (one tap for a linear layer), and `in` is
//! padded with zeros to a multiple of 32: a K step of 32 then lies in one tap and in one quantisation group.

use half::f16;

use crate::{DType, Result, WeightsError};

/// Inputs that share one scale, and the multiple to which inputs are padded.
pub const GROUP_SIZE: usize = 32;

/// Extent of a weight matrix of shape `[out, in]` or `[out, in, kernel_height, kernel_width]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MatrixShape {
    /// Output channels.
    pub outputs: usize,
    /// Kernel height × kernel width; 1 for a linear layer.
    pub taps: usize,
    /// Input channels, without padding.
    pub inputs: usize,
}

impl MatrixShape {
    /// `None` where the shape has neither two nor four extents, or is too large to count.
    pub fn new(shape: &[usize]) -> Option<Self> {
        let (outputs, inputs, taps) = match *shape {
            [outputs, inputs] => (outputs, inputs, 1),
            [outputs, inputs, height, width] => (outputs, inputs, height.checked_mul(width)?),
            _ => return None,
        };
        let padded = inputs.checked_next_multiple_of(GROUP_SIZE)?;
        // Four bytes a value: whatever is indexed later fits.
        outputs.checked_mul(taps)?.checked_mul(padded)?.checked_mul(4)?;
        Some(Self { outputs, taps, inputs })
    }

    /// As [`MatrixShape::new`], with an error that names the tensor.
    pub fn of(tensor: &str, shape: &[usize]) -> Result<Self> {
        Self::new(shape)
            .ok_or_else(|| WeightsError::NotAMatrix { tensor: tensor.to_owned(), shape: shape.to_vec() })
    }

    /// Input channels with padding.
    pub fn padded_inputs(&self) -> usize {
        self.groups() * GROUP_SIZE
    }

    /// Groups of 32 per output and tap.
    pub fn groups(&self) -> usize {
        self.inputs.div_ceil(GROUP_SIZE)
    }

    /// Rows of `padded_inputs` values: outputs × taps.
    pub fn rows(&self) -> usize {
        self.outputs * self.taps
    }

    /// Values with padding.
    pub fn padded_len(&self) -> usize {
        self.rows() * self.padded_inputs()
    }

    /// Values without padding.
    pub fn dense_len(&self) -> usize {
        self.rows() * self.inputs
    }

    /// Number of f16 scales when quantised; flat index `(out · taps + tap) · groups + group`.
    pub fn scale_count(&self) -> usize {
        self.rows() * self.groups()
    }

    /// Bytes of all qweights; a multiple of 16.
    pub(crate) fn qweight_byte_len(&self, dtype: DType) -> usize {
        if dtype == DType::Q4 { self.padded_len() / 2 } else { self.padded_len() }
    }

    /// Bytes of qweights and scales, the latter padded to whole u32.
    pub(crate) fn quantized_byte_len(&self, dtype: DType) -> Option<u64> {
        Some(self.qweight_byte_len(dtype) as u64 + 4 * self.scale_count().div_ceil(2) as u64)
    }

    /// Where input `input` of row `row` (`out · taps + tap`) lies in diffusers' order.
    pub(crate) fn dense_index(&self, row: usize, input: usize) -> usize {
        let (output, tap) = (row / self.taps, row % self.taps);
        (output * self.inputs + input) * self.taps + tap
    }
}

/// Fails unless `weight` has the shape's number of values.
pub(crate) fn check_len(tensor: &str, found: usize, matrix: &MatrixShape) -> Result<()> {
    if found == matrix.dense_len() {
        return Ok(());
    }
    let (expected, found) = (4 * matrix.dense_len() as u64, 4 * found as u64);
    Err(WeightsError::WrongByteCount { tensor: tensor.to_owned(), expected, found })
}

/// Rounds a matrix to f16 in kernel order `[out][tap][in_padded]`, two values per u32, the first in the low half.
///
/// `weight` is in diffusers' order; `tensor` is for messages. Fails on values that are not finite or beyond f16's range.
pub fn pack_matrix_f16(tensor: &str, weight: &[f32], shape: &[usize]) -> Result<Vec<u32>> {
    let matrix = MatrixShape::of(tensor, shape)?;
    check_len(tensor, weight.len(), &matrix)?;
    let mut packed = vec![0u32; matrix.padded_len() / 2];
    for (row, words) in packed.chunks_exact_mut(matrix.padded_inputs().max(2) / 2).enumerate() {
        for input in 0..matrix.inputs {
            let index = matrix.dense_index(row, input);
            let bits = round_to_f16(tensor, weight[index], index)?.to_bits();
            words[input / 2] |= u32::from(bits) << (16 * (input % 2));
        }
    }
    Ok(packed)
}

/// The inverse of [`pack_matrix_f16`]: dense f32 in diffusers' order. `None` where the shape is no matrix or `packed`
/// has another length.
pub fn unpack_matrix_f16(packed: &[u32], shape: &[usize]) -> Option<Vec<f32>> {
    let matrix = MatrixShape::new(shape).filter(|matrix| matrix.padded_len() == 2 * packed.len())?;
    let mut weight = vec![0.0; matrix.dense_len()];
    for (row, words) in packed.chunks_exact(matrix.padded_inputs().max(2) / 2).enumerate() {
        for input in 0..matrix.inputs {
            let bits = words[input / 2] >> (16 * (input % 2));
            weight[matrix.dense_index(row, input)] = f16::from_bits(bits as u16).to_f32();
        }
    }
    Some(weight)
}

/// Nearest f16; an error where the value is not finite before or after.
pub(crate) fn round_to_f16(tensor: &str, value: f32, index: usize) -> Result<f16> {
    let rounded = f16::from_f32(value);
    if rounded.is_finite() {
        return Ok(rounded);
    }
    let tensor = tensor.to_owned();
    if value.is_finite() {
        return Err(WeightsError::OutOfRange { tensor, value: value.to_string(), dtype: "F16" });
    }
    Err(WeightsError::NotFinite { tensor, index })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::uniform;

    #[test]
    fn f16_order_is_out_tap_in_padded() {
        // [1, 2, 3, 3] with w[i, tap] = 10 i + tap, small integers that f16 holds exactly.
        let weight: Vec<f32> = (0..18).map(|i| (10 * (i / 9) + i % 9) as f32).collect();
        let packed = pack_matrix_f16("w", &weight, &[1, 2, 3, 3]).unwrap();
        assert_eq!(packed.len(), 9 * 16);
        for tap in 0..9 {
            let low = f16::from_bits(packed[16 * tap] as u16).to_f32();
            let high = f16::from_bits((packed[16 * tap] >> 16) as u16).to_f32();
            assert_eq!((low, high), (tap as f32, 10.0 + tap as f32));
            assert!(packed[16 * tap + 1..16 * tap + 16].iter().all(|&word| word == 0), "padding is zero");
        }
    }

    #[test]
    fn f16_comes_back_rounded() {
        for shape in [&[5, 1][..], &[3, 31], &[2, 33], &[4, 32, 1, 1], &[3, 33, 3, 3], &[0, 8], &[8, 0]] {
            let weight = uniform(shape.iter().product(), 7);
            let packed = pack_matrix_f16("w", &weight, shape).unwrap();
            let back = unpack_matrix_f16(&packed, shape).unwrap();
            let rounded: Vec<f32> = weight.iter().map(|&w| f16::from_f32(w).to_f32()).collect();
            assert_eq!(back, rounded, "{shape:?}");
        }
    }

    #[test]
    fn what_f16_cannot_hold_is_an_error() {
        let error = pack_matrix_f16("w", &[1.0, f32::NAN], &[1, 2]).unwrap_err();
        assert_eq!(error, WeightsError::NotFinite { tensor: "w".into(), index: 1 });
        let error = pack_matrix_f16("w", &[70000.0], &[1, 1]).unwrap_err();
        assert_eq!(
            error,
            WeightsError::OutOfRange { tensor: "w".into(), value: "70000".into(), dtype: "F16" }
        );
        assert!(matches!(pack_matrix_f16("w", &[1.0], &[1]), Err(WeightsError::NotAMatrix { .. })));
        assert!(matches!(pack_matrix_f16("w", &[1.0], &[1, 2]), Err(WeightsError::WrongByteCount { .. })));
        assert!(unpack_matrix_f16(&[0; 3], &[1, 32]).is_none());
    }

    #[test]
    fn absurd_shapes_are_refused() {
        assert!(MatrixShape::new(&[usize::MAX, 1]).is_none());
        assert!(MatrixShape::new(&[1, usize::MAX]).is_none());
        assert!(MatrixShape::new(&[1, 2, 3]).is_none());
    }
}
