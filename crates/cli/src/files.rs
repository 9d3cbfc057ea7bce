//! Photos in, files out.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use maskov_photo::Photo;
use same_file::is_same_file;

use crate::left_over::{Kind, LeftOver, hold, make_folders};

/// The bytes of a file.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => anyhow!("{} does not exist. Check the path.", path.display()),
        _ => anyhow!("{} could not be read ({error}). Check that it is a file you may read.", path.display()),
    })
}

/// Endings that pictures have, read here or not.
const PICTURE_ENDINGS: [&str; 10] =
    ["png", "jpg", "jpeg", "webp", "gif", "bmp", "tif", "tiff", "avif", "heic"];

/// Whether the name says that this is a picture.
pub fn has_picture_ending(path: &Path) -> bool {
    let ending = path.extension().unwrap_or_default();
    PICTURE_ENDINGS.iter().any(|picture| ending.eq_ignore_ascii_case(picture))
}

/// A photo from its file.
pub fn read_photo(path: &Path) -> Result<Photo> {
    maskov_photo::decode(&read(path)?).with_context(|| path.display().to_string())
}

/// What the method reads of a photo.
pub fn pixels(photo: &Photo) -> Result<maskov_engine::RgbImage<'static>> {
    Ok(maskov_engine::RgbImage::new(photo.width(), photo.height(), photo.rgb().into_owned())?)
}

/// Refuses what would destroy a file, before a byte is written: an output that is one of the inputs or lies in a folder
/// that is read, two that are one file, and one that is there already unless it may be replaced. `option` gave them.
pub fn check_outputs(option: &str, outputs: &[PathBuf], inputs: &[&Path], may_replace: bool) -> Result<()> {
    let mut seen = HashSet::new();
    for output in outputs {
        let shown = output.display();
        if output.as_os_str() == STANDARD_OUTPUT {
            bail!("{option} - : standard output is taken by what is printed. Give a file to {option}.");
        }
        if !seen.insert(name_on_disk(output)) {
            bail!("{shown} would be written twice. Choose another {option}.");
        }
        // Also a link that leads nowhere.
        if output.symlink_metadata().is_err() {
            continue;
        }
        if output.is_dir() {
            bail!("{shown} is a folder. Give a file to {option}.");
        }
        // One file may have several names: links, another case on some systems.
        if inputs.iter().any(|input| is_same_file(input, output).unwrap_or(false)) {
            bail!("{shown} is read and would be overwritten. Choose another {option}.");
        }
        if let Some(folder) = inputs.iter().find(|input| input.is_dir() && lies_in(output, input)) {
            bail!(
                "{shown} lies in {}, which is read, and would be overwritten. Choose another {option}.",
                folder.display()
            );
        }
        if !may_replace {
            bail!("{shown} is there already. Choose another {option}, or replace it with --force.");
        }
    }
    Ok(())
}

/// What `--out` calls standard output.
pub const STANDARD_OUTPUT: &str = "-";

/// Whether a file or folder that is there lies in that folder, at any depth.
pub fn lies_in(path: &Path, folder: &Path) -> bool {
    match (path.canonicalize(), folder.canonicalize()) {
        (Ok(path), Ok(folder)) => path.starts_with(folder),
        _ => false,
    }
}

/// What tells a file that is not there yet from another one: these systems don't tell cases apart.
fn name_on_disk(path: &Path) -> PathBuf {
    if cfg!(any(windows, target_os = "macos")) {
        return path.to_string_lossy().to_lowercase().into();
    }
    path.to_owned()
}

/// A file on its way: opened before the work, so that nobody waits for a result that cannot be kept, and there as a
/// whole or not at all.
pub struct OutFile {
    path: PathBuf,
    file: File,
    partial: LeftOver,
    /// Made for it; dropped after what lies in them.
    _folders: Vec<LeftOver>,
}

impl OutFile {
    /// Makes the folder where it is missing. `option` gave the path.
    pub fn create(option: &str, path: &Path) -> Result<Self> {
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let refused = |error: io::Error| {
            anyhow!(
                "{} can't be written ({error}). Choose another {option}, in a folder that you may write to.",
                path.display()
            )
        };
        let Some(name) = path.file_name().filter(|_| !path.is_dir()) else {
            return Err(anyhow!("{} is a folder. Give a file to {option}.", path.display()));
        };
        let folders = make_folders(folder).map_err(refused)?;
        let mut partial = OsString::from(".");
        partial.push(name);
        partial.push(".partial");
        let partial = folder.join(partial);
        // What a killed run left there is written over.
        let create = || File::create(&partial).map(|file| (partial.clone(), file));
        let (partial, file) = LeftOver::make(Kind::File, create).map_err(refused)?;
        Ok(Self { path: path.to_owned(), file, partial, _folders: folders })
    }

    /// Writes it all.
    pub fn write(self, bytes: &[u8]) -> Result<()> {
        let Self { path, mut file, partial, _folders } = self;
        let written = file.write_all(bytes).and_then(|()| file.sync_all()).and_then(|()| {
            // Some systems rename no open file.
            drop(file);
            let _held = hold();
            fs::rename(partial.path(), &path)
        });
        written.map_err(|error| {
            anyhow!("{} could not be written ({error}). Free some space and run again.", path.display())
        })
    }
}

/// Writes to standard output, and nothing else there.
pub fn write_standard_output(bytes: &[u8]) -> Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        // As with what is printed: who stops reading has what they want.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(anyhow!("standard output could not be written ({error}). Give a file to --out."))
        }
        _ => Ok(()),
    }
}
