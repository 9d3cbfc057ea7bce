//! Photos that the browser can read and the engine cannot: AVIF, in some browsers HEIC, and rare kinds of other formats.

use js_sys::{Array, Uint8Array};
use maskov_photo::{MAX_PIXELS, Photo, PhotoError};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, ImageBitmap, OffscreenCanvas, OffscreenCanvasRenderingContext2d, WorkerGlobalScope};

/// The photo by the browser's own decoder, upright and in sRGB; `None` where it cannot read it either.
///
/// # Errors
/// [`PhotoError::TooLarge`].
pub(crate) async fn decode(bytes: &[u8]) -> Result<Option<Photo>, PhotoError> {
    let Ok(bitmap) = bitmap_of(bytes).await else {
        return Ok(None);
    };
    let (width, height) = (bitmap.width(), bitmap.height());
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(PhotoError::TooLarge { width, height, max_pixels: MAX_PIXELS });
    }
    match rgba_of(&bitmap) {
        Ok(rgba) => Photo::from_rgba(width, height, &rgba).map(Some),
        Err(_) => Ok(None),
    }
}

async fn bitmap_of(bytes: &[u8]) -> Result<ImageBitmap, JsValue> {
    let blob = Blob::new_with_u8_array_sequence(&Array::of1(&Uint8Array::from(bytes)))?;
    let scope: WorkerGlobalScope = js_sys::global().unchecked_into();
    let bitmap = JsFuture::from(scope.create_image_bitmap_with_blob(&blob)?).await?;
    bitmap.dyn_into()
}

fn rgba_of(bitmap: &ImageBitmap) -> Result<Vec<u8>, JsValue> {
    let canvas = OffscreenCanvas::new(bitmap.width(), bitmap.height())?;
    let context = canvas.get_context("2d")?.ok_or(JsValue::NULL)?;
    let context: OffscreenCanvasRenderingContext2d = context.unchecked_into();
    context.draw_image_with_image_bitmap(bitmap, 0.0, 0.0)?;
    let pixels = context.get_image_data(0.0, 0.0, bitmap.width().into(), bitmap.height().into())?;
    Ok(pixels.data().0)
}
