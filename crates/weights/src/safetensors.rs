//! safetensors by byte ranges: the header first, then a tensor at a time.
//!
//! A file is the header's length (u64, little-endian), the header (JSON) and the values. Rules held here: the header
//! has at most 100 MB and lies within the file; offsets are in bounds, contiguous, and fit shape × type; names are
//! unique. Values may lie at any alignment.

mod header;
mod write;

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use crate::byte_source::read_range;
use crate::{ByteSource, DType, HostTensor, Result, WeightsError};

pub use write::write_safetensors;

/// The longest header that the format allows.
pub const MAX_HEADER_BYTES: u64 = 100_000_000;

/// What the header says of one tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorEntry {
    /// Its name.
    pub name: String,
    /// Its extents.
    pub shape: Vec<usize>,
    /// How its values are stored.
    pub dtype: DType,
    /// Where its bytes lie, from the start of the file.
    pub range: Range<u64>,
}

/// An open safetensors file: its header is in memory, its values are not.
pub struct SafeTensors {
    source: Box<dyn ByteSource>,
    tensors: Vec<TensorEntry>,
    index: HashMap<String, usize>,
    metadata: BTreeMap<String, String>,
}

impl SafeTensors {
    /// Reads and checks the header.
    pub async fn open(source: Box<dyn ByteSource>) -> Result<Self> {
        let malformed =
            |reason: String| WeightsError::MalformedSafeTensors { file: source.name().to_owned(), reason };
        if source.len() < 8 {
            return Err(malformed(format!("it has {} bytes, too few for a header", source.len())));
        }
        let length_bytes = read_range(&*source, 0..8).await?;
        let header_len = length_bytes.iter().rev().fold(0, |length, &byte| length << 8 | u64::from(byte));
        if header_len > MAX_HEADER_BYTES || header_len > source.len() - 8 {
            let len = source.len();
            return Err(malformed(format!("its header claims {header_len} bytes in a file of {len}")));
        }
        let values_start = 8 + header_len;
        let json = read_range(&*source, 8..values_start).await?;
        let header = header::parse(&json, values_start).map_err(malformed)?;
        let expected = header.tensors.iter().map(|tensor| tensor.range.end).max().unwrap_or(values_start);
        if expected != source.len() {
            let (file, found) = (source.name().to_owned(), source.len());
            return Err(WeightsError::WrongLength { file, expected, found });
        }
        let index = header.tensors.iter().enumerate().map(|(i, tensor)| (tensor.name.clone(), i)).collect();
        Ok(Self { source, tensors: header.tensors, index, metadata: header.metadata })
    }

    /// The file's name or address.
    pub fn file(&self) -> &str {
        self.source.name()
    }

    /// All tensors, in the order of their bytes.
    pub fn tensors(&self) -> &[TensorEntry] {
        &self.tensors
    }

    /// The tensor of that name.
    pub fn tensor(&self, name: &str) -> Option<&TensorEntry> {
        self.index.get(name).map(|&index| &self.tensors[index])
    }

    /// The header's `__metadata__`.
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        &self.metadata
    }

    /// Reads one tensor's bytes and nothing else.
    pub async fn read(&self, name: &str) -> Result<HostTensor> {
        let entry = self.tensor(name).ok_or_else(|| WeightsError::Missing(vec![name.to_owned()]))?;
        let bytes = read_range(&*self.source, entry.range.clone()).await?;
        HostTensor::new(name, &entry.shape, entry.dtype, bytes)
    }
}

impl std::fmt::Debug for SafeTensors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SafeTensors")
            .field("file", &self.file())
            .field("tensors", &self.tensors.len())
            .finish()
    }
}

#[cfg(test)]
mod tests;
