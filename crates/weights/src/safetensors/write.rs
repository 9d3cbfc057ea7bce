//! Writing a safetensors file: fixtures, tests, the command line's caches.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Map, Value, json};

use crate::{HostTensor, Result, WeightsError};

/// The bytes of a safetensors file. Wide types come first and the header is padded, so that values are aligned; the
/// order is otherwise kept. Q8 and Q4 are no safetensors types and fail, as does a repeated name.
pub fn write_safetensors(tensors: &[HostTensor], metadata: &BTreeMap<String, String>) -> Result<Vec<u8>> {
    let mut names = HashSet::new();
    for tensor in tensors {
        if tensor.dtype().is_quantized() {
            let (tensor, dtype) = (tensor.name().to_owned(), tensor.dtype().name().to_owned());
            return Err(WeightsError::UnsupportedDType { tensor, dtype, needed: "F32, F16 or BF16" });
        }
        if tensor.name() == "__metadata__" || !names.insert(tensor.name()) {
            return Err(WeightsError::Duplicate { tensor: tensor.name().to_owned() });
        }
    }
    let mut sorted: Vec<&HostTensor> = tensors.iter().collect();
    sorted.sort_by_key(|tensor| std::cmp::Reverse(tensor.dtype().byte_len(&[])));
    let mut header = header(&sorted, metadata).to_string().into_bytes();
    header.resize(header.len().next_multiple_of(8), b' ');
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.append(&mut header);
    for tensor in sorted {
        bytes.extend_from_slice(tensor.bytes());
    }
    Ok(bytes)
}

fn header(sorted: &[&HostTensor], metadata: &BTreeMap<String, String>) -> Value {
    let mut entries = Map::new();
    if !metadata.is_empty() {
        entries.insert("__metadata__".to_owned(), json!(metadata));
    }
    let mut begin = 0;
    for tensor in sorted {
        let end = begin + tensor.bytes().len();
        let entry =
            json!({"dtype": tensor.dtype().name(), "shape": tensor.shape(), "data_offsets": [begin, end]});
        entries.insert(tensor.name().to_owned(), entry);
        begin = end;
    }
    Value::Object(entries)
}
