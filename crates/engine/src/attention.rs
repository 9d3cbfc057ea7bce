//! An attention map on whichever device, or out of a file.

use std::rc::Rc;

use maskov_gpu::{Gpu, RowTiled};
use maskov_segment::AttentionMap;
use maskov_weights::SafeTensors;

use crate::{EngineError, Result};

/// An attention map where the network left it, f32 `[R², R²]`.
pub enum Attention {
    /// In memory, checked.
    Cpu(AttentionMap),
    /// On the device.
    Gpu(Rc<Gpu>, RowTiled),
}

impl Attention {
    /// R, the side of the token grid.
    pub fn resolution(&self) -> usize {
        match self {
            Self::Cpu(map) => map.resolution(),
            Self::Gpu(_, map) => map.rows.isqrt(),
        }
    }

    /// The entries, row-major.
    ///
    /// # Errors
    /// Those of the device.
    pub async fn values(&self) -> Result<Vec<f32>> {
        match self {
            Self::Cpu(map) => Ok(map.values().to_vec()),
            Self::Gpu(gpu, map) => Ok(map.read(gpu).await?),
        }
    }
}

/// The tensor `attention` of a safetensors file, f32 or f16 `[R², R²]`.
///
/// # Errors
/// When there is no such tensor, it is not square over a square grid, or its entries are no attention.
pub async fn attention_from_file(file: &SafeTensors) -> Result<AttentionMap> {
    let bad = |reason: String| EngineError::NoAttention { file: file.file().to_owned(), reason };
    let Some(entry) = file.tensor("attention") else {
        let names: Vec<_> = file.tensors().iter().map(|tensor| tensor.name.as_str()).collect();
        return Err(bad(format!(
            "it has {}",
            if names.is_empty() { "no tensors".into() } else { names.join(", ") }
        )));
    };
    let resolution = match *entry.shape {
        [rows, columns] if rows == columns && rows.isqrt().pow(2) == rows && rows > 0 => rows.isqrt(),
        _ => return Err(bad(format!("`attention` has shape {:?}", entry.shape))),
    };
    Ok(AttentionMap::new(resolution, file.read("attention").await?.to_f32()?)?)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use maskov_weights::{HostTensor, MemorySource, write_safetensors};
    use pollster::block_on;

    use super::*;

    fn file(name: &str, shape: &[usize]) -> SafeTensors {
        let tensor = HostTensor::from_f32(name, shape, &vec![0.25; shape.iter().product()]).unwrap();
        let bytes = write_safetensors(&[tensor], &BTreeMap::new()).unwrap();
        block_on(SafeTensors::open(Box::new(MemorySource::new("map.safetensors", bytes)))).unwrap()
    }

    #[test]
    fn a_map_is_read_and_anything_else_is_named() {
        assert_eq!(block_on(attention_from_file(&file("attention", &[16, 16]))).unwrap().resolution(), 4);
        let error = block_on(attention_from_file(&file("attn", &[16, 16]))).unwrap_err().to_string();
        assert!(error.contains("it has attn") && error.contains("map.safetensors"), "{error}");
        for shape in [&[15, 15][..], &[16, 4], &[256], &[0, 0]] {
            let error = block_on(attention_from_file(&file("attention", shape))).unwrap_err();
            assert!(error.to_string().contains(&format!("{shape:?}")), "{error}");
        }
    }
}
