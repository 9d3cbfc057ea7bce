//! `Mask` in JS: what belongs to the object, in every form.

use std::rc::Rc;

use js_sys::Uint8ClampedArray;
use maskov_engine::Segmentation;
use maskov_photo::Photo;
use serde::Serialize;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::ImageData;

use crate::error::Failure;
use crate::outline::Outline;
use crate::types::Rle;

/// A mask of a photo: at the photo's size, or that of a preview.
#[wasm_bindgen]
pub struct Mask {
    mask: maskov_engine::Mask,
    sizes: Vec<f32>,
    photo: Rc<Photo>,
    is_preview: bool,
    milliseconds: f64,
}

#[wasm_bindgen]
impl Mask {
    /// Width in pixels.
    #[wasm_bindgen(getter)]
    pub fn width(&self) -> u32 {
        self.mask.width
    }

    /// Height in pixels.
    #[wasm_bindgen(getter)]
    pub fn height(&self) -> u32 {
        self.mask.height
    }

    /// The object's share of the photo, from 0 to 1.
    #[wasm_bindgen(getter)]
    pub fn area(&self) -> f64 {
        self.mask.area().into()
    }

    /// The share of the photo that each point takes, in the order of the points: its own size, or the engine's choice.
    #[wasm_bindgen(getter)]
    pub fn sizes(&self) -> Vec<f32> {
        self.sizes.clone()
    }

    /// How long it took.
    #[wasm_bindgen(getter)]
    pub fn milliseconds(&self) -> f64 {
        self.milliseconds
    }

    /// The object white and opaque, the rest transparent.
    #[wasm_bindgen(js_name = imageData)]
    pub fn image_data(&self) -> Result<ImageData, JsValue> {
        let rgba: Vec<u8> =
            self.mask.pixels.iter().flat_map(|&value| [u8::from(value != 0) * 255; 4]).collect();
        // A copy: what ImageData is made of stays its own.
        let rgba = Uint8ClampedArray::from(rgba.as_slice());
        ImageData::new_with_js_u8_clamped_array_and_sh(&rgba, self.mask.width, self.mask.height)
    }

    /// COCO's uncompressed runs.
    pub fn rle(&self) -> Rle {
        #[derive(Serialize)]
        struct Runs {
            size: [u32; 2],
            counts: Vec<u32>,
        }
        let (width, height) = (self.mask.width, self.mask.height);
        let counts = maskov_export::column_runs(&self.mask.pixels, width as usize, height as usize);
        let runs = serde_wasm_bindgen::to_value(&Runs { size: [height, width], counts });
        runs.expect("numbers always serialise").unchecked_into()
    }

    /// The object's edge as SVG path data in photo pixels, for an even-odd fill; empty where there is no object.
    #[wasm_bindgen(js_name = outlinePath)]
    pub fn outline_path(&self) -> String {
        let (width, height) = (self.mask.width as usize, self.mask.height as usize);
        let scale = [self.photo.width() as f32 / width as f32, self.photo.height() as f32 / height as f32];
        Outline::of(&self.mask.pixels, width, height).path(scale)
    }

    /// The mask as a PNG file, 255 where the object is.
    #[wasm_bindgen(js_name = maskPng)]
    pub fn mask_png(&self) -> Result<Vec<u8>, JsValue> {
        let png = maskov_export::mask_png(&self.mask.pixels, self.mask.width, self.mask.height);
        Ok(png.map_err(Failure::from)?)
    }

    /// The object alone as a PNG file: the photo's own pixels, on nothing. Throws `bad-settings` for a preview.
    #[wasm_bindgen(js_name = cutoutPng)]
    pub fn cutout_png(&self) -> Result<Vec<u8>, JsValue> {
        if self.is_preview {
            let message = "A preview has no cut-out: ask for the mask of these points.";
            return Err(Failure::new("bad-settings", message).into());
        }
        Ok(maskov_export::cutout_png(&self.photo, &self.mask.pixels).map_err(Failure::from)?)
    }
}

impl Mask {
    pub(crate) fn of(
        Segmentation { mask, sizes, .. }: Segmentation,
        photo: Rc<Photo>,
        is_preview: bool,
        milliseconds: f64,
    ) -> Self {
        Self { mask, sizes, photo, is_preview, milliseconds }
    }
}
