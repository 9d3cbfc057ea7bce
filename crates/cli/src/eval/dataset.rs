//! Which images there are and which masks belong to them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

use crate::files::read;

/// How a data set lies on disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// images/ and masks/: masks STEM.* or STEM_*.*
    #[default]
    Folders,
    /// Berkeley as published with interactive segmentation: images/, masks/ with STEM.* or STEM#*.*
    Berkeley,
    /// SBD: img/*.jpg, inst/*.mat (or *.png) with an instance per value, val.txt
    Sbd,
    /// DAVIS frames: img/, gt/
    Davis,
}

/// An image with its truth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What it goes by: its file's name, or what a list calls it.
    pub name: String,
    pub image: PathBuf,
    pub truths: Vec<Truth>,
}

/// A file that says what is true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Truth {
    /// One object.
    Mask(PathBuf),
    /// An object per value.
    Instances(PathBuf),
}

impl Truth {
    pub fn path(&self) -> &Path {
        match self {
            Self::Mask(path) | Self::Instances(path) => path,
        }
    }
}

/// All images that have a mask, sorted by name.
pub fn items(dataset: &Path, format: Format) -> Result<Vec<Item>> {
    let (images, masks) = match format {
        Format::Folders | Format::Berkeley => ("images", "masks"),
        Format::Sbd => ("img", "inst"),
        Format::Davis => ("img", "gt"),
    };
    let mut images = files(&dataset.join(images))?;
    let masks = files(&dataset.join(masks))?;
    if format == Format::Sbd {
        keep_listed(&mut images, &dataset.join("val.txt"))?;
    }
    let item = |image: PathBuf| {
        let own = masks.iter().filter(|mask| is_mask_of(mask, &image, format)).cloned();
        let truth: fn(PathBuf) -> Truth = if format == Format::Sbd { Truth::Instances } else { Truth::Mask };
        let name = image.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Item { name, truths: own.map(truth).collect(), image }
    };
    let items: Vec<Item> = images.into_iter().map(item).filter(|item| !item.truths.is_empty()).collect();
    if items.is_empty() {
        bail!(
            "{} has no image with a mask of the same name. See `maskov eval --help` for the layout, or choose --format.",
            dataset.display()
        );
    }
    Ok(items)
}

fn is_mask_of(mask: &Path, image: &Path, format: Format) -> bool {
    let (mask, image) = (stem(mask), stem(image));
    let separator = match format {
        Format::Folders => '_',
        Format::Berkeley => '#',
        Format::Sbd | Format::Davis => return mask == image,
    };
    mask.strip_prefix(&image).is_some_and(|rest| rest.is_empty() || rest.starts_with(separator))
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let missing = || {
        format!(
            "{} can't be read: a data set needs it. See `maskov eval --help` for the layout",
            folder.display()
        )
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(missing)? {
        let path = entry.with_context(missing)?.path();
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if path.is_file() && !hidden {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Where there is a list, what it lists.
fn keep_listed(images: &mut Vec<PathBuf>, list: &Path) -> Result<()> {
    if list.is_file() {
        let list = read(list)?;
        let listed: Vec<String> =
            String::from_utf8_lossy(&list).lines().map(|line| line.trim().to_owned()).collect();
        images.retain(|image| listed.contains(&stem(image)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_belong_to_images_by_their_names() {
        let belongs = |mask: &str, image: &str, format| is_mask_of(Path::new(mask), Path::new(image), format);
        assert!(belongs("a.png", "a.jpg", Format::Folders));
        assert!(belongs("a_17.png", "a.bmp", Format::Folders));
        assert!(!belongs("ab.png", "a.jpg", Format::Folders));
        assert!(!belongs("a.png", "a_17.jpg", Format::Folders));
        assert!(belongs("a#2.png", "a.jpg", Format::Berkeley));
        assert!(!belongs("a_2.png", "a.jpg", Format::Berkeley));
        assert!(belongs("a.mat", "a.jpg", Format::Sbd) && !belongs("a_1.png", "a.jpg", Format::Davis));
    }

    #[test]
    fn a_folder_becomes_items() {
        let root = std::env::temp_dir().join(format!("maskov-dataset-{}", std::process::id()));
        for file in [
            "images/b.png",
            "images/a.jpg",
            "images/alone.jpg",
            "masks/a_1.png",
            "masks/a_2.png",
            "masks/b.png",
        ] {
            let path = root.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, []).unwrap();
        }
        let found = items(&root, Format::Folders).unwrap();
        let counts: Vec<_> = found.iter().map(|item| (item.name.as_str(), item.truths.len())).collect();
        assert_eq!(counts, [("a.jpg", 2), ("b.png", 1)]);
        assert!(items(&root, Format::Davis).unwrap_err().to_string().contains("img"));
        fs::remove_dir_all(root).unwrap();
    }
}
