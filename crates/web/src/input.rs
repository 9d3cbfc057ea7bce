//! What a photo can be made of: a file, bytes, or pixels.

use js_sys::{ArrayBuffer, DataView, Function, Reflect, Uint8Array};
use maskov_photo::{Photo, PhotoError};
use wasm_bindgen::convert::TryFromJsValue;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, ImageData};

use crate::api::{self, ByBrowser};
use crate::error::Failure;
use crate::platform_decode;

/// An image as `Engine.setImage` takes it.
pub(crate) enum Given {
    Photo(api::Photo),
    Other(JsValue),
}

impl Given {
    /// Whoever gives a `Photo` may free it, though the call waits for others.
    pub fn now(image: JsValue) -> Self {
        another_handle(&image).map_or(Self::Other(image), Self::Photo)
    }

    /// # Errors
    /// Those of [`decode`] and [`from_image_data`].
    pub async fn photo(self) -> Result<api::Photo, Failure> {
        match self {
            Self::Photo(photo) => Ok(photo),
            Self::Other(image) => match image.dyn_ref::<ImageData>() {
                Some(pixels) => from_image_data(pixels),
                None => decode(&image).await,
            },
        }
    }
}

/// The photo in a Blob or buffer: by our own decoders, else by the browser's.
///
/// # Errors
/// `bad-image`, `out-of-memory`.
pub(crate) async fn decode(file: &JsValue) -> Result<api::Photo, Failure> {
    let bytes = bytes_of(file).await?;
    let error = match maskov_photo::decode(&bytes) {
        Ok(photo) => return Ok(api::Photo::of(photo)),
        // What the browser cannot change.
        Err(error @ (PhotoError::Empty | PhotoError::TooLarge { .. } | PhotoError::OutOfMemory { .. })) => {
            return Err(error.into());
        }
        Err(error) => error,
    };
    let by_browser =
        if matches!(error, PhotoError::CutOff { .. }) { ByBrowser::Partly } else { ByBrowser::Instead };
    match platform_decode::decode(&bytes).await? {
        Some(photo) => Ok(api::Photo::by_browser(photo, by_browser)),
        None => Err(error.into()),
    }
}

/// # Errors
/// `bad-image` where there are no pixels.
pub(crate) fn from_image_data(image: &ImageData) -> Result<api::Photo, Failure> {
    Ok(api::Photo::of(Photo::from_rgba(image.width(), image.height(), &image.data())?))
}

/// Taking a class of ours out of a `JsValue` takes it from its owner, so the handle is one of `Photo.clone`.
fn another_handle(image: &JsValue) -> Option<api::Photo> {
    let clone: Function = Reflect::get(image, &"clone".into()).ok()?.dyn_into().ok()?;
    api::Photo::try_from_js_value(clone.call0(image).ok()?).ok()
}

async fn bytes_of(file: &JsValue) -> Result<Vec<u8>, Failure> {
    if let Some(blob) = file.dyn_ref::<Blob>() {
        let buffer = JsFuture::from(blob.array_buffer()).await.map_err(|_| unreadable())?;
        return Ok(Uint8Array::new(&buffer).to_vec());
    }
    if ArrayBuffer::is_view(file) {
        // Any view has the three properties that are asked for here.
        let view: &DataView = file.unchecked_ref();
        let (offset, length) = (view.byte_offset() as u32, view.byte_length() as u32);
        return Ok(Uint8Array::new_with_byte_offset_and_length(&view.buffer(), offset, length).to_vec());
    }
    if file.is_instance_of::<ArrayBuffer>() {
        return Ok(Uint8Array::new(file).to_vec());
    }
    Err(Failure::new(
        "bad-image",
        "This is no photo: give a Photo, ImageData, Blob, ArrayBuffer or its view.",
    ))
}

/// The file was moved, changed or its drive is gone since it was chosen.
fn unreadable() -> Failure {
    Failure::new(
        "bad-image",
        "The file could not be read any more. Copy it to this machine and open it again.",
    )
}
