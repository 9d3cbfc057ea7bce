//! A tensor in this machine's memory.

use half::prelude::HalfFloatSliceExt;
use half::{bf16, f16};

use crate::matrix::round_to_f16;
use crate::{DType, MatrixShape, QuantizedMatrix, Result, WeightsError, dequantize, quantize};

/// A named tensor: shape, type and bytes that fit them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostTensor {
    name: String,
    shape: Vec<usize>,
    dtype: DType,
    bytes: Vec<u8>,
}

impl HostTensor {
    /// Fails unless `bytes` has exactly the length that shape and type need.
    pub fn new(name: impl Into<String>, shape: &[usize], dtype: DType, bytes: Vec<u8>) -> Result<Self> {
        let (tensor, shape, found) = (name.into(), shape.to_vec(), bytes.len() as u64);
        match dtype.byte_len(&shape) {
            Some(expected) if expected == found => Ok(Self { name: tensor, shape, dtype, bytes }),
            Some(expected) => Err(WeightsError::WrongByteCount { tensor, expected, found }),
            None => Err(WeightsError::NotAMatrix { tensor, shape }),
        }
    }

    /// An F32 tensor.
    pub fn from_f32(name: impl Into<String>, shape: &[usize], values: &[f32]) -> Result<Self> {
        Self::new(name, shape, DType::F32, values.iter().flat_map(|value| value.to_le_bytes()).collect())
    }

    /// A U8 tensor.
    pub fn from_u8(name: impl Into<String>, shape: &[usize], values: Vec<u8>) -> Result<Self> {
        Self::new(name, shape, DType::U8, values)
    }

    /// An I32 tensor.
    pub fn from_i32(name: impl Into<String>, shape: &[usize], values: &[i32]) -> Result<Self> {
        Self::new(name, shape, DType::I32, values.iter().flat_map(|value| value.to_le_bytes()).collect())
    }

    /// Its name: the diffusers path.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its extents, as diffusers has them; none for a scalar.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// How its values are stored.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// Its bytes, little-endian, row-major (q8, q4: see [`QuantizedMatrix`]).
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Number of values.
    pub fn element_count(&self) -> usize {
        self.shape.iter().product()
    }

    /// The values as f32, in diffusers' order: from F32, F16, BF16, and from Q8 and Q4 dequantised.
    pub fn to_f32(&self) -> Result<Vec<f32>> {
        match self.dtype {
            DType::F32 => Ok(self.chunks().map(f32::from_le_bytes).collect()),
            DType::F16 => Ok(self.chunks().map(f16::from_le_bytes).collect::<Vec<_>>().to_f32_vec()),
            DType::BF16 => Ok(self.chunks().map(bf16::from_le_bytes).collect::<Vec<_>>().to_f32_vec()),
            DType::Q8 | DType::Q4 => Ok(dequantize(&self.to_quantized()?)),
            _ => Err(self.unsupported("F32, F16 or BF16")),
        }
    }

    /// The values of a U8 tensor.
    pub fn to_u8(&self) -> Result<Vec<u8>> {
        match self.dtype {
            DType::U8 => Ok(self.bytes.clone()),
            _ => Err(self.unsupported("U8")),
        }
    }

    /// The values of an I32, I64 or U8 tensor; fails where one does not fit.
    pub fn to_i32(&self) -> Result<Vec<i32>> {
        match self.dtype {
            DType::I32 => Ok(self.chunks().map(i32::from_le_bytes).collect()),
            DType::I64 => self.chunks().map(|bytes| self.narrow(i64::from_le_bytes(bytes))).collect(),
            DType::U8 => Ok(self.bytes.iter().map(|&value| i32::from(value)).collect()),
            _ => Err(self.unsupported("I32 or I64")),
        }
    }

    /// The matrix of a Q8 or Q4 tensor as it is, for the GPU.
    pub fn to_quantized(&self) -> Result<QuantizedMatrix> {
        if !self.dtype.is_quantized() {
            return Err(self.unsupported("Q8 or Q4"));
        }
        let matrix = MatrixShape::of(&self.name, &self.shape)?;
        Ok(QuantizedMatrix::from_bytes(self.dtype, matrix, &self.bytes))
    }

    /// The same tensor in F32, F16, BF16, Q8 or Q4.
    pub fn to_dtype(&self, dtype: DType) -> Result<HostTensor> {
        if dtype == self.dtype {
            return Ok(self.clone());
        }
        let values = self.to_f32()?;
        let bytes = match dtype {
            DType::F32 => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
            DType::F16 => {
                let mut bytes = Vec::with_capacity(2 * values.len());
                for (index, &value) in values.iter().enumerate() {
                    bytes.extend(round_to_f16(&self.name, value, index)?.to_le_bytes());
                }
                bytes
            }
            DType::BF16 => values.iter().flat_map(|&value| bf16::from_f32(value).to_le_bytes()).collect(),
            DType::Q8 | DType::Q4 => quantize(&self.name, &values, &self.shape, dtype)?.to_bytes(),
            other => {
                let (tensor, dtype) = (self.name.clone(), other.name().to_owned());
                return Err(WeightsError::UnsupportedDType {
                    tensor,
                    dtype,
                    needed: "F32, F16, BF16, Q8 or Q4",
                });
            }
        };
        HostTensor::new(self.name.clone(), &self.shape, dtype, bytes)
    }

    /// Fails where a value, or the scale of a group, is NaN or infinite. Integers always pass.
    pub fn check_finite(&self) -> Result<()> {
        // An exponent of all ones is what NaN and the infinities share.
        let bad = match self.dtype {
            DType::F32 => self.chunks().position(|bytes| u32::from_le_bytes(bytes) << 1 >= 0xff00_0000),
            DType::F16 => self.chunks().position(|bytes| u16::from_le_bytes(bytes) << 1 >= 0xf800),
            DType::BF16 => self.chunks().position(|bytes| u16::from_le_bytes(bytes) << 1 >= 0xff00),
            DType::Q8 | DType::Q4 => self.to_quantized()?.first_bad_scale(),
            _ => None,
        };
        match bad {
            Some(index) => Err(WeightsError::NotFinite { tensor: self.name.clone(), index }),
            None => Ok(()),
        }
    }

    fn chunks<const N: usize>(&self) -> impl Iterator<Item = [u8; N]> {
        self.bytes.as_chunks::<N>().0.iter().copied()
    }

    fn narrow(&self, value: i64) -> Result<i32> {
        i32::try_from(value).map_err(|_| WeightsError::OutOfRange {
            tensor: self.name.clone(),
            value: value.to_string(),
            dtype: "I32",
        })
    }

    fn unsupported(&self, needed: &'static str) -> WeightsError {
        WeightsError::UnsupportedDType {
            tensor: self.name.clone(),
            dtype: self.dtype.name().to_owned(),
            needed,
        }
    }
}

#[cfg(test)]
mod tests;
