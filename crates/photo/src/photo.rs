//! A decoded photo.

use std::borrow::Cow;
use std::fmt;

use image::metadata::Orientation;
use image::{DynamicImage, RgbImage, RgbaImage};

use crate::PhotoError;
use crate::decode::Metadata;
use crate::exif;
use crate::ground::over_ground;

/// A photo as one sees it: oriented by its EXIF, at its own depth, with its colour profile.
///
/// The file's EXIF and other metadata are not kept: the orientation is applied, and the rest (place, time, camera)
/// is nobody's business once the photo is cut out.
#[derive(Debug, Clone)]
pub struct Photo {
    pixels: DynamicImage,
    orientation: Orientation,
    icc_profile: Option<Vec<u8>>,
    notes: Vec<Note>,
}

/// Something about a photo that its owner may want to know; `Display` is the sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// The file holds an animation.
    FirstFrameOnly,
    /// The file holds CMYK inks.
    CmykConverted,
    /// The colour profile is for other colour channels than the pixels have.
    ProfileDropped,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FirstFrameOnly => "The file is an animation: its first frame is used.",
            Self::CmykConverted => {
                "The photo is in printing inks (CMYK): it was converted to RGB, so its colours are approximate."
            }
            Self::ProfileDropped => "The photo's colour profile does not fit its pixels and was left out.",
        })
    }
}

impl Photo {
    /// A photo from decoded pixels: turned as EXIF says, with the profile where it fits the pixels.
    pub(crate) fn new(mut pixels: DynamicImage, metadata: Metadata) -> Self {
        let Metadata { icc_profile, exif, mut notes } = metadata;
        let orientation = exif::orientation(exif.as_deref());
        pixels.apply_orientation(orientation);
        let had_profile = icc_profile.is_some();
        let icc_profile = icc_profile.filter(|profile| profile_fits(profile, &pixels));
        if had_profile && icc_profile.is_none() && !notes.contains(&Note::CmykConverted) {
            notes.push(Note::ProfileDropped);
        }
        Self { pixels, orientation, icc_profile, notes }
    }

    pub(crate) fn with_note(mut self, note: Note) -> Self {
        self.notes.push(note);
        self
    }

    /// Other pixels of the same size.
    pub(crate) fn map(mut self, change: impl FnOnce(DynamicImage) -> DynamicImage) -> Self {
        self.pixels = change(self.pixels);
        self
    }

    /// A photo that the platform decoded: `rgba` holds height × width × 4 bytes, sRGB, alpha not premultiplied, the
    /// right way up (a canvas gives exactly that).
    ///
    /// # Errors
    /// [`PhotoError::WrongPixelCount`] where the length is not width × height × 4, or a side is zero.
    pub fn from_rgba(width: u32, height: u32, rgba: &[u8]) -> Result<Self, PhotoError> {
        let wrong = PhotoError::WrongPixelCount { width, height, got: rgba.len() };
        let pixels = u64::from(width) * u64::from(height);
        if pixels == 0 || pixels.checked_mul(4) != Some(rgba.len() as u64) {
            return Err(wrong);
        }
        let (quads, _) = rgba.as_chunks::<4>();
        let opaque = quads.iter().all(|pixel| pixel[3] == 255);
        let image = if opaque {
            let rgb = quads.iter().flat_map(|&[r, g, b, _]| [r, g, b]).collect();
            RgbImage::from_raw(width, height, rgb).map(DynamicImage::from)
        } else {
            RgbaImage::from_raw(width, height, rgba.to_vec()).map(DynamicImage::from)
        };
        let pixels = image.ok_or(wrong)?;
        Ok(Self { pixels, orientation: Orientation::NoTransforms, icc_profile: None, notes: Vec::new() })
    }

    /// Width in pixels, as one sees the photo.
    pub fn width(&self) -> u32 {
        self.pixels.width()
    }

    /// Height in pixels, as one sees the photo.
    pub fn height(&self) -> u32 {
        self.pixels.height()
    }

    /// What the method reads: 8-bit RGB, [height × width, 3]. Grey is repeated, 16 bits are rounded to 8, and
    /// transparent pixels stand over white, or over middle grey or black where the object would not stand out from
    /// white: a transparent pixel's hidden colour is arbitrary.
    /// Values are the file's own, not converted by its colour profile, as in the reference.
    pub fn rgb(&self) -> Cow<'_, [u8]> {
        match &self.pixels {
            DynamicImage::ImageRgb8(rgb) => Cow::Borrowed(rgb.as_raw()),
            image if image.color().has_alpha() => Cow::Owned(over_ground(image)),
            image => Cow::Owned(image.to_rgb8().into_raw()),
        }
    }

    /// The photo's own pixels at their own depth: grey or RGB, 8 or 16 bits, alpha where the file has it.
    pub fn pixels(&self) -> &DynamicImage {
        &self.pixels
    }

    /// How the file's EXIF turned the photo.
    pub fn orientation(&self) -> Orientation {
        self.orientation
    }

    /// The file's ICC profile, byte for byte, or one that says the same as its PNG chunks (cICP, sRGB, gAMA, cHRM);
    /// `None` where it has none, or one for other channels than the pixels have.
    pub fn icc_profile(&self) -> Option<&[u8]> {
        self.icc_profile.as_deref()
    }

    /// What the owner may want to know about this photo.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }
}

/// Whether an ICC profile describes the channels that the pixels have: bytes 16..20 of its header name its colour
/// space and 36..40 are its signature (ICC.1:2022, 7.2).
fn profile_fits(profile: &[u8], pixels: &DynamicImage) -> bool {
    let wanted = if pixels.color().has_color() { b"RGB " } else { b"GRAY" };
    profile.len() >= 128 && &profile[16..20] == wanted && &profile[36..40] == b"acsp"
}
