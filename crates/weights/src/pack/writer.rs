//! Writing a pack, a tensor at a time.

use std::collections::{BTreeMap, HashSet};

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::manifest::shard_name;
use super::{MANIFEST_NAME, MAX_SHARD_BYTES, Manifest, PACK_VERSION, PackTensor, Shard, Sink, finish_hex};
use crate::{HostTensor, Result, WeightsError};

/// Where tensors begin within a shard.
const ALIGNMENT: u64 = 16;

/// Streams tensors into shards. Holds no tensor itself, only the current shard's hash and the manifest so far.
/// `pack.json` is written last, so an interrupted pack can't be opened, whatever the sink.
pub struct PackWriter<S> {
    sink: S,
    max_shard_bytes: u64,
    names: HashSet<String>,
    tensors: Vec<PackTensor>,
    shards: Vec<Shard>,
    // The shard being written: its bytes so far and their hash.
    open: Option<(u64, Sha256)>,
}

impl<S: Sink> PackWriter<S> {
    /// Shards of at most 64 MiB.
    pub fn new(sink: S) -> Self {
        Self::with_max_shard_bytes(sink, MAX_SHARD_BYTES)
    }

    /// Smaller shards, at most 64 MiB.
    pub fn with_max_shard_bytes(sink: S, max_shard_bytes: u64) -> Self {
        let max_shard_bytes = max_shard_bytes.min(MAX_SHARD_BYTES);
        Self {
            sink,
            max_shard_bytes,
            names: HashSet::new(),
            tensors: Vec::new(),
            shards: Vec::new(),
            open: None,
        }
    }

    /// Adds a tensor. Write them in the order in which the model needs them: reading is then sequential.
    /// Fails on NaN and infinity, on a repeated name, on a type that is no weight's, and on a tensor larger than a shard.
    pub async fn write(&mut self, tensor: &HostTensor) -> Result<()> {
        self.check(tensor)?;
        let length = tensor.bytes().len() as u64;
        if let Some((used, _)) = self.open
            && used.next_multiple_of(ALIGNMENT) + length > self.max_shard_bytes
        {
            self.close_shard();
        }
        if self.open.is_none() {
            self.sink.create(&shard_name(self.shards.len())).await?;
            self.open = Some((0, Sha256::new()));
        }
        let used = self.open.as_ref().map_or(0, |(used, _)| *used);
        let offset = used.next_multiple_of(ALIGNMENT);
        self.append(&[0; ALIGNMENT as usize][..(offset - used) as usize]).await?;
        self.append(tensor.bytes()).await?;
        self.names.insert(tensor.name().to_owned());
        self.tensors.push(PackTensor {
            name: tensor.name().to_owned(),
            shape: tensor.shape().to_vec(),
            dtype: tensor.dtype(),
            shard: self.shards.len(),
            offset,
            length,
        });
        Ok(())
    }

    /// Closes the last shard, writes `pack.json` with the model's settings and `config.json` per component, and gives the
    /// sink back.
    pub async fn finish(
        mut self,
        settings: Value,
        configs: BTreeMap<String, Value>,
    ) -> Result<(S, Manifest)> {
        self.close_shard();
        let Self { mut sink, tensors, shards, .. } = self;
        let manifest = Manifest { version: PACK_VERSION, settings, configs, shards, tensors };
        sink.create(MANIFEST_NAME).await?;
        sink.append(&manifest.to_json()).await?;
        sink.finish().await?;
        Ok((sink, manifest))
    }

    fn check(&self, tensor: &HostTensor) -> Result<()> {
        let (name, dtype) = (tensor.name().to_owned(), tensor.dtype());
        if self.names.contains(&name) {
            return Err(WeightsError::Duplicate { tensor: name });
        }
        if !dtype.is_weight() {
            let (dtype, needed) = (dtype.name().to_owned(), "F32, F16, BF16, Q8 or Q4");
            return Err(WeightsError::UnsupportedDType { tensor: name, dtype, needed });
        }
        let (bytes, limit) = (tensor.bytes().len() as u64, self.max_shard_bytes);
        if bytes > limit {
            return Err(WeightsError::TensorTooLarge { tensor: name, bytes, limit });
        }
        tensor.check_finite()
    }

    async fn append(&mut self, bytes: &[u8]) -> Result<()> {
        self.sink.append(bytes).await?;
        if let Some((used, hash)) = &mut self.open {
            *used += bytes.len() as u64;
            hash.update(bytes);
        }
        Ok(())
    }

    fn close_shard(&mut self) {
        if let Some((length, hash)) = self.open.take() {
            let name = shard_name(self.shards.len());
            self.shards.push(Shard { name, length, sha256: finish_hex(hash) });
        }
    }
}
