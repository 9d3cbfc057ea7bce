//! `maskov_document::Document` in JS.

use js_sys::{Error, Reflect};
use maskov_document::{DocumentError, PhotoRef, Point};
use serde::Serialize;
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &'static str = r#"
/** A photo by name and size; the pixels are found by the id. */
export interface PhotoRef {
  readonly id: number;
  readonly name: string;
  readonly width: number;
  readonly height: number;
}

/** A click, in photo pixels. */
export interface Point {
  readonly x: number;
  readonly y: number;
  /** Whether it adds to the object; else it removes. */
  readonly foreground: boolean;
  /** The share of the photo that it takes, 0.001 to 0.9; null where that is the engine's own choice. */
  readonly size: number | null;
}

/** What a view shows. */
export interface Snapshot {
  readonly photo: PhotoRef | null;
  /** In the order of their clicks. No two share a pixel; all lie inside the photo. */
  readonly points: readonly Point[];
  readonly canUndo: boolean;
  readonly canRedo: boolean;
  /** Rises with every change of photo or points, undo and redo among them. */
  readonly revision: number;
}

/** What an edit that cannot be made throws; the document is as it was. */
export interface DocumentError extends Error {
  name: 'DocumentError';
  code: 'no-image' | 'point-outside' | 'no-such-point' | 'bad-size';
}
"#;

#[wasm_bindgen]
extern "C" {
    /// A plain object.
    #[wasm_bindgen(typescript_type = "Snapshot")]
    pub type Snapshot;
}

/// The photo that is open and the points on it. Every edit can be undone, without end. What an edit that cannot be made
/// throws is a `DocumentError`.
#[wasm_bindgen]
#[derive(Default)]
pub struct Document {
    document: maskov_document::Document,
}

#[wasm_bindgen]
impl Document {
    /// Without a photo.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// The state now.
    pub fn snapshot(&self) -> Result<Snapshot, JsValue> {
        // Absent is null, as the types say.
        let serializer = Serializer::new().serialize_missing_as_null(true);
        Ok(self.document.snapshot().serialize(&serializer)?.unchecked_into())
    }

    /// Opens a photo, without points. Undone, the former photo and its points are back.
    #[wasm_bindgen(js_name = openPhoto)]
    pub fn open_photo(
        &mut self,
        id: u32,
        name: String,
        width: u32,
        height: u32,
    ) -> Result<Snapshot, JsValue> {
        self.document.open_photo(PhotoRef { id, name, width, height });
        self.snapshot()
    }

    /// Adds a point behind the others, or in place of the one on its pixel. Without a size, that is the engine's own choice; a
    /// size beside the range is clamped into it.
    #[wasm_bindgen(js_name = addPoint)]
    pub fn add_point(
        &mut self,
        x: u32,
        y: u32,
        foreground: bool,
        size: Option<f32>,
    ) -> Result<Snapshot, JsValue> {
        self.document.add_point(Point { x, y, foreground, size }).map_err(thrown)?;
        self.snapshot()
    }

    /// Gives a point a size, which is clamped into the range; without one, it is the engine's own choice again.
    #[wasm_bindgen(js_name = resizePoint)]
    pub fn resize_point(&mut self, index: usize, size: Option<f32>) -> Result<Snapshot, JsValue> {
        self.document.resize_point(index, size).map_err(thrown)?;
        self.snapshot()
    }

    /// Moves a point, which keeps its label and size. Another point on that pixel is gone then.
    #[wasm_bindgen(js_name = movePoint)]
    pub fn move_point(&mut self, index: usize, x: u32, y: u32) -> Result<Snapshot, JsValue> {
        self.document.move_point(index, x, y).map_err(thrown)?;
        self.snapshot()
    }

    /// Takes a point away.
    #[wasm_bindgen(js_name = removePoint)]
    pub fn remove_point(&mut self, index: usize) -> Result<Snapshot, JsValue> {
        self.document.remove_point(index).map_err(thrown)?;
        self.snapshot()
    }

    /// Takes all points away.
    pub fn clear(&mut self) -> Result<Snapshot, JsValue> {
        self.document.clear();
        self.snapshot()
    }

    /// Takes the last edit back, where there is one.
    pub fn undo(&mut self) -> Result<Snapshot, JsValue> {
        self.document.undo();
        self.snapshot()
    }

    /// Makes the edit that was undone last again, where there is one.
    pub fn redo(&mut self) -> Result<Snapshot, JsValue> {
        self.document.redo();
        self.snapshot()
    }
}

/// An `Error` with a `code`.
fn thrown(refused: DocumentError) -> JsValue {
    let error = Error::new(&refused.to_string());
    error.set_name("DocumentError");
    // Setting a property of a fresh object can't fail.
    let _ = Reflect::set(&error, &"code".into(), &refused.code().into());
    error.into()
}
