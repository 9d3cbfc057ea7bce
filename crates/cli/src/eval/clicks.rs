//! The objects of an image and where the next click on one goes.

use std::ops::Deref;

use anyhow::{Context, Result, bail};
use maskov_engine::PromptPoint;
use maskov_photo::{GreyMask, read_mask};
use maskov_segment::evaluation::{iou_without, next_click};

use super::dataset::{Item, Truth};
use super::mat_file;
use super::shrink::LongSide;
use crate::files::read;

/// The grey value that some conventions leave out.
const UNSURE: u8 = 128;

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

    fn of_mask(name: String, mask: &GreyMask, ignore_unsure: bool) -> Self {
        let is_unsure = |value: &u8| ignore_unsure && *value == UNSURE;
        let truth = mask.values.iter().map(|value| u8::from(*value > 0 && !is_unsure(value))).collect();
        let ignored: Vec<bool> = mask.values.iter().map(is_unsure).collect();
        let ignored = ignored.contains(&true).then_some(ignored);
        Self { name, truth, ignored, width: mask.width as usize }
    }

    #[cfg(test)]
    pub fn of_truth(name: &str, truth: Vec<u8>, width: usize) -> Self {
        Self { name: name.to_owned(), truth, ignored: None, width }
    }

    /// Value `instance` of a map of instances.
    fn of_instance(name: String, map: &GreyMask, instance: u8) -> Self {
        let truth = map.values.iter().map(|value| u8::from(*value == instance)).collect();
        Self { name, truth, ignored: None, width: map.width as usize }
    }
}

/// All objects of an image that have a pixel.
pub struct Objects(Vec<Object>);

impl Objects {
    pub fn read(item: &Item, ignore_unsure: bool) -> Result<Self> {
        let mut objects = Vec::new();
        for truth in &item.truths {
            let path = truth.path();
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let bytes = read(path)?;
            let shown = || path.display().to_string();
            match truth {
                Truth::Mask(_) => {
                    objects.push(Object::of_mask(
                        name,
                        &read_mask(&bytes).with_context(shown)?,
                        ignore_unsure,
                    ));
                }
                Truth::Instances(_) => {
                    let is_mat = path.extension().is_some_and(|extension| extension == "mat");
                    let map = if is_mat {
                        mat_file::segmentation(&bytes).with_context(shown)?
                    } else {
                        read_mask(&bytes).with_context(shown)?
                    };
                    let mut seen = [false; 256];
                    map.values.iter().for_each(|&value| seen[usize::from(value)] = true);
                    // 0 is background; 255 marks borders in maps that were converted from PASCAL's.
                    let instances = (1..255u8).filter(|&value| seen[usize::from(value)]);
                    objects.extend(
                        instances.map(|value| Object::of_instance(format!("{name}#{value}"), &map, value)),
                    );
                }
            }
        }
        objects.retain(|object| object.truth.contains(&1));
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

    /// Masks must be as large as their photo.
    pub fn check_size(&self, (width, height): (u32, u32)) -> Result<()> {
        for object in &self.0 {
            let found = object.size();
            if found != (width, height) {
                bail!(
                    "mask {} has {}×{} pixels and its image {width}×{height}: take both from one data set",
                    object.name,
                    found.0,
                    found.1
                );
            }
        }
        Ok(())
    }
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
        let mask = GreyMask { width: 5, height: 1, values: vec![0, 128, 255, 1, 0] };
        let papers = Object::of_mask("a".into(), &mask, false);
        assert_eq!(papers.truth, [0, 1, 1, 1, 0]);
        assert_eq!(papers.iou(&[0, 0, 1, 1, 0]), 2.0 / 3.0);
        let ritms = Object::of_mask("a".into(), &mask, true);
        assert_eq!(ritms.truth, [0, 0, 1, 1, 0]);
        assert_eq!(ritms.iou(&[0, 1, 1, 1, 0]), 1.0, "an ignored pixel is no error");
        assert_eq!(ritms.next_click(&[0, 0, 0, 0, 0]).unwrap().x, 2);
        let instance = Object::of_instance("a#1".into(), &mask, 1);
        assert_eq!(instance.truth, [0, 0, 0, 1, 0]);
    }
}
