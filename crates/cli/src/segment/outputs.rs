//! Where masks go.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::files::{STANDARD_OUTPUT, has_picture_ending};

/// The mask file of every photo.
pub fn outputs(images: &[PathBuf], out: &Path) -> Result<Vec<PathBuf>> {
    let is_png = out.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("png"));
    if has_picture_ending(out) && !is_png && !out.is_dir() {
        bail!(
            "--out {}: masks are PNG files. Give {}, or a folder.",
            out.display(),
            out.with_extension("png").display()
        );
    }
    if out.as_os_str() == STANDARD_OUTPUT {
        return Ok(vec![out.to_owned(); images.len()]);
    }
    if is_png && !out.is_dir() {
        if images.len() > 1 {
            bail!(
                "--out {} is one file and there are {} photos. Give a folder.",
                out.display(),
                images.len()
            );
        }
        return Ok(vec![out.to_owned()]);
    }
    let mut taken = HashMap::new();
    let output = |image: &PathBuf| {
        let stem = image.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let mask = out.join(format!("{stem}_mask.png"));
        match taken.insert(mask.clone(), image.clone()) {
            Some(other) => bail!(
                "{} and {} would both be written to {}. Rename one.",
                other.display(),
                image.display(),
                mask.display()
            ),
            None => Ok(mask),
        }
    };
    images.iter().map(output).collect()
}

/// `photo_mask.png` to `photo_cutout.png`, any other `name.png` to `name_cutout.png`.
pub fn beside(mask: &Path, kind: &str) -> PathBuf {
    let stem = mask.file_stem().unwrap_or_default().to_string_lossy();
    let stem = stem.strip_suffix("_mask").unwrap_or(&stem);
    mask.with_file_name(format!("{stem}_{kind}.png"))
}
