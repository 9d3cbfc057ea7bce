//! Where a pack's files lie: written through [`Sink`], read through [`ShardOpener`].

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::Shard;
use crate::{ByteSource, LocalFuture, MemorySource, Result, WeightsError};

/// Takes files one after the other: `create`, then `append` until the next `create` or `finish`.
pub trait Sink {
    /// Starts a file, which replaces one of that name.
    fn create<'a>(&'a mut self, name: &'a str) -> LocalFuture<'a, Result<()>>;

    /// Adds bytes to the file that was last created.
    fn append<'a>(&'a mut self, bytes: &'a [u8]) -> LocalFuture<'a, Result<()>>;

    /// The last byte was given: everything must be safe now.
    fn finish(&mut self) -> LocalFuture<'_, Result<()>>;
}

/// Finds a pack's shards: in memory, in a folder, at an address, in the browser's store.
pub trait ShardOpener {
    /// Opens a shard. Its length and hash are checked by the pack; they are here so that a host can use them as keys.
    fn open<'a>(&'a self, shard: &'a Shard) -> LocalFuture<'a, Result<Box<dyn ByteSource>>>;
}

/// Files in memory; clones share them.
#[derive(Clone, Debug, Default)]
pub struct MemoryFolder {
    files: Rc<RefCell<BTreeMap<String, Vec<u8>>>>,
    current: String,
}

impl MemoryFolder {
    /// A copy of that file's bytes.
    pub fn file(&self, name: &str) -> Option<Vec<u8>> {
        self.files.borrow().get(name).cloned()
    }

    /// Adds or replaces a file.
    pub fn insert(&self, name: &str, bytes: Vec<u8>) {
        self.files.borrow_mut().insert(name.to_owned(), bytes);
    }

    /// Removes a file, if it is there.
    pub fn remove(&self, name: &str) {
        self.files.borrow_mut().remove(name);
    }

    /// All file names, sorted.
    pub fn names(&self) -> Vec<String> {
        self.files.borrow().keys().cloned().collect()
    }
}

impl Sink for MemoryFolder {
    fn create<'a>(&'a mut self, name: &'a str) -> LocalFuture<'a, Result<()>> {
        self.insert(name, Vec::new());
        self.current = name.to_owned();
        Box::pin(std::future::ready(Ok(())))
    }

    fn append<'a>(&'a mut self, bytes: &'a [u8]) -> LocalFuture<'a, Result<()>> {
        self.files.borrow_mut().entry(self.current.clone()).or_default().extend_from_slice(bytes);
        Box::pin(std::future::ready(Ok(())))
    }

    fn finish(&mut self) -> LocalFuture<'_, Result<()>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

impl ShardOpener for MemoryFolder {
    fn open<'a>(&'a self, shard: &'a Shard) -> LocalFuture<'a, Result<Box<dyn ByteSource>>> {
        let source = match self.file(&shard.name) {
            Some(bytes) => Ok(Box::new(MemorySource::new(&shard.name, bytes)) as Box<dyn ByteSource>),
            None => Err(WeightsError::NotFound { what: shard.name.clone() }),
        };
        Box::pin(std::future::ready(source))
    }
}
