//! Reading a pack.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{Manifest, PackTensor, ShardOpener, finish_hex};
use crate::byte_source::read_range;
use crate::{HostTensor, LocalFuture, Result, TensorInfo, WeightSource, WeightsError};

/// An open pack. No byte of a tensor is handed out before its whole shard was read and its SHA-256 agreed; the shard
/// read last stays in memory (at most 64 MiB), so tensors read in the pack's order cost each shard once.
pub struct Pack {
    manifest: Manifest,
    // Name -> index into the manifest's tensors.
    index: HashMap<String, usize>,
    opener: Box<dyn ShardOpener>,
    last_shard: RefCell<Option<(usize, Rc<[u8]>)>>,
}

impl Pack {
    /// Parses and checks `pack.json`; shards are opened when a tensor is read.
    pub fn open(manifest_json: &[u8], opener: Box<dyn ShardOpener>) -> Result<Self> {
        let manifest = Manifest::parse(manifest_json)?;
        let index = manifest.tensors.iter().enumerate().map(|(i, tensor)| (tensor.name.clone(), i)).collect();
        Ok(Self { manifest, index, opener, last_shard: RefCell::new(None) })
    }

    /// Opens the pack in a folder on disk.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn open_folder(path: impl AsRef<std::path::Path>) -> Result<Self> {
        let folder = super::Folder::at(path);
        Self::open(&folder.manifest()?, Box::new(folder))
    }

    /// What `pack.json` says.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Reads every shard and checks its length, its hash and that all of its values are finite.
    pub async fn verify(&self) -> Result<()> {
        for shard in 0..self.manifest.shards.len() {
            let bytes = self.shard(shard).await?;
            for tensor in self.manifest.tensors.iter().filter(|tensor| tensor.shard == shard) {
                slice(tensor, &bytes)?;
            }
        }
        Ok(())
    }

    /// Lets go of the shard that is kept in memory.
    pub fn release(&self) {
        self.last_shard.replace(None);
    }

    /// The verified bytes of a shard.
    async fn shard(&self, index: usize) -> Result<Rc<[u8]>> {
        if let Some((last, bytes)) = &*self.last_shard.borrow()
            && *last == index
        {
            return Ok(bytes.clone());
        }
        // Before the next one is read, so that two shards are never held at once.
        self.release();
        let shard = &self.manifest.shards[index];
        let source = self.opener.open(shard).await?;
        if source.len() != shard.length {
            let (file, expected, found) = (source.name().to_owned(), shard.length, source.len());
            return Err(WeightsError::WrongLength { file, expected, found });
        }
        let bytes: Rc<[u8]> = read_range(&*source, 0..shard.length).await?.into();
        let mut hash = Sha256::new();
        hash.update(&bytes);
        let found = finish_hex(hash);
        if found != shard.sha256 {
            let (shard, expected) = (source.name().to_owned(), shard.sha256.clone());
            return Err(WeightsError::WrongHash { shard, expected, found });
        }
        self.last_shard.replace(Some((index, bytes.clone())));
        Ok(bytes)
    }
}

/// A tensor's bytes out of its shard. The manifest's check made the range and the length right.
fn slice(tensor: &PackTensor, shard: &[u8]) -> Result<HostTensor> {
    let (start, end) = (tensor.offset as usize, (tensor.offset + tensor.length) as usize);
    let read = HostTensor::new(&*tensor.name, &tensor.shape, tensor.dtype, shard[start..end].to_vec())?;
    read.check_finite()?;
    Ok(read)
}

impl WeightSource for Pack {
    fn names(&self) -> Vec<&str> {
        self.manifest.tensors.iter().map(|tensor| tensor.name.as_str()).collect()
    }

    fn info(&self, name: &str) -> Option<TensorInfo> {
        let tensor = &self.manifest.tensors[*self.index.get(name)?];
        Some(TensorInfo { shape: tensor.shape.clone(), dtype: tensor.dtype })
    }

    fn read<'a>(&'a self, name: &'a str) -> LocalFuture<'a, Result<HostTensor>> {
        Box::pin(async move {
            let index = self.index.get(name).ok_or_else(|| WeightsError::Missing(vec![name.to_owned()]))?;
            let tensor = &self.manifest.tensors[*index];
            slice(tensor, &self.shard(tensor.shard).await?)
        })
    }

    fn config(&self, component: &str) -> Option<&Value> {
        self.manifest.configs.get(component)
    }

    fn settings(&self) -> Option<&Value> {
        Some(&self.manifest.settings)
    }
}
