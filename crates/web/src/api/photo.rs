//! `Photo` in JS: a decoded photo.

use std::rc::Rc;

use maskov_photo::Note;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::ImageData;

use crate::error::Failure;
use crate::input;
use crate::types::File;

/// A decoded photo, upright. Needs no engine.
#[wasm_bindgen]
#[derive(Clone)]
pub struct Photo {
    photo: Rc<maskov_photo::Photo>,
    /// How the browser came to decode it, where it did.
    by_browser: Option<ByBrowser>,
}

/// What is to be told of a photo that the browser decoded.
#[derive(Clone, Copy)]
pub(crate) enum ByBrowser {
    /// Our decoders do not read files of this kind, or not this one.
    Instead,
    /// The file ends before its picture does.
    Partly,
}

impl ByBrowser {
    fn note(self) -> &'static str {
        match self {
            Self::Instead => "This browser decoded the file for Maskov, so its colours may be approximate.",
            Self::Partly => {
                "The file is cut off: this browser opened what is there, and the rest is missing."
            }
        }
    }
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
        self.clone()
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
        let ours = self.photo.notes().iter().map(ToString::to_string);
        ours.chain(self.by_browser.map(|by_browser| by_browser.note().to_owned())).collect()
    }

    /// Whether the file is an animation, whose first frame this is.
    #[wasm_bindgen(getter, js_name = isAnimation)]
    pub fn is_animation(&self) -> bool {
        self.photo.notes().contains(&Note::FirstFrameOnly)
    }

    /// The photo as a PNG file to be shown: the very pixels that masks and cut-outs are made of, 8 bits a channel. A browser
    /// may decode the file itself into others.
    pub fn png(&self) -> Result<Vec<u8>, JsValue> {
        Ok(maskov_export::photo_png(&self.photo).map_err(Failure::from)?)
    }
}

impl Photo {
    pub(crate) fn of(photo: maskov_photo::Photo) -> Self {
        Self { photo: Rc::new(photo), by_browser: None }
    }

    pub(crate) fn by_browser(photo: maskov_photo::Photo, by_browser: ByBrowser) -> Self {
        Self { photo: Rc::new(photo), by_browser: Some(by_browser) }
    }

    pub(crate) fn pixels(&self) -> Rc<maskov_photo::Photo> {
        self.photo.clone()
    }
}
