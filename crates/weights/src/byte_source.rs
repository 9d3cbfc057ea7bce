//! Where bytes come from.

use std::ops::Range;
use std::sync::Arc;

use maskov_progress::LocalFuture;

use crate::{Result, WeightsError};

/// Random access to the bytes of one file, in memory, on disk or behind HTTP.
#[expect(clippy::len_without_is_empty, reason = "an empty file is malformed everywhere; nobody asks")]
pub trait ByteSource {
    /// The file's name or address, for messages.
    fn name(&self) -> &str;

    /// Number of bytes.
    fn len(&self) -> u64;

    /// The bytes of that range, all of them. Callers stay within `0..len()`.
    fn read(&self, range: Range<u64>) -> LocalFuture<'_, Result<Vec<u8>>>;
}

/// Reads a range and holds the source to its word, so that no caller has to.
pub(crate) async fn read_range(source: &dyn ByteSource, range: Range<u64>) -> Result<Vec<u8>> {
    let wrong_length =
        |expected, found| WeightsError::WrongLength { file: source.name().to_owned(), expected, found };
    if range.end > source.len() {
        return Err(wrong_length(range.end, source.len()));
    }
    if range.is_empty() {
        return Ok(Vec::new());
    }
    let expected = range.end - range.start;
    let bytes = source.read(range).await?;
    if bytes.len() as u64 != expected {
        return Err(wrong_length(expected, bytes.len() as u64));
    }
    Ok(bytes)
}

/// Bytes in memory; clones share them.
#[derive(Clone, Debug)]
pub struct MemorySource {
    name: String,
    bytes: Arc<[u8]>,
}

impl MemorySource {
    /// `name` is for messages.
    pub fn new(name: impl Into<String>, bytes: impl Into<Arc<[u8]>>) -> Self {
        Self { name: name.into(), bytes: bytes.into() }
    }
}

impl ByteSource for MemorySource {
    fn name(&self) -> &str {
        &self.name
    }

    fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read(&self, range: Range<u64>) -> LocalFuture<'_, Result<Vec<u8>>> {
        let slice = self.bytes.get(range.start as usize..range.end as usize);
        let bytes = slice.map(<[u8]>::to_vec).ok_or_else(|| WeightsError::WrongLength {
            file: self.name.clone(),
            expected: range.end,
            found: self.len(),
        });
        Box::pin(std::future::ready(bytes))
    }
}

#[cfg(not(target_arch = "wasm32"))]
pub use file::FileSource;

#[cfg(not(target_arch = "wasm32"))]
mod file {
    use std::fs::File;
    use std::io::{ErrorKind, Read, Seek, SeekFrom};
    use std::ops::Range;
    use std::path::Path;
    use std::sync::Mutex;

    use super::{ByteSource, LocalFuture};

    use crate::{Result, WeightsError};

    /// A file on disk, read by ranges. Reading blocks the thread, as disks do.
    #[derive(Debug)]
    pub struct FileSource {
        name: String,
        len: u64,
        // Seek and read must not interleave between threads.
        file: Mutex<File>,
    }

    impl FileSource {
        /// Opens the file; reads nothing yet.
        pub fn open(path: impl AsRef<Path>) -> Result<Self> {
            let name = path.as_ref().display().to_string();
            let fail = |error: std::io::Error| match error.kind() {
                ErrorKind::NotFound => WeightsError::NotFound { what: name.clone() },
                _ => WeightsError::Source { what: name.clone(), reason: error.to_string() },
            };
            let file = File::open(&path).map_err(fail)?;
            let metadata = file.metadata().map_err(fail)?;
            if metadata.is_dir() {
                return Err(WeightsError::Source { what: name, reason: "it is a folder".into() });
            }
            Ok(Self { name, len: metadata.len(), file: Mutex::new(file) })
        }

        fn read_now(&self, range: Range<u64>) -> Result<Vec<u8>> {
            let fail = |reason: String| WeightsError::Source { what: self.name.clone(), reason };
            let count = usize::try_from(range.end - range.start).map_err(|error| fail(error.to_string()))?;
            let mut bytes = vec![0; count];
            let mut file = self.file.lock().map_err(|error| fail(error.to_string()))?;
            file.seek(SeekFrom::Start(range.start)).map_err(|error| fail(error.to_string()))?;
            file.read_exact(&mut bytes).map_err(|error| fail(error.to_string()))?;
            Ok(bytes)
        }
    }

    impl ByteSource for FileSource {
        fn name(&self) -> &str {
            &self.name
        }

        fn len(&self) -> u64 {
            self.len
        }

        fn read(&self, range: Range<u64>) -> LocalFuture<'_, Result<Vec<u8>>> {
            Box::pin(async move { self.read_now(range) })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_come_back_exactly() {
        let source = MemorySource::new("bytes", [0u8, 1, 2, 3, 4].as_slice());
        assert_eq!(pollster::block_on(read_range(&source, 1..4)).unwrap(), [1, 2, 3]);
        assert_eq!(pollster::block_on(read_range(&source, 5..5)).unwrap(), [0u8; 0]);
    }

    #[test]
    fn a_range_beyond_the_end_is_an_error() {
        let source = MemorySource::new("bytes", [0u8; 5].as_slice());
        let expected = WeightsError::WrongLength { file: "bytes".into(), expected: 6, found: 5 };
        assert_eq!(pollster::block_on(read_range(&source, 4..6)).unwrap_err(), expected);
        assert_eq!(pollster::block_on(source.read(4..6)).unwrap_err(), expected);
    }

    /// A host that answers with fewer bytes than were asked for.
    struct Short;

    impl ByteSource for Short {
        fn name(&self) -> &str {
            "short"
        }
        fn len(&self) -> u64 {
            100
        }
        fn read(&self, range: Range<u64>) -> LocalFuture<'_, Result<Vec<u8>>> {
            Box::pin(async move { Ok(vec![0; (range.end - range.start) as usize - 1]) })
        }
    }

    #[test]
    fn a_source_that_answers_short_is_caught() {
        let error = pollster::block_on(read_range(&Short, 0..10)).unwrap_err();
        assert_eq!(error, WeightsError::WrongLength { file: "short".into(), expected: 10, found: 9 });
    }
}
