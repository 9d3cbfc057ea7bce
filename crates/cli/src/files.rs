//! Photos in, files out.

use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use maskov_photo::Photo;

/// The bytes of a file.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => anyhow!("{} does not exist. Check the path.", path.display()),
        _ => anyhow!("{} could not be read ({error}). Check that it is a file you may read.", path.display()),
    })
}

/// A photo from its file.
pub fn read_photo(path: &Path) -> Result<Photo> {
    maskov_photo::decode(&read(path)?).with_context(|| path.display().to_string())
}

/// What the method reads of a photo.
pub fn pixels(photo: &Photo) -> Result<maskov_engine::Photo<'static>> {
    Ok(maskov_engine::Photo::new(photo.width(), photo.height(), photo.rgb().into_owned())?)
}

/// A file on its way: opened before the work, so that nobody waits for a result that cannot be kept, and there as a
/// whole or not at all.
pub struct OutFile {
    path: PathBuf,
    partial: PathBuf,
}

impl OutFile {
    /// Makes the folder where it is missing.
    pub fn create(path: &Path) -> Result<Self> {
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let refused = |error: std::io::Error| {
            anyhow!(
                "{} can't be written ({error}). Choose another --out, in a folder that you may write to.",
                path.display()
            )
        };
        let Some(name) = path.file_name().filter(|_| !path.is_dir()) else {
            return Err(anyhow!("{} is a folder. Give a file.", path.display()));
        };
        fs::create_dir_all(folder).map_err(refused)?;
        let mut partial = OsString::from(".");
        partial.push(name);
        partial.push(".partial");
        let partial = folder.join(partial);
        fs::write(&partial, []).map_err(refused)?;
        Ok(Self { path: path.to_owned(), partial })
    }

    /// Writes it all.
    pub fn write(self, bytes: &[u8]) -> Result<()> {
        let written = fs::write(&self.partial, bytes).and_then(|()| fs::rename(&self.partial, &self.path));
        written.map_err(|error| {
            anyhow!("{} could not be written ({error}). Free some space and run again.", self.path.display())
        })
    }
}

impl Drop for OutFile {
    fn drop(&mut self) {
        // Gone already when it was written; a left-over is no reason to fail.
        fs::remove_file(&self.partial).ok();
    }
}
