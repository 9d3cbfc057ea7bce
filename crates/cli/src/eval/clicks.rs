//! The objects of an image and where the next click on one goes.

use std::ops::Deref;

use anyhow::{Context, Result, bail};
use maskov_engine::PromptPoint;
use maskov_photo::{Mask, Meaning, Orientation, Photo, read_mask};
use maskov_segment::evaluation::{iou_without, next_click};

use super::dataset::{Item, Truth};
use super::mat_file;
use super::notes::Note;
use super::shrink::LongSide;
use crate::files::read;

/// The grey value that some conventions leave out.
const UNSURE: u16 = 128;
/// The value of borders in maps of labels as PASCAL's; one among more labels is a label.
const BORDER: u16 = 255;

/// The object in one mask.
pub struct Object {
    pub name: String,
    /// u8 `[height, width]`, 1 on the object.
    pub truth: Vec<u8>,
    /// Pixels that count nowhere, where there are any.
    ignored: Option<Vec<bool>>,
    width: usize,
}

impl Object {
    /// Where a person would click next; `None` where there is no object at all.
    pub fn next_click(&self, prediction: &[u8]) -> Option<PromptPoint> {
        next_click(prediction, &self.truth, self.width, |i| self.is_ignored(i))
    }

    pub fn iou(&self, prediction: &[u8]) -> f64 {
        iou_without(prediction, &self.truth, |i| self.is_ignored(i))
    }

    /// Pixels of the object.
    pub fn area(&self) -> usize {
        self.truth.iter().filter(|&&value| value != 0).count()
    }

    /// What a pixel belongs to; `None` where it counts nowhere.
    pub fn side(&self, x: u32, y: u32) -> Option<bool> {
        let pixel = y as usize * self.width + x as usize;
        (!self.is_ignored(pixel)).then(|| self.truth[pixel] != 0)
    }

    /// Width and height.
    pub fn size(&self) -> (u32, u32) {
        (self.width as u32, (self.truth.len() / self.width.max(1)) as u32)
    }

    fn shrunk(&self, long_side: LongSide) -> Self {
        let size = self.size();
        let truth: Vec<bool> = self.truth.iter().map(|&value| value != 0).collect();
        let truth = long_side.cover(&truth, size).into_iter().map(u8::from).collect();
        let ignored = self.ignored.as_ref().map(|ignored| long_side.cover(ignored, size));
        Self { name: self.name.clone(), truth, ignored, width: long_side.of(size).0 as usize }
    }

    fn is_ignored(&self, pixel: usize) -> bool {
        self.ignored.as_ref().is_some_and(|ignored| ignored[pixel])
    }

    fn of_mask(name: String, mask: &Mask, ignore_unsure: bool) -> Self {
        let is_unsure = |value: &u16| ignore_unsure && *value == UNSURE;
        let truth = mask.values.iter().map(|value| u8::from(*value > 0 && !is_unsure(value))).collect();
        let ignored: Vec<bool> = mask.values.iter().map(is_unsure).collect();
        let ignored = ignored.contains(&true).then_some(ignored);
        Self { name, truth, ignored, width: mask.width as usize }
    }

    #[cfg(test)]
    pub fn of_truth(name: &str, truth: Vec<u8>, width: usize) -> Self {
        Self { name: name.to_owned(), truth, ignored: None, width }
    }

    /// Value `label` of a map of labels.
    fn of_label(name: String, map: &Mask, label: u16) -> Self {
        let truth = map.values.iter().map(|value| u8::from(*value == label)).collect();
        Self { name, truth, ignored: None, width: map.width as usize }
    }
}

/// All objects of an image that have a pixel.
pub struct Objects(Vec<Object>);

impl Objects {
    /// From the masks of a photo, which must be as large as it is, or as it was before EXIF turned it.
    pub fn read(item: &Item, photo: &Photo, ignore_unsure: bool, notes: &mut Vec<Note>) -> Result<Self> {
        let mut objects = Vec::new();
        for truth in &item.truths {
            let path = truth.path();
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let bytes = read(path)?;
            let is_mat = path.extension().is_some_and(|extension| extension == "mat");
            let mask = match truth {
                Truth::Instances(_) if is_mat => mat_file::segmentation(&bytes),
                _ => read_mask(&bytes).map_err(Into::into),
            };
            let mask = mask.with_context(|| path.display().to_string())?;
            let mask = fitted(mask, photo, &format!("{file} of {}", item.name), notes)?;
            let mut labels = mask.labels();
            let is_map = match truth {
                Truth::Instances(_) => true,
                Truth::Mask(_) => mask.meaning == Meaning::Labels && labels.len() > 1,
                Truth::Whole(_) => false,
            };
            // Whoever chose a format knows what its values are.
            let is_doubtful = matches!(truth, Truth::Mask(_));
            let found = objects.len();
            if let Some(note) = mask.note.filter(|_| is_doubtful) {
                notes.push(Note::new(&file, note));
            }
            if is_map {
                if labels.last() == Some(&BORDER) {
                    labels.remove(&BORDER);
                    let sentence = "Value 255 is taken as a border between objects and is none itself.";
                    notes.extend(is_doubtful.then(|| Note::new(&file, sentence)));
                }
                objects.extend(
                    labels.into_iter().map(|label| Object::of_label(format!("{name}#{label}"), &mask, label)),
                );
            } else {
                // A lone label of 128 is no unsure pixel.
                let ignore_unsure = ignore_unsure && mask.meaning == Meaning::Brightness;
                objects.push(Object::of_mask(name, &mask, ignore_unsure));
            }
            objects.retain(|object| object.truth.contains(&1));
            if objects.len() == found {
                notes.push(Note::new(file, "The mask holds no object."));
            }
        }
        Ok(Self(objects))
    }

    /// All of them smaller. Gives the names of those that have no pixel then, which are left out.
    pub fn shrink(&mut self, long_side: LongSide) -> Vec<String> {
        let (kept, lost): (Vec<_>, Vec<_>) = self
            .0
            .iter()
            .map(|object| object.shrunk(long_side))
            .partition(|object| object.truth.contains(&1));
        self.0 = kept;
        lost.into_iter().map(|object| object.name).collect()
    }
}

/// The mask as large as its photo. Where EXIF turns the photo and not the mask, their sizes tell whether it was drawn
/// before or after, or it is said what was taken. `names` are both of them.
fn fitted(mask: Mask, photo: &Photo, names: &str, notes: &mut Vec<Note>) -> Result<Mask> {
    use Orientation::{NoTransforms, Rotate90, Rotate90FlipH, Rotate270, Rotate270FlipH};
    let size = (photo.width(), photo.height());
    let found = (mask.width, mask.height);
    let turn = photo.orientation();
    let turned_alone = turn != NoTransforms && mask.orientation == NoTransforms;
    let swaps_sides = matches!(turn, Rotate90 | Rotate270 | Rotate90FlipH | Rotate270FlipH);
    if found == size {
        let told_by_size = swaps_sides && size.0 != size.1;
        if turned_alone && !told_by_size {
            notes.push(Note::new(
                names,
                "EXIF turns the photo and not the mask, and their sizes don't tell which came first: the mask is \
                 taken as drawn on the turned photo. Turn it where it was drawn before.",
            ));
        }
        return Ok(mask);
    }
    if turned_alone && swaps_sides && (found.1, found.0) == size {
        notes.push(Note::new(
            names,
            "EXIF turns the photo and not the mask, which has the size of the photo before that: it was turned, too.",
        ));
        return Ok(mask.turned(turn));
    }
    bail!(
        "mask {names} has {}×{} pixels and its image {}×{}: take both from one data set",
        found.0,
        found.1,
        size.0,
        size.1
    )
}

impl Deref for Objects {
    type Target = [Object];

    fn deref(&self) -> &[Object] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unsure_value_counts_by_its_convention() {
        let meaning = Meaning::Brightness;
        let mask = Mask { meaning, ..Mask::of_labels(5, 1, vec![0, 128, 255, 1, 0]) };
        let papers = Object::of_mask("a".into(), &mask, false);
        assert_eq!(papers.truth, [0, 1, 1, 1, 0]);
        assert_eq!(papers.iou(&[0, 0, 1, 1, 0]), 2.0 / 3.0);
        let ritms = Object::of_mask("a".into(), &mask, true);
        assert_eq!(ritms.truth, [0, 0, 1, 1, 0]);
        assert_eq!(ritms.iou(&[0, 1, 1, 1, 0]), 1.0, "an ignored pixel is no error");
        assert_eq!(ritms.next_click(&[0, 0, 0, 0, 0]).unwrap().x, 2);
        let instance = Object::of_label("a#1".into(), &mask, 1);
        assert_eq!(instance.truth, [0, 0, 0, 1, 0]);
    }
}
