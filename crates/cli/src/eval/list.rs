//! A list of objects: a CSV file with the columns part, image and mask.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};

use super::dataset::{Item, Truth};
use crate::files::read;

const HEADER: &str = "part,image,mask";

/// The objects to evaluate, in the order of the list, and the part that each belongs to.
pub struct List {
    pub items: Vec<Item>,
    /// By the name of the object.
    parts: HashMap<String, String>,
}

impl List {
    /// The rows of one part, or all; the masks of a photo come together where its first one stands.
    pub fn read(file: &Path, dataset: &Path, part: Option<&str>) -> Result<Self> {
        let shown = || file.display().to_string();
        let bytes = read(file)?;
        let text = str::from_utf8(&bytes).map_err(|_| anyhow!("{} is no text. Give a CSV file.", shown()))?;
        let mut list = Self { items: Vec::new(), parts: HashMap::new() };
        let mut lines_of = HashMap::new();
        let mut rows_of_parts = BTreeMap::new();
        for (line, row) in rows(text).with_context(shown)? {
            let at = || format!("{}, line {line}", shown());
            let row = Row::read(row, dataset).with_context(at)?;
            *rows_of_parts.entry(row.part.to_owned()).or_insert(0usize) += 1;
            if let Some(before) = lines_of.insert(row.object(), line) {
                bail!(
                    "{}: mask {} has the name of the mask in line {before}, and an object goes by its mask's name. Take one out.",
                    at(),
                    row.mask
                );
            }
            if part.is_none_or(|part| part == row.part) {
                list.add(&row, dataset);
            }
        }
        if list.items.is_empty() {
            let parts: Vec<_> = rows_of_parts.into_keys().collect();
            match part {
                Some(part) if !parts.is_empty() => {
                    bail!("{} has no part `{part}`; its parts are {}.", shown(), parts.join(", "))
                }
                _ => bail!("{} lists no object: write a row below {HEADER}.", shown()),
            }
        }
        Ok(list)
    }

    fn add(&mut self, row: &Row, dataset: &Path) {
        let truth = Truth::Mask(mask_path(dataset, row.mask));
        self.parts.insert(row.object(), row.part.to_owned());
        match self.items.iter_mut().find(|item| item.name == row.image) {
            Some(item) => item.truths.push(truth),
            None => self.items.push(Item {
                name: row.image.to_owned(),
                image: image_path(dataset, row.image),
                truths: vec![truth],
            }),
        }
    }

    /// The part of an object, or of the mask whose label it is.
    pub fn part_of(&self, object: &str) -> Option<&str> {
        let of_label = || self.parts.get(object.rsplit_once('#')?.0);
        self.parts.get(object).or_else(of_label).map(String::as_str)
    }
}

/// The rows that are not empty, with their line numbers.
fn rows(text: &str) -> Result<impl Iterator<Item = (usize, &str)>> {
    // What a spreadsheet writes before the first line.
    let text = text.trim_start_matches('\u{feff}');
    let mut lines = (1..).zip(text.lines().map(str::trim));
    match lines.next() {
        Some((_, HEADER)) => Ok(lines.filter(|(_, row)| !row.is_empty())),
        found => {
            let found = found.map_or("nothing", |(_, line)| line);
            bail!("line 1 is `{found}` and must be `{HEADER}`")
        }
    }
}

struct Row<'a> {
    part: &'a str,
    image: &'a str,
    mask: &'a str,
}

impl<'a> Row<'a> {
    fn read(row: &'a str, dataset: &Path) -> Result<Self> {
        let fields: Vec<&str> = row.split(',').map(str::trim).collect();
        let [part, image, mask] = fields[..] else {
            bail!("`{row}` has {} fields; write {HEADER}", fields.len());
        };
        for (what, field) in [("part", part), ("image", image), ("mask", mask)] {
            if field.is_empty() {
                bail!("the {what} is empty; write {HEADER}");
            }
        }
        for file in [image_path(dataset, image), mask_path(dataset, mask)] {
            if !file.is_file() {
                bail!("{} does not exist. Correct the name, or the data set's folder.", file.display());
            }
        }
        Ok(Self { part, image, mask })
    }

    fn object(&self) -> String {
        Path::new(self.mask).file_stem().unwrap_or_default().to_string_lossy().into_owned()
    }
}

fn image_path(dataset: &Path, name: &str) -> PathBuf {
    dataset.join("images").join(name)
}

fn mask_path(dataset: &Path, name: &str) -> PathBuf {
    dataset.join("masks").join(name)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_list_gives_its_parts_in_its_order_and_says_what_is_wrong_with_it() {
        let root = std::env::temp_dir().join(format!("maskov-list-{}", std::process::id()));
        for file in ["images/b.jpg", "images/a.jpg", "masks/b_1.png", "masks/a_1.png", "masks/b_2.png"] {
            let path = root.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, []).unwrap();
        }
        let file = root.join("list.csv");
        let read = |text: &str, part: Option<&str>| {
            fs::write(&file, text).unwrap();
            List::read(&file, &root, part)
        };
        let whole = "part,image,mask\nA,b.jpg,b_1.png\r\nB,a.jpg,a_1.png\n\nB, b.jpg, b_2.png\n";
        let list = read(whole, None).unwrap();
        let counts: Vec<_> = list.items.iter().map(|item| (item.name.as_str(), item.truths.len())).collect();
        assert_eq!(counts, [("b.jpg", 2), ("a.jpg", 1)]);
        assert_eq!((list.part_of("b_1"), list.part_of("b_2")), (Some("A"), Some("B")));
        assert_eq!((list.part_of("b_2#17"), list.part_of("c#1")), (Some("B"), None), "labels of a mask");
        let list = read(&format!("\u{feff}{whole}"), Some("B")).unwrap();
        assert_eq!((list.items[0].name.as_str(), list.items.len(), list.part_of("b_1")), ("a.jpg", 2, None));

        let refusal = |text: &str| format!("{:#}", read(text, Some("A")).err().expect(text));
        for (text, said) in [
            ("", "line 1 is `nothing` and must be `part,image,mask`"),
            ("A,b.jpg,b_1.png\n", "line 1 is `A,b.jpg,b_1.png`"),
            ("part,image,mask\n", "lists no object"),
            ("part,image,mask\nB,b.jpg,b_1.png\n", "no part `A`; its parts are B"),
            ("part,image,mask\n\nA,b.jpg\n", "line 3: `A,b.jpg` has 2 fields"),
            ("part,image,mask\n,b.jpg,b_1.png\n", "line 2: the part is empty"),
            ("part,image,mask\nA,c.jpg,b_1.png\n", "c.jpg does not exist"),
            ("part,image,mask\nB,b.jpg,c_1.png\n", "line 2: "),
            ("part,image,mask\nA,b.jpg,b_1.png\nB,b.jpg,b_1.png\n", "the mask in line 2"),
        ] {
            let found = refusal(text);
            assert!(found.contains(said) && found.contains("list.csv"), "{found}");
        }
        fs::remove_dir_all(root).unwrap();
    }
}
