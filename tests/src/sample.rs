//! The sample pictures beside the page, in which the object of every pixel is known exactly.

use std::collections::BTreeMap;
use std::error::Error;

use maskov_engine::RgbImage;

use maskov_fixtures::{fixture, repository};

/// R of every measurement on them: the CPU's default. A software adapter would need minutes at the model's own.
pub const RESOLUTION: usize = 32;

/// A picture and its objects.
pub struct Sample {
    /// The picture.
    pub photo: RgbImage<'static>,
    /// Masks of 0 and 1, `[height · width]`, by name.
    pub objects: BTreeMap<String, Vec<u8>>,
}

impl Sample {
    /// Reads `web/sample/NAME.jpg` and the numbers in `fixtures/NAME`: `labels.png`, and their names in `labels.json`.
    pub fn open(name: &str) -> Result<Self, Box<dyn Error>> {
        let photo = maskov_photo::decode(&std::fs::read(repository(format!("web/sample/{name}.jpg")))?)?;
        let labels = maskov_photo::read_mask(&std::fs::read(fixture(format!("{name}/labels.png")))?)?;
        let numbers: BTreeMap<String, u16> =
            serde_json::from_slice(&std::fs::read(fixture(format!("{name}/labels.json")))?)?;
        let mask = |number: u16| labels.values.iter().map(|&value| u8::from(value == number)).collect();
        Ok(Self {
            photo: RgbImage::new(photo.width(), photo.height(), photo.rgb().into_owned())?,
            objects: numbers.into_iter().map(|(name, number)| (name, mask(number))).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(name: &str, objects: usize) -> Sample {
        let sample = Sample::open(name).expect("the sample pictures are in the repository");
        assert_eq!(sample.objects.len(), objects);
        for (object, mask) in &sample.objects {
            assert_eq!(mask.len(), sample.photo.len());
            assert!(mask.iter().filter(|&&value| value == 1).count() > 1000, "{object} is too small");
        }
        sample
    }

    #[test]
    fn every_object_of_the_still_life_is_in_the_picture() {
        open("still_life", 11);
    }

    #[test]
    fn the_duck_is_one_main_thing() {
        let duck = open("duck", 1);
        let share = duck.objects["duck"].iter().filter(|&&value| value == 1).count() as f64
            / duck.objects["duck"].len() as f64;
        assert!((0.12..0.22).contains(&share), "it covers {share:.3} of the photo");
    }
}
