//! A pack's folder on disk.
//!
//! A pack is written to `.NAME.partial` beside its folder and takes the folder's place as a whole, so that whoever looks
//! finds the old pack or the new one. Where the system can't exchange two folders in one step, the old one is renamed to
//! `.NAME.former` first. Whoever finds that one and no folder, because a run was killed between the two renames, ends
//! the swap: an old pack is renamed only once the new one is whole.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::store::{ShardOpener, Sink};
use super::{MANIFEST_NAME, Shard};
use crate::{ByteSource, FileSource, LocalFuture, Result, WeightsError};

/// A folder on disk to read from.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Touches nothing, but for a swap that was killed half-way: that one is ended.
    pub fn at(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref().to_owned();
        if !path.exists()
            && let Ok(places) = Places::of(&path)
        {
            // What can't be ended is missing, and reading says so.
            places.end_swap().ok();
        }
        Self { path }
    }

    /// The bytes of `pack.json`.
    pub fn manifest(&self) -> Result<Vec<u8>> {
        let path = self.path.join(MANIFEST_NAME);
        let what = path.display().to_string();
        fs::read(&path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => WeightsError::NotFound { what },
            _ => WeightsError::Source { what, reason: error.to_string() },
        })
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

/// A folder on its way: there as a whole once it is finished, and not at all when it is dropped before.
#[derive(Debug)]
pub struct FolderWriter {
    places: Places,
    current: Option<(PathBuf, File)>,
    is_finished: bool,
}

impl FolderWriter {
    /// Starts to write beside `path`, whose parent folder must exist. Clears away what a killed run left there. An older
    /// pack stays as it is until [`Sink::finish`], which keeps the other files of its folder.
    ///
    /// # Errors
    /// [`WeightsError::NoPackFolder`] where `path` is a folder that holds something else than a pack and plain files.
    pub fn create(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let fail = |error| write_error(path, &error);
        let places = Places::of(path).map_err(fail)?;
        places.end_swap().and_then(|()| places.clear()).map_err(fail)?;
        places.others()?;
        fs::create_dir(&places.partial).map_err(fail)?;
        Ok(Self { places, current: None, is_finished: false })
    }

    /// The folder that is written to until all is there.
    pub fn partial_path(&self) -> &Path {
        &self.places.partial
    }

    fn create_now(&mut self, name: &str) -> Result<()> {
        self.close_now()?;
        let path = self.places.partial.join(name);
        let file = File::create(&path).map_err(|error| write_error(&path, &error))?;
        self.current = Some((path, file));
        Ok(())
    }

    fn append_now(&mut self, bytes: &[u8]) -> Result<()> {
        let Some((path, file)) = &mut self.current else {
            let reason = "no file was created yet".to_owned();
            return Err(WeightsError::Write { what: self.places.target.display().to_string(), reason });
        };
        file.write_all(bytes).map_err(|error| write_error(path, &error))
    }

    fn close_now(&mut self) -> Result<()> {
        match self.current.take() {
            Some((path, file)) => file.sync_all().map_err(|error| write_error(&path, &error)),
            None => Ok(()),
        }
    }

    fn finish_now(&mut self) -> Result<()> {
        self.close_now()?;
        let fail = |error| write_error(&self.places.target, &error);
        for other in self.places.others()? {
            fs::copy(self.places.target.join(&other), self.places.partial.join(&other)).map_err(fail)?;
        }
        self.places.swap(exchange).map_err(fail)?;
        self.is_finished = true;
        // The new pack is in its place: the old one's remains are no reason to fail.
        self.places.clear().ok();
        Ok(())
    }
}

impl Sink for FolderWriter {
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

impl Drop for FolderWriter {
    fn drop(&mut self) {
        if !self.is_finished {
            // An open file keeps its folder on some systems.
            self.current = None;
            fs::remove_dir_all(&self.places.partial).ok();
        }
    }
}

/// The folder and its two names on the way, side by side so that a rename moves no byte.
#[derive(Debug)]
struct Places {
    target: PathBuf,
    partial: PathBuf,
    former: PathBuf,
}

impl Places {
    fn of(path: &Path) -> io::Result<Self> {
        // Through links: the folder itself is replaced, not the link to it.
        let target = match path.canonicalize() {
            Err(error) if error.kind() == ErrorKind::NotFound => std::path::absolute(path)?,
            found => found?,
        };
        let Some(name) = target.file_name().map(|name| name.to_string_lossy().into_owned()) else {
            return Err(io::Error::other("it is no folder that can be replaced"));
        };
        let beside = |ending: &str| target.with_file_name(format!(".{name}.{ending}"));
        Ok(Self { partial: beside("partial"), former: beside("former"), target })
    }

    /// The names in the folder that are not a pack's own.
    fn others(&self) -> Result<Vec<std::ffi::OsString>> {
        let folder = || self.target.display().to_string();
        let fail = |error: io::Error| write_error(&self.target, &error);
        let entries = match fs::read_dir(&self.target) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            found => found.map_err(fail)?,
        };
        let (mut others, mut is_pack) = (Vec::new(), false);
        for entry in entries {
            let entry = entry.map_err(fail)?;
            let name = entry.file_name();
            let entry_is =
                |name: &str| WeightsError::NoPackFolder { folder: folder(), entry: name.to_owned() };
            let shown = name.to_string_lossy();
            if !entry.file_type().map_err(fail)?.is_file() {
                return Err(entry_is(&shown));
            }
            if shown == MANIFEST_NAME || (shown.starts_with("shard-") && shown.ends_with(".bin")) {
                is_pack = true;
            } else {
                others.push(name);
            }
        }
        match others.first() {
            Some(first) if !is_pack => {
                let entry = first.to_string_lossy().into_owned();
                Err(WeightsError::NoPackFolder { folder: folder(), entry })
            }
            _ => Ok(others),
        }
    }

    /// Puts the new pack in the old one's place. What is left of the old one lies at `partial` then.
    fn swap(&self, exchange: impl FnOnce(&Path, &Path) -> bool) -> io::Result<()> {
        if !self.target.exists() {
            return fs::rename(&self.partial, &self.target);
        }
        if exchange(&self.partial, &self.target) {
            return Ok(());
        }
        fs::rename(&self.target, &self.former)?;
        if let Err(error) = fs::rename(&self.partial, &self.target)
            // A reader that found no folder may have ended the swap first.
            && (self.partial.exists() || !self.target.exists())
        {
            fs::rename(&self.former, &self.target)?;
            return Err(error);
        }
        // Under its own name it would look like a swap to be ended while it is being removed.
        fs::rename(&self.former, &self.partial)
    }

    /// Ends a swap that was killed between its renames.
    fn end_swap(&self) -> io::Result<()> {
        if !self.former.is_dir() || self.target.exists() {
            return Ok(());
        }
        let whole = if self.partial.is_dir() { &self.partial } else { &self.former };
        fs::rename(whole, &self.target)
    }

    /// Removes what lies beside the folder.
    fn clear(&self) -> io::Result<()> {
        let remove = |folder: &Path| match fs::remove_dir_all(folder) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        };
        remove(&self.partial)?;
        match fs::rename(&self.former, &self.partial) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => remove(&self.partial),
        }
    }
}

/// Exchanges two folders in one step, where the system can.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn exchange(a: &Path, b: &Path) -> bool {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE).is_ok()
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn exchange(_: &Path, _: &Path) -> bool {
    false
}

fn write_error(path: &Path, error: &io::Error) -> WeightsError {
    let what = path.display().to_string();
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => WeightsError::StorageFull { what },
        _ => WeightsError::Write { what, reason: error.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of its own for one test, with an old pack and a new one beside it.
    fn places(test: &str) -> (PathBuf, Places) {
        let root = std::env::temp_dir().join(format!("maskov-{test}-{}", std::process::id()));
        fs::remove_dir_all(&root).ok();
        fs::create_dir_all(&root).unwrap();
        let places = Places::of(&root.join("pack")).unwrap();
        for (folder, text) in [(&places.target, "old"), (&places.partial, "new")] {
            fs::create_dir(folder).unwrap();
            fs::write(folder.join(MANIFEST_NAME), text).unwrap();
        }
        (root, places)
    }

    fn found(folder: &Path) -> Option<String> {
        fs::read_to_string(folder.join(MANIFEST_NAME)).ok()
    }

    #[test]
    fn a_swap_is_whole_with_and_without_an_exchange() {
        let exchanges: [fn(&Path, &Path) -> bool; 2] = [exchange, |_, _| false];
        for exchange in exchanges {
            let (root, places) = places("swap");
            places.swap(exchange).unwrap();
            assert_eq!(found(&places.target).as_deref(), Some("new"));
            assert_eq!(found(&places.partial).as_deref(), Some("old"));
            places.clear().unwrap();
            assert_eq!(fs::read_dir(&root).unwrap().count(), 1, "nothing stays beside it");
            fs::remove_dir_all(root).unwrap();
        }
    }

    #[test]
    #[cfg(any(target_os = "linux", target_vendor = "apple"))]
    fn this_system_exchanges_in_one_step() {
        let (root, places) = places("exchange");
        assert!(exchange(&places.partial, &places.target));
        assert_eq!((found(&places.target), found(&places.partial)), (Some("new".into()), Some("old".into())));
        fs::remove_dir_all(root).unwrap();
    }

    /// Killed after each step of the two renames: a reader finds a whole pack, and the next writer clears the rest away.
    #[test]
    fn a_swap_that_was_killed_is_ended_by_a_reader() {
        for (renames, left) in [(0, "old"), (1, "new"), (2, "new"), (3, "new")] {
            let (root, places) = places("killed");
            let steps = [
                (&places.target, &places.former),
                (&places.partial, &places.target),
                (&places.former, &places.partial),
            ];
            for (from, to) in &steps[..renames] {
                fs::rename(from, to).unwrap();
            }
            let folder = Folder::at(root.join("pack"));
            assert_eq!(folder.manifest().unwrap(), left.as_bytes(), "after {renames} renames");
            let writer = FolderWriter::create(root.join("pack")).unwrap();
            assert_eq!(found(&places.target).as_deref(), Some(left));
            assert_eq!(fs::read_dir(writer.partial_path()).unwrap().count(), 0);
            drop(writer);
            assert_eq!(fs::read_dir(&root).unwrap().count(), 1, "after {renames} renames");
            fs::remove_dir_all(root).unwrap();
        }
    }

    #[test]
    fn a_new_pack_that_is_lost_brings_the_old_one_back() {
        let (root, places) = places("lost");
        fs::rename(&places.target, &places.former).unwrap();
        fs::remove_dir_all(&places.partial).unwrap();
        assert_eq!(Folder::at(&places.target).manifest().unwrap(), b"old");
        fs::remove_dir_all(root).unwrap();
    }
}
