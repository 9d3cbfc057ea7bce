//! The JSON header.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::TensorEntry;
use crate::DType;
use crate::json::UniqueEntries;

pub(super) struct Header {
    pub tensors: Vec<TensorEntry>,
    pub metadata: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Entry {
    dtype: String,
    shape: Vec<usize>,
    data_offsets: (u64, u64),
}

/// The header's tensors in the order of their bytes, or the rule that it breaks.
pub(super) fn parse(json: &[u8], values_start: u64) -> Result<Header, String> {
    let json = std::str::from_utf8(json).map_err(|_| "its header is not UTF-8".to_owned())?;
    let entries: UniqueEntries<Box<RawValue>> =
        serde_json::from_str(json).map_err(|error| format!("its header can't be parsed: {error}"))?;
    let mut header = Header { tensors: Vec::new(), metadata: BTreeMap::new() };
    for (name, value) in entries.0 {
        if name == "__metadata__" {
            let strings: UniqueEntries<String> = serde_json::from_str(value.get())
                .map_err(|error| format!("its __metadata__ is no table of strings: {error}"))?;
            header.metadata = strings.0.into_iter().collect();
        } else {
            header.tensors.push(tensor(name, value.get(), values_start)?);
        }
    }
    header.tensors.sort_by_key(|tensor| (tensor.range.start, tensor.range.end));
    check_contiguous(&header.tensors, values_start)?;
    Ok(header)
}

fn tensor(name: String, json: &str, values_start: u64) -> Result<TensorEntry, String> {
    let entry: Entry = serde_json::from_str(json)
        .map_err(|error| format!("the entry of tensor {name} can't be parsed: {error}"))?;
    let Entry { dtype, shape, data_offsets: (begin, end) } = entry;
    let dtype = DType::from_name(&dtype)
        .filter(|dtype| !dtype.is_quantized())
        .ok_or_else(|| format!("tensor {name} has the unknown type {dtype}"))?;
    let length = end.checked_sub(begin).ok_or_else(|| format!("tensor {name} ends before it begins"))?;
    if dtype.byte_len(&shape) != Some(length) {
        return Err(format!("tensor {name} has {length} bytes, which do not fit {dtype} {shape:?}"));
    }
    let range = values_start.checked_add(begin).zip(values_start.checked_add(end));
    let (start, end) = range.ok_or_else(|| format!("tensor {name} lies beyond any file"))?;
    Ok(TensorEntry { name, shape, dtype, range: start..end })
}

fn check_contiguous(sorted: &[TensorEntry], values_start: u64) -> Result<(), String> {
    let mut position = values_start;
    for tensor in sorted {
        if tensor.range.start < position {
            return Err(format!("tensor {} overlaps the one before it", tensor.name));
        }
        if tensor.range.start > position {
            let hole = tensor.range.start - position;
            return Err(format!("there is a hole of {hole} bytes before tensor {}", tensor.name));
        }
        position = tensor.range.end;
    }
    Ok(())
}
