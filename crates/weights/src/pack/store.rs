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

#[cfg(not(target_arch = "wasm32"))]
pub use folder::Folder;

#[cfg(not(target_arch = "wasm32"))]
mod folder {
    use std::fs::File;
    use std::io::Write;
    use std::path::{Path, PathBuf};

    use super::{ByteSource, LocalFuture, Result, Shard, ShardOpener, Sink, WeightsError};
    use crate::FileSource;
    use crate::pack::MANIFEST_NAME;

    /// A folder on disk.
    #[derive(Debug)]
    pub struct Folder {
        path: PathBuf,
        current: Option<(PathBuf, File)>,
    }

    impl Folder {
        /// A folder to read from; nothing is touched.
        pub fn at(path: impl AsRef<Path>) -> Self {
            Self { path: path.as_ref().to_owned(), current: None }
        }

        /// A folder to write to. Makes it where it is missing, and removes the `pack.json` and the shards of an older
        /// pack, so that a run that stops half-way leaves no pack that looks whole.
        pub fn create(path: impl AsRef<Path>) -> Result<Self> {
            let path = path.as_ref();
            let fail = |error| write_error(path, &error);
            std::fs::create_dir_all(path).map_err(fail)?;
            for entry in std::fs::read_dir(path).map_err(fail)? {
                let entry = entry.map_err(fail)?;
                let name = entry.file_name();
                let name = name.to_string_lossy();
                let is_shard = name.strip_prefix("shard-").is_some_and(|rest| rest.ends_with(".bin"));
                if name == MANIFEST_NAME || is_shard {
                    std::fs::remove_file(entry.path()).map_err(fail)?;
                }
            }
            Ok(Self::at(path))
        }

        /// The bytes of `pack.json`.
        pub fn manifest(&self) -> Result<Vec<u8>> {
            let path = self.path.join(MANIFEST_NAME);
            let what = path.display().to_string();
            std::fs::read(&path).map_err(|error| match error.kind() {
                std::io::ErrorKind::NotFound => WeightsError::NotFound { what },
                _ => WeightsError::Source { what, reason: error.to_string() },
            })
        }

        fn create_now(&mut self, name: &str) -> Result<()> {
            self.finish_now()?;
            let path = self.path.join(name);
            let file = File::create(&path).map_err(|error| write_error(&path, &error))?;
            self.current = Some((path, file));
            Ok(())
        }

        fn append_now(&mut self, bytes: &[u8]) -> Result<()> {
            let Some((path, file)) = &mut self.current else {
                let reason = "no file was created yet".to_owned();
                return Err(WeightsError::Write { what: self.path.display().to_string(), reason });
            };
            file.write_all(bytes).map_err(|error| write_error(path, &error))
        }

        fn finish_now(&mut self) -> Result<()> {
            match self.current.take() {
                Some((path, file)) => file.sync_all().map_err(|error| write_error(&path, &error)),
                None => Ok(()),
            }
        }
    }

    fn write_error(path: &Path, error: &std::io::Error) -> WeightsError {
        use std::io::ErrorKind::{QuotaExceeded, StorageFull};
        let what = path.display().to_string();
        match error.kind() {
            StorageFull | QuotaExceeded => WeightsError::StorageFull { what },
            _ => WeightsError::Write { what, reason: error.to_string() },
        }
    }

    impl Sink for Folder {
        fn create<'a>(&'a mut self, name: &'a str) -> LocalFuture<'a, Result<()>> {
            Box::pin(async move { self.create_now(name) })
        }

        fn append<'a>(&'a mut self, bytes: &'a [u8]) -> LocalFuture<'a, Result<()>> {
            Box::pin(async move { self.append_now(bytes) })
        }

        fn finish(&mut self) -> LocalFuture<'_, Result<()>> {
            Box::pin(async move { self.finish_now() })
        }
    }

    impl ShardOpener for Folder {
        fn open<'a>(&'a self, shard: &'a Shard) -> LocalFuture<'a, Result<Box<dyn ByteSource>>> {
            Box::pin(async move {
                let source = FileSource::open(self.path.join(&shard.name))?;
                Ok(Box::new(source) as Box<dyn ByteSource>)
            })
        }
    }
}
