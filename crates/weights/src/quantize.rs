//! q8 and q4: groups of 32 inputs with one f16 scale.
//!
//! Order as in [`crate::matrix`]: `[out][tap][in_padded]`, so a group holds 32 inputs of one output and one tap.
//! - **q8**: `w = q · scale`, signed bytes in −127..=127, four per u32, the first in the lowest byte.
//!   `scale = max|w| / 127`.
//! - **q4**: `w = (n − 8) · scale`, nibbles in 0..=15, eight per u32, the first in the lowest nibble. The scale is the one
//!   with the least squared error among `±max|w| / d`, d = 8.5, 8.25, … 7 (a negative scale turns the longer side, −8, to
//!   the positive values), but not below what keeps every error within half a scale.
//!   RMS error on normal weights 0.080 of their spread, against 0.084 with the largest magnitude always at −8.
//!
//! Scales are f16, two per u32, the first in the low half, flat index `(out · taps + tap) · groups + group`. A scale is
//! rounded to f16 *before* the weights are divided by it, and upwards where rounding down would push the largest
//! weight more than half a step beyond the range; so |w − dequantised| ≤ |scale| / 2 holds for every weight, subnormal
//! scales included.

use half::f16;

use crate::matrix::check_len;
use crate::{DType, GROUP_SIZE, MatrixShape, Result, WeightsError};

/// Where on the scale of −8..=7 the largest magnitude may come to lie for q4.
const Q4_DIVISORS: [f32; 7] = [8.5, 8.25, 8.0, 7.75, 7.5, 7.25, 7.0];

/// A matrix in q8 or q4, ready for the GPU. Its bytes in a pack: all of `qweight`, then all of `scales`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuantizedMatrix {
    /// [`DType::Q8`] or [`DType::Q4`].
    pub dtype: DType,
    /// Outputs, taps and inputs.
    pub matrix: MatrixShape,
    /// Four (q8) or eight (q4) values per u32.
    pub qweight: Vec<u32>,
    /// Two f16 per u32; the last high half is zero where the count is odd.
    pub scales: Vec<u32>,
}

impl QuantizedMatrix {
    /// Scale number `(out · taps + tap) · groups + group`.
    pub fn scale(&self, index: usize) -> f32 {
        f16::from_bits((self.scales[index / 2] >> (16 * (index % 2))) as u16).to_f32()
    }

    /// Index of the first scale that is not finite.
    pub(crate) fn first_bad_scale(&self) -> Option<usize> {
        (0..self.matrix.scale_count()).find(|&index| !self.scale(index).is_finite())
    }

    /// The bytes as a pack holds them.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        self.qweight.iter().chain(&self.scales).flat_map(|word| word.to_le_bytes()).collect()
    }

    /// From the bytes of a pack, whose number was checked.
    pub(crate) fn from_bytes(dtype: DType, matrix: MatrixShape, bytes: &[u8]) -> Self {
        let words = |bytes: &[u8]| {
            bytes
                .chunks_exact(4)
                .map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]]))
                .collect()
        };
        let (qweight, scales) = bytes.split_at(matrix.qweight_byte_len(dtype));
        Self { dtype, matrix, qweight: words(qweight), scales: words(scales) }
    }
}

/// Quantises a matrix given in diffusers' order. `dtype` is [`DType::Q8`] or [`DType::Q4`]; `tensor` is for messages.
/// Fails on values that are not finite and on groups whose scale is beyond f16's range.
pub fn quantize(tensor: &str, weight: &[f32], shape: &[usize], dtype: DType) -> Result<QuantizedMatrix> {
    let encode: fn(&[f32; GROUP_SIZE]) -> EncodedGroup = match dtype {
        DType::Q8 => encode_q8,
        DType::Q4 => encode_q4,
        other => {
            let (tensor, dtype) = (tensor.to_owned(), other.name().to_owned());
            return Err(WeightsError::UnsupportedDType { tensor, dtype, needed: "Q8 or Q4" });
        }
    };
    let matrix = MatrixShape::of(tensor, shape)?;
    check_len(tensor, weight.len(), &matrix)?;
    if let Some(index) = weight.iter().position(|value| !value.is_finite()) {
        return Err(WeightsError::NotFinite { tensor: tensor.to_owned(), index });
    }
    let mut qweight = Vec::with_capacity(matrix.qweight_byte_len(dtype) / 4);
    let mut scales = vec![0u32; matrix.scale_count().div_ceil(2)];
    for scale_index in 0..matrix.scale_count() {
        let (row, group) = (scale_index / matrix.groups(), scale_index % matrix.groups());
        let mut values = [0.0; GROUP_SIZE];
        for (value, input) in values.iter_mut().zip(group * GROUP_SIZE..matrix.inputs) {
            *value = weight[matrix.dense_index(row, input)];
        }
        let encoded = encode(&values);
        let scale = f16::from_f32(encoded.scale);
        if !scale.is_finite() {
            let largest = values.iter().fold(0f32, |largest, value| largest.max(value.abs()));
            let (tensor, value) = (tensor.to_owned(), largest.to_string());
            return Err(WeightsError::OutOfRange { tensor, value, dtype: dtype.name() });
        }
        scales[scale_index / 2] |= u32::from(scale.to_bits()) << (16 * (scale_index % 2));
        qweight.extend(pack_words(&encoded.values, dtype));
    }
    Ok(QuantizedMatrix { dtype, matrix, qweight, scales })
}

/// Dense f32 in diffusers' order, `[out, in]` or `[out, in, kernel_height, kernel_width]`.
pub fn dequantize(quantized: &QuantizedMatrix) -> Vec<f32> {
    let matrix = quantized.matrix;
    let mut weight = vec![0.0; matrix.dense_len()];
    for scale_index in 0..matrix.scale_count() {
        let (row, group) = (scale_index / matrix.groups(), scale_index % matrix.groups());
        let scale = quantized.scale(scale_index);
        for (lane, input) in (group * GROUP_SIZE..matrix.inputs).take(GROUP_SIZE).enumerate() {
            let q = unpack_value(&quantized.qweight, scale_index * GROUP_SIZE + lane, quantized.dtype);
            weight[matrix.dense_index(row, input)] = q * scale;
        }
    }
    weight
}

/// The integer that a q8 or q4 value stands for (q4: less 8).
fn unpack_value(qweight: &[u32], index: usize, dtype: DType) -> f32 {
    if dtype == DType::Q4 {
        return ((qweight[index / 8] >> (4 * (index % 8))) & 15) as f32 - 8.0;
    }
    f32::from((qweight[index / 4] >> (8 * (index % 4))) as u8 as i8)
}

/// A group's scale, exactly an f16 (or out of its range), and its 32 values as stored.
struct EncodedGroup {
    scale: f32,
    values: [u8; GROUP_SIZE],
}

fn pack_words(values: &[u8; GROUP_SIZE], dtype: DType) -> impl Iterator<Item = u32> {
    let (per_word, bits) = if dtype == DType::Q4 { (8, 4) } else { (4, 8) };
    values
        .chunks_exact(per_word)
        .map(move |chunk| chunk.iter().rev().fold(0, |word, &value| word << bits | u32::from(value)))
}

/// The f16 nearest to `ideal` (at least `minimum`, not zero), or the next larger one where that is below `minimum`.
fn scale_at_least(minimum: f32, ideal: f32) -> f32 {
    let nearest = f16::from_f32(ideal);
    if nearest.to_f32() >= minimum && nearest != f16::ZERO {
        return nearest.to_f32();
    }
    f16::from_bits(nearest.to_bits() + 1).to_f32()
}

fn encode_q8(values: &[f32; GROUP_SIZE]) -> EncodedGroup {
    let largest = values.iter().fold(0f32, |largest, value| largest.max(value.abs()));
    if largest == 0.0 {
        return EncodedGroup { scale: 0.0, values: [0; GROUP_SIZE] };
    }
    let scale = scale_at_least(largest / 127.5, largest / 127.0);
    let values = values.map(|value| (value / scale).round().clamp(-127.0, 127.0) as i8 as u8);
    EncodedGroup { scale, values }
}

fn encode_q4(values: &[f32; GROUP_SIZE]) -> EncodedGroup {
    let positive = values.iter().fold(0f32, |largest, &value| largest.max(value));
    let negative = values.iter().fold(0f32, |largest, &value| largest.max(-value));
    let largest = positive.max(negative);
    if largest == 0.0 {
        return EncodedGroup { scale: 0.0, values: [8; GROUP_SIZE] };
    }
    let mut best = (f32::INFINITY, f32::INFINITY);
    for (sign, toward_seven, toward_eight) in [(1.0, positive, negative), (-1.0, negative, positive)] {
        let smallest = (toward_seven / 7.5).max(toward_eight / 8.5);
        for divisor in Q4_DIVISORS {
            let scale = sign * scale_at_least(smallest, smallest.max(largest / divisor));
            let error = squared_error(values, scale);
            if error < best.0 {
                best = (error, scale);
            }
        }
    }
    EncodedGroup { scale: best.1, values: values.map(|value| nearest_nibble(value / best.1) as u8) }
}

/// What q4 with this scale costs. Eight running sums and no division, because this is where a conversion spends its time.
fn squared_error(values: &[f32; GROUP_SIZE], scale: f32) -> f32 {
    let inverse = 1.0 / scale;
    let mut sums = [0.0; 8];
    for eight in values.as_chunks::<8>().0 {
        for (sum, value) in sums.iter_mut().zip(eight) {
            let error = value - (nearest_nibble(value * inverse) - 8.0) * scale;
            *sum += error * error;
        }
    }
    sums.iter().sum()
}

/// The nibble nearest to `steps` scales.
fn nearest_nibble(steps: f32) -> f32 {
    // Adding 1.5 · 2²³ leaves no bits behind the point; `round` would be a library call for each value.
    const ROUND: f32 = 12_582_912.0;
    ((steps.clamp(-8.0, 7.0) + ROUND) - ROUND) + 8.0
}

#[cfg(test)]
mod tests;
