//! Which images there are and which masks belong to them.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use maskov_photo::is_picture;

use super::notes::Note;
use crate::files::{has_picture_ending, read};

/// How a data set lies on disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// images/ and masks/: masks STEM.* or STEM_*.*, unless the file is another image's own mask
    #[default]
    Folders,
    /// Berkeley as published with interactive segmentation: images/, masks/ with STEM.* or STEM#*.*
    Berkeley,
    /// SBD: img/*.jpg, inst/*.mat (or *.png) with an instance per value, val.txt
    Sbd,
    /// DAVIS frames: img/, gt/
    Davis,
}

/// SBD's list of the images that are evaluated.
pub const SBD_LIST: &str = "val.txt";

impl Format {
    /// The names of the folders of images and of masks.
    pub fn folders(self) -> (&'static str, &'static str) {
        match self {
            Self::Folders | Self::Berkeley => ("images", "masks"),
            Self::Sbd => ("img", "inst"),
            Self::Davis => ("img", "gt"),
        }
    }
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
    /// One object, or an object per label.
    Mask(PathBuf),
    /// One object, whatever its values.
    Whole(PathBuf),
    /// An object per value.
    Instances(PathBuf),
}

impl Truth {
    pub fn path(&self) -> &Path {
        match self {
            Self::Mask(path) | Self::Whole(path) | Self::Instances(path) => path,
        }
    }
}

/// What there is in a data set.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct DataSet {
    /// The images that have a mask, sorted by name.
    pub items: Vec<Item>,
    /// Images that have none.
    pub images_without_mask: Vec<String>,
    /// Masks of no image.
    pub masks_without_image: Vec<String>,
    /// What is no image: other files, hidden ones and folders, by their path in the data set.
    pub skipped: Vec<String>,
    pub notes: Vec<Note>,
}

impl DataSet {
    /// Looks into the two folders of images and masks.
    pub fn read(dataset: &Path, format: Format) -> Result<Self> {
        let (images, masks) = format.folders();
        let mut found = Self::default();
        let mut images = found.pictures(dataset, images, |_| false)?;
        let is_mat =
            |file: &Path| format == Format::Sbd && file.extension().is_some_and(|ending| ending == "mat");
        let masks = found.pictures(dataset, masks, is_mat)?;
        let mut masks_of = found.assign(&images, masks, format);
        if format == Format::Sbd {
            keep_listed(&mut images, &dataset.join(SBD_LIST))?;
        }
        for image in images {
            let name = name(&image);
            match masks_of.remove(&image) {
                Some(truths) => found.items.push(Item { name, image, truths }),
                None => found.images_without_mask.push(name),
            }
        }
        if found.items.is_empty() {
            bail!(
                "{} has no image with a mask of the same name. See `maskov eval --help` for the layout, or choose --format.",
                dataset.display()
            );
        }
        Ok(found)
    }

    /// The pictures of a folder, sorted; anything else is skipped.
    fn pictures(
        &mut self,
        dataset: &Path,
        folder: &str,
        is_picture: impl Fn(&Path) -> bool,
    ) -> Result<Vec<PathBuf>> {
        let root = dataset.join(folder);
        let missing = || {
            format!(
                "{} can't be read: a data set needs it. See `maskov eval --help` for the layout",
                root.display()
            )
        };
        let mut pictures = Vec::new();
        for entry in fs::read_dir(&root).with_context(missing)? {
            let path = entry.with_context(missing)?.path();
            let name = name(&path);
            if path.is_dir() {
                self.skipped.push(format!("{folder}/{name}/"));
            } else if name.starts_with('.') || !(is_picture(&path) || is_picture_file(&path)) {
                self.skipped.push(format!("{folder}/{name}"));
            } else {
                pictures.push(path);
            }
        }
        pictures.sort();
        self.skipped.sort();
        Ok(pictures)
    }

    /// Gives every mask to the image whose name it begins with, the longest one where there are several. Only images
    /// that differ in nothing but their endings share a mask, which is told.
    fn assign(
        &mut self,
        images: &[PathBuf],
        masks: Vec<PathBuf>,
        format: Format,
    ) -> HashMap<PathBuf, Vec<Truth>> {
        let mut images_of: HashMap<String, Vec<&PathBuf>> = HashMap::new();
        for image in images {
            // The whole name, too, as some tools have it: cat.jpg.png. They are one where there is no ending.
            for beginning in BTreeSet::from([stem(image), name(image)]) {
                images_of.entry(beginning).or_default().push(image);
            }
        }
        let mut masks_of: HashMap<PathBuf, Vec<Truth>> = HashMap::new();
        for mask in masks {
            let Some(images) =
                beginnings(&mask, format).find_map(|beginning| images_of.get(beginning.as_str()))
            else {
                self.masks_without_image.push(name(&mask));
                continue;
            };
            if let [_, _, ..] = images[..] {
                let images: Vec<String> = images.iter().map(|image| name(image)).collect();
                let sentence = "The mask is an object of each image of its name.";
                self.notes.push(Note::new(format!("{} of {}", name(&mask), images.join(" and ")), sentence));
            }
            for image in images {
                let truth = match format {
                    Format::Folders => Truth::Mask,
                    Format::Berkeley | Format::Davis => Truth::Whole,
                    Format::Sbd => Truth::Instances,
                };
                masks_of.entry((*image).clone()).or_default().push(truth(mask.clone()));
            }
        }
        masks_of
    }
}

/// What the image of a mask may be called, the longest first.
fn beginnings(mask: &Path, format: Format) -> impl Iterator<Item = String> {
    let (name, stem) = (name(mask), stem(mask));
    let separator = match format {
        Format::Folders => Some('_'),
        Format::Berkeley => Some('#'),
        Format::Sbd | Format::Davis => None,
    };
    let ends: Vec<usize> = match separator {
        Some(separator) => name.match_indices(['.', separator]).map(|(end, _)| end).collect(),
        None => vec![stem.len()],
    };
    ends.into_iter().rev().map(move |end| name[..end].to_owned())
}

/// A file that is read here, or one whose name promises it and whose reading says why not.
fn is_picture_file(path: &Path) -> bool {
    // Enough for every format to show itself.
    let mut head = Vec::with_capacity(1024);
    let is_read = fs::File::open(path).and_then(|file| file.take(1024).read_to_end(&mut head)).is_ok();
    has_picture_ending(path) || (is_read && is_picture(&head))
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
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

    /// A data set of those files, read: image and number of masks, images without, masks without, and what is skipped.
    fn read_files(test: &str, files: &[&str], format: Format) -> DataSet {
        let root = std::env::temp_dir().join(format!("maskov-dataset-{test}-{}", std::process::id()));
        for file in files {
            let path = root.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "no picture").unwrap();
        }
        let found = DataSet::read(&root, format).unwrap();
        assert!(DataSet::read(&root, Format::Sbd).unwrap_err().to_string().contains("img"));
        fs::remove_dir_all(root).unwrap();
        found
    }

    fn counts(found: &DataSet) -> Vec<(&str, usize)> {
        found.items.iter().map(|item| (item.name.as_str(), item.truths.len())).collect()
    }

    #[test]
    fn a_folder_becomes_items_and_the_rest_is_counted() {
        let files = [
            "images/b.png",
            "images/a.JPG",
            "images/alone.jpg",
            "images/a.json",
            "images/.DS_Store",
            "images/Thumbs.db",
            "images/more/c.png",
            "masks/a_1.png",
            "masks/a_2.PNG",
            "masks/b.png",
            "masks/b.xml",
            "masks/nobody.png",
        ];
        let found = read_files("rest", &files, Format::Folders);
        assert_eq!(counts(&found), [("a.JPG", 2), ("b.png", 1)]);
        assert_eq!(found.images_without_mask, ["alone.jpg"]);
        assert_eq!(found.masks_without_image, ["nobody.png"]);
        let skipped =
            ["images/.DS_Store", "images/Thumbs.db", "images/a.json", "images/more/", "masks/b.xml"];
        assert_eq!(found.skipped, skipped);
        assert!(found.notes.is_empty());
    }

    #[test]
    fn a_mask_belongs_to_the_image_of_the_longest_name() {
        let files = [
            "images/cat.png",
            "images/cat_2.png",
            "images/cat.v2.jpg",
            "images/dog.jpg",
            "images/dog.png",
            "masks/cat.png",
            "masks/cat_1.png",
            "masks/cat_2.png",
            "masks/cat_2_1.png",
            "masks/cat.v2.png",
            "masks/cat.v2_7.png",
            "masks/cat.v3.png",
            "masks/category.png",
            "masks/dog.jpg.png",
            "masks/dog.bmp",
        ];
        let found = read_files("names", &files, Format::Folders);
        let expected = [("cat.png", 3), ("cat.v2.jpg", 2), ("cat_2.png", 2), ("dog.jpg", 2), ("dog.png", 1)];
        assert_eq!(counts(&found), expected);
        assert_eq!(found.masks_without_image, ["category.png"]);
        assert_eq!(found.notes[0].file, "dog.bmp of dog.jpg and dog.png");

        let berkeley = read_files("berkeley", &files[..6], Format::Berkeley);
        assert_eq!(counts(&berkeley), [("cat.png", 1)]);
        let hash = ["images/a.jpg", "masks/a#2.png", "masks/a_2.png"];
        let hash = read_files("hash", &hash, Format::Berkeley);
        assert_eq!(counts(&hash), [("a.jpg", 1)]);
        assert_eq!(hash.masks_without_image, ["a_2.png"]);
    }
}
