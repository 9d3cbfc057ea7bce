//! `pack.json`.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{DType, Result, WeightsError};

/// The manifest's file name.
pub const MANIFEST_NAME: &str = "pack.json";

/// The format version that is written, and the latest that is read.
pub const PACK_VERSION: u64 = 1;

/// The longest shard.
pub const MAX_SHARD_BYTES: u64 = 64 << 20;

/// `pack.json` as a whole. Entries that a later minor change adds are ignored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Format version.
    pub version: u64,
    /// The model's own settings (`settings.json`), for whoever builds the graph.
    pub settings: Value,
    /// `config.json` per component (`unet`, `vae`, `text_encoder`).
    pub configs: BTreeMap<String, Value>,
    /// The files that hold the tensors, in order.
    pub shards: Vec<Shard>,
    /// Every tensor, in the order in which it was written: the order in which a model needs them.
    pub tensors: Vec<PackTensor>,
}

/// One file of tensors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shard {
    /// `shard-00000.bin` and so on.
    pub name: String,
    /// Its bytes.
    pub length: u64,
    /// Of all of its bytes, lower-case hexadecimal.
    pub sha256: String,
}

/// One tensor's place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackTensor {
    /// The diffusers name.
    pub name: String,
    /// Extents as diffusers has them, also where the bytes are in kernel order.
    pub shape: Vec<usize>,
    /// Type, by its name in files.
    #[serde(with = "dtype_name")]
    pub dtype: DType,
    /// Index into the shards.
    pub shard: usize,
    /// First byte within the shard.
    pub offset: u64,
    /// Bytes.
    pub length: u64,
}

/// The file name of shard `index`.
pub(super) fn shard_name(index: usize) -> String {
    format!("shard-{index:05}.bin")
}

impl Manifest {
    /// Parses and checks `pack.json`.
    pub fn parse(json: &[u8]) -> Result<Self> {
        #[derive(Deserialize)]
        struct VersionOnly {
            version: u64,
        }
        let malformed = |error: serde_json::Error| WeightsError::MalformedPack { reason: error.to_string() };
        // A later format may differ in anything but this field.
        let VersionOnly { version } = serde_json::from_slice(json).map_err(malformed)?;
        if version > PACK_VERSION {
            return Err(WeightsError::NewerPack { found: version, supported: PACK_VERSION });
        }
        let manifest: Manifest = serde_json::from_slice(json).map_err(malformed)?;
        manifest.check().map_err(|reason| WeightsError::MalformedPack { reason })?;
        Ok(manifest)
    }

    /// The text of `pack.json`.
    pub fn to_json(&self) -> Vec<u8> {
        let mut json = serde_json::to_vec(self).expect("strings, numbers and JSON values always serialise");
        json.push(b'\n');
        json
    }

    fn check(&self) -> Result<(), String> {
        for (index, shard) in self.shards.iter().enumerate() {
            // Fixed names keep a manifest from pointing outside its folder.
            if shard.name != shard_name(index) {
                return Err(format!("shard {index} is named {:?}, not {}", shard.name, shard_name(index)));
            }
            if shard.length > MAX_SHARD_BYTES {
                return Err(format!(
                    "{} has {} bytes, more than {MAX_SHARD_BYTES}",
                    shard.name, shard.length
                ));
            }
            if shard.sha256.len() != 64
                || !shard.sha256.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'))
            {
                return Err(format!("the SHA-256 of {} is not 64 lower-case hexadecimal digits", shard.name));
            }
        }
        let mut names = HashSet::new();
        for tensor in &self.tensors {
            if !names.insert(&tensor.name) {
                return Err(format!("tensor {} appears twice", tensor.name));
            }
            self.check_place(tensor)?;
        }
        self.check_overlaps()
    }

    fn check_place(&self, tensor: &PackTensor) -> Result<(), String> {
        let PackTensor { name, shape, dtype, .. } = tensor;
        let shard = self
            .shards
            .get(tensor.shard)
            .ok_or_else(|| format!("tensor {name} lies in shard {}, which is not listed", tensor.shard))?;
        if dtype.byte_len(shape) != Some(tensor.length) {
            return Err(format!(
                "tensor {name} has {} bytes, which do not fit {dtype} {shape:?}",
                tensor.length
            ));
        }
        match tensor.offset.checked_add(tensor.length) {
            Some(end) if end <= shard.length => Ok(()),
            _ => Err(format!("tensor {name} lies beyond the end of {}", shard.name)),
        }
    }

    fn check_overlaps(&self) -> Result<(), String> {
        let mut sorted: Vec<&PackTensor> = self.tensors.iter().filter(|tensor| tensor.length > 0).collect();
        sorted.sort_by_key(|tensor| (tensor.shard, tensor.offset));
        let overlap = sorted
            .windows(2)
            .find(|pair| pair[0].shard == pair[1].shard && pair[0].offset + pair[0].length > pair[1].offset);
        match overlap {
            Some(pair) => Err(format!("tensors {} and {} overlap", pair[0].name, pair[1].name)),
            None => Ok(()),
        }
    }
}

mod dtype_name {
    use crate::DType;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(dtype: &DType, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(dtype.name())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DType, D::Error> {
        let name = String::deserialize(deserializer)?;
        DType::from_name(&name)
            .filter(|dtype| dtype.is_weight())
            .ok_or_else(|| Error::custom(format_args!("{name} is no type of a pack's tensor")))
    }
}
