//! `Photo` in JS: a decoded photo.

use std::rc::Rc;

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{DynamicImage, ImageEncoder};
use maskov_photo::Note;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::ImageData;

use crate::error::Failure;
use crate::input;
use crate::types::File;

/// A decoded photo, upright. Needs no engine.
#[wasm_bindgen]
pub struct Photo {
    photo: Rc<maskov_photo::Photo>,
}

#[wasm_bindgen]
impl Photo {
    /// Reads a photo file: JPEG, PNG, WebP, GIF and BMP everywhere, AVIF and HEIC where the browser does.
    pub async fn decode(file: File) -> Result<Photo, JsValue> {
        Ok(input::decode(&file).await?)
    }

    /// A photo of pixels that are there already.
    #[wasm_bindgen(js_name = fromImageData)]
    pub fn from_image_data(image: &ImageData) -> Result<Photo, JsValue> {
        Ok(input::from_image_data(image)?)
    }

    /// Another handle of the same pixels, which is freed by itself.
    #[wasm_bindgen(js_name = clone)]
    pub fn another_handle(&self) -> Photo {
        Self { photo: self.photo.clone() }
    }

    /// Width in pixels.
    #[wasm_bindgen(getter)]
    pub fn width(&self) -> u32 {
        self.photo.width()
    }

    /// Height in pixels.
    #[wasm_bindgen(getter)]
    pub fn height(&self) -> u32 {
        self.photo.height()
    }

    /// Sentences that the photo's owner may want to know.
    #[wasm_bindgen(getter)]
    pub fn notes(&self) -> Vec<String> {
        self.photo.notes().iter().map(ToString::to_string).collect()
    }

    /// Whether the file is an animation, whose first frame this is.
    #[wasm_bindgen(getter, js_name = isAnimation)]
    pub fn is_animation(&self) -> bool {
        self.photo.notes().contains(&Note::FirstFrameOnly)
    }

    /// An 8-bit picture whose longer side has at most `maxSide` pixels, for where the browser can't show the file itself.
    pub fn png(&self, #[wasm_bindgen(js_name = maxSide)] max_side: u32) -> Result<Vec<u8>, JsValue> {
        Ok(picture(&self.photo, max_side.max(1))?)
    }
}

impl Photo {
    pub(crate) fn of(photo: maskov_photo::Photo) -> Self {
        Self { photo: Rc::new(photo) }
    }

    pub(crate) fn pixels(&self) -> Rc<maskov_photo::Photo> {
        self.photo.clone()
    }
}

fn picture(photo: &maskov_photo::Photo, max_side: u32) -> Result<Vec<u8>, Failure> {
    let pixels = photo.pixels();
    let shrunk =
        (pixels.width().max(pixels.height()) > max_side).then(|| pixels.thumbnail(max_side, max_side));
    let pixels = shrunk.as_ref().unwrap_or(pixels);
    let colour = pixels.color();
    // Grey stays grey: a grey profile describes nothing else.
    let pixels: DynamicImage = match (colour.has_color(), colour.has_alpha()) {
        (true, true) => pixels.to_rgba8().into(),
        (true, false) => pixels.to_rgb8().into(),
        (false, true) => pixels.to_luma_alpha8().into(),
        (false, false) => pixels.to_luma8().into(),
    };
    let mut bytes = Vec::new();
    let mut encoder = PngEncoder::new_with_quality(&mut bytes, CompressionType::Fast, FilterType::Adaptive);
    let failed =
        |reason: String| Failure::new("out-of-memory", format!("The picture was not written ({reason})."));
    if let Some(profile) = photo.icc_profile() {
        encoder.set_icc_profile(profile.to_vec()).map_err(|error| failed(error.to_string()))?;
    }
    pixels.write_with_encoder(encoder).map_err(|error| failed(error.to_string()))?;
    Ok(bytes)
}
