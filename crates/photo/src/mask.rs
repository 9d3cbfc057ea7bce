//! A mask of a data set: the values of its pixels and what they mean.

use std::collections::BTreeSet;
use std::fmt;

use image::metadata::Orientation;
use image::{DynamicImage, ImageBuffer};

/// A mask image: one value a pixel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mask {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// [height × width]; 0 is the background.
    pub values: Vec<u16>,
    /// What the others are.
    pub meaning: Meaning,
    /// How its own EXIF turned it.
    pub orientation: Orientation,
    /// What was taken otherwise than one might have meant it.
    pub note: Option<MaskNote>,
}

/// What the values of a [`Mask`] above 0 are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// One object: a grey pixel's own value, from 1 to 255 (GrabCut's 128 stays 128), and 255 for any other colour.
    Brightness,
    /// An object a value: the indices of a coloured palette, or 16-bit values.
    Labels,
}

/// What was taken otherwise than one might have meant it; `Display` is the sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MaskNote {
    /// Several values that may be labels, or the shades of a soft mask or of a JPEG.
    SeveralGreys,
    /// Several colours that are not of a palette.
    SeveralColours,
    /// All colours are black and the object shows in the transparency.
    Transparency,
}

impl fmt::Display for MaskNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SeveralGreys => {
                "The mask has several grey values: everything above 0 is one object. \
                 Save labels with 16 bits or a palette, and a soft mask as black and white."
            }
            Self::SeveralColours => {
                "The mask has several colours and no palette: everything that is not black is one object. \
                 Save labels with a palette."
            }
            Self::Transparency => "The mask is black on nothing: what is not transparent is the object.",
        })
    }
}

impl Mask {
    /// Labels that did not come as an image, [height × width].
    pub fn of_labels(width: u32, height: u32, values: Vec<u16>) -> Self {
        let (meaning, orientation) = (Meaning::Labels, Orientation::NoTransforms);
        Self { width, height, values, meaning, orientation, note: None }
    }

    /// The values above 0.
    pub fn labels(&self) -> BTreeSet<u16> {
        distinct(&self.values)
    }

    /// Turned as that orientation turns a photo.
    pub fn turned(self, orientation: Orientation) -> Self {
        let values = ImageBuffer::from_raw(self.width, self.height, self.values);
        let mut image = DynamicImage::ImageLuma16(values.expect("a mask has a value a pixel"));
        image.apply_orientation(orientation);
        Self {
            width: image.width(),
            height: image.height(),
            values: image.into_luma16().into_raw(),
            orientation,
            ..self
        }
    }
}

pub(crate) fn distinct(values: &[u16]) -> BTreeSet<u16> {
    let mut distinct = BTreeSet::new();
    // Masks are of few runs: most pixels are like the one before.
    let mut last = 0;
    for &value in values.iter().filter(|&&value| value > 0) {
        if value != last {
            distinct.insert(value);
        }
        last = value;
    }
    distinct
}
