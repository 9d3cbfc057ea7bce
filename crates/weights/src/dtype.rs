//! Types of stored values.

use crate::MatrixShape;

/// How a tensor's values are stored. Names are safetensors' own; Q8 and Q4 occur in packs only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DType {
    /// 32-bit float.
    F32,
    /// 16-bit float, IEEE half.
    F16,
    /// 16-bit float with f32's exponent.
    BF16,
    /// Unsigned byte.
    U8,
    /// 32-bit integer.
    I32,
    /// 64-bit integer.
    I64,
    /// Signed bytes in groups of 32 along the input with one f16 scale each; see [`crate::quantize`].
    Q8,
    /// Nibbles in groups of 32 along the input with one f16 scale each; see [`crate::quantize`].
    Q4,
    /// Recognised, so that a file that has one beside what is needed can be opened; never read.
    Bool,
    /// Recognised, never read.
    I8,
    /// Recognised, never read.
    I16,
    /// Recognised, never read.
    U16,
    /// Recognised, never read.
    U32,
    /// Recognised, never read.
    U64,
    /// Recognised, never read.
    F64,
    /// Recognised, never read.
    F8E4M3,
    /// Recognised, never read.
    F8E5M2,
}

/// Every type with its name in files and its size in bytes (0: not a whole number of bytes per value).
const TABLE: [(DType, &str, u64); 17] = [
    (DType::F32, "F32", 4),
    (DType::F16, "F16", 2),
    (DType::BF16, "BF16", 2),
    (DType::U8, "U8", 1),
    (DType::I32, "I32", 4),
    (DType::I64, "I64", 8),
    (DType::Q8, "Q8", 0),
    (DType::Q4, "Q4", 0),
    (DType::Bool, "BOOL", 1),
    (DType::I8, "I8", 1),
    (DType::I16, "I16", 2),
    (DType::U16, "U16", 2),
    (DType::U32, "U32", 4),
    (DType::U64, "U64", 8),
    (DType::F64, "F64", 8),
    (DType::F8E4M3, "F8_E4M3", 1),
    (DType::F8E5M2, "F8_E5M2", 1),
];

impl DType {
    /// The type of that name, if it is known.
    pub fn from_name(name: &str) -> Option<DType> {
        TABLE.iter().find(|row| row.1 == name).map(|row| row.0)
    }

    /// The name that files carry.
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// Bytes that a tensor of this type and shape takes; `None` where that overflows or the type does not suit the shape.
    pub fn byte_len(self, shape: &[usize]) -> Option<u64> {
        match self {
            DType::Q8 | DType::Q4 => MatrixShape::new(shape)?.quantized_byte_len(self),
            _ => shape.iter().try_fold(self.row().2, |bytes, &extent| bytes.checked_mul(extent as u64)),
        }
    }

    /// Whether the type is quantised in groups.
    pub fn is_quantized(self) -> bool {
        matches!(self, DType::Q8 | DType::Q4)
    }

    /// Whether tensors of this type can be read as f32 weights.
    pub fn is_weight(self) -> bool {
        matches!(self, DType::F32 | DType::F16 | DType::BF16 | DType::Q8 | DType::Q4)
    }

    fn row(self) -> &'static (DType, &'static str, u64) {
        &TABLE[self as usize]
    }
}

impl std::fmt::Display for DType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_types() {
        for (index, (dtype, name, _)) in TABLE.into_iter().enumerate() {
            assert_eq!(dtype as usize, index);
            assert_eq!(DType::from_name(name), Some(dtype));
            assert_eq!(dtype.name(), name);
        }
        assert_eq!(DType::from_name("F4"), None);
    }

    #[test]
    fn byte_len_counts_and_refuses_overflow() {
        assert_eq!(DType::F16.byte_len(&[3, 5]), Some(30));
        assert_eq!(DType::I64.byte_len(&[]), Some(8));
        assert_eq!(DType::F32.byte_len(&[0, 7]), Some(0));
        assert_eq!(DType::F32.byte_len(&[usize::MAX, 2]), None);
        // 3 outputs, 33 inputs: 2 groups of 32 bytes and 2 scales an output.
        assert_eq!(DType::Q8.byte_len(&[3, 33]), Some(3 * (64 + 4)));
        assert_eq!(DType::Q4.byte_len(&[3, 33]), Some(3 * (32 + 4)));
        // One group, one scale: padded to a whole u32.
        assert_eq!(DType::Q8.byte_len(&[1, 7]), Some(32 + 4));
        assert_eq!(DType::Q8.byte_len(&[7]), None);
    }
}
