//! What must not stay behind when the program is stopped: files and folders on their way.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What would stay behind if the program ended now, in the order in which it was made.
static LEFT_OVERS: Mutex<Vec<(PathBuf, Kind)>> = Mutex::new(Vec::new());

/// What is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    File,
    /// With all that is in it.
    Folder,
    /// Only while there is nothing in it.
    EmptyFolder,
}

/// Something on its way, gone when this is dropped or the program is stopped, unless it was renamed before.
pub struct LeftOver {
    path: PathBuf,
    kind: Kind,
}

impl LeftOver {
    /// Makes it, by a function that gives its path.
    pub fn make<T, E>(kind: Kind, make: impl FnOnce() -> Result<(PathBuf, T), E>) -> Result<(Self, T), E> {
        let mut left_overs = hold();
        let (path, made) = make()?;
        left_overs.push((path.clone(), kind));
        Ok((Self { path, kind }, made))
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for LeftOver {
    fn drop(&mut self) {
        let mut left_overs = hold();
        remove(&self.path, self.kind);
        left_overs.retain(|(path, _)| *path != self.path);
    }
}

/// While this is held nothing is cleared away: for renames, which must happen whole.
pub fn hold() -> MutexGuard<'static, Vec<(PathBuf, Kind)>> {
    LEFT_OVERS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The folders that are missing on the way to this one, made; those that stay empty go when this is dropped.
pub fn make_folders(folder: &Path) -> io::Result<Vec<LeftOver>> {
    let missing: Vec<&Path> =
        folder.ancestors().take_while(|folder| !folder.as_os_str().is_empty() && !folder.is_dir()).collect();
    let make = |folder: &Path| {
        LeftOver::make(Kind::EmptyFolder, || match fs::create_dir(folder) {
            // Another run may make the same one.
            Err(error) if error.kind() != ErrorKind::AlreadyExists || !folder.is_dir() => Err(error),
            _ => Ok((folder.to_owned(), ())),
        })
    };
    let mut made = Vec::new();
    for folder in missing.into_iter().rev() {
        // The innermost first, as they are dropped in this order.
        made.insert(0, make(folder)?.0);
    }
    Ok(made)
}

/// From now on a program that is stopped clears away what it left over and ends with the code that shells know:
/// 128 and the signal's number. SIGHUP keeps its meaning, because `nohup` has a process ignore it.
pub fn clear_when_stopped() {
    // Where the system refuses, the program ends as programs do.
    watch().ok();
}

#[cfg(unix)]
fn watch() -> io::Result<()> {
    use signal_hook::consts::{SIGINT, SIGTERM};
    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM])?;
    std::thread::Builder::new().spawn(move || {
        if let Some(signal) = signals.forever().next() {
            clear_and_exit(128 + signal);
        }
    })?;
    Ok(())
}

#[cfg(not(unix))]
fn watch() -> Result<(), ctrlc::Error> {
    ctrlc::set_handler(|| clear_and_exit(130))
}

/// Ends the program in the middle of its work. Never lets go of the list, so that the other threads come to a halt before
/// they report what they miss.
pub fn clear_and_exit(code: i32) -> ! {
    let left_overs = hold();
    for (path, kind) in left_overs.iter().rev() {
        remove(path, *kind);
    }
    std::process::exit(code)
}

/// Gone already is well; what can't be removed is no reason to fail.
fn remove(path: &Path, kind: Kind) {
    match kind {
        Kind::File => drop(fs::remove_file(path)),
        Kind::EmptyFolder => drop(fs::remove_dir(path)),
        // Another thread may put a file into it meanwhile; it can't do so for long in a folder that is gone.
        Kind::Folder => {
            for _ in 0..100 {
                if fs::remove_dir_all(path).is_ok() || !path.exists() {
                    return;
                }
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }
}
