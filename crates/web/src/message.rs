//! What the page and its engine say to each other. `web/page/engine.js` is the page's side of it.

use serde::{Deserialize, Serialize};

/// What the page wants. A newer request of a kind replaces the older one.
#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Request {
    /// Load this model.
    Model(ModelRequest),
    /// Open this photo. [`Event::Photo`] says at once how it went, before the model is there.
    Photo {
        /// The page's number for it, which rises.
        photo: u32,
        /// The file.
        #[serde(with = "serde_bytes")]
        bytes: Vec<u8>,
        /// Width and height of what the page shows of it, where the browser can show it.
        shown: Option<(u32, u32)>,
    },
    /// Make the mask of these points.
    Points(PointsRequest),
    /// Write a file from the mask of the newest points.
    Save {
        /// Which file.
        what: Saved,
    },
}

/// Which model, and where it runs.
#[derive(Clone, Debug, Deserialize)]
pub struct ModelRequest {
    /// Folder of the pack, ending in a slash.
    pub url: String,
    /// Where to run.
    pub device: DeviceWish,
    /// R; the engine's own choice where absent.
    pub resolution: Option<usize>,
    /// Fetch it past every cache.
    pub fresh: bool,
}

/// Where the page wants the engine to run.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceWish {
    /// On a hardware adapter, else on the CPU.
    Auto,
    /// On any adapter.
    Gpu,
    /// On the CPU.
    Cpu,
}

/// All points of a photo.
#[derive(Clone, Debug, Deserialize)]
pub struct PointsRequest {
    /// The photo they are for.
    pub photo: u32,
    /// The page's number for this set of points, which rises.
    pub revision: u32,
    /// In the order of their clicks.
    pub points: Vec<PagePoint>,
}

/// A click, in photo pixels.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct PagePoint {
    /// Column.
    pub x: u32,
    /// Row.
    pub y: u32,
    /// Whether it adds to the object.
    pub foreground: bool,
}

/// A file that can be saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Saved {
    /// Black and white.
    Mask,
    /// The object on nothing.
    Cutout,
}

/// What the engine tells.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Event {
    /// What it is doing; `total` is 0 where nobody knows.
    Work {
        /// The stage.
        stage: Stage,
        /// Bytes or layers.
        done: f64,
        /// Of how many.
        total: f64,
    },
    /// The model is loaded.
    Device {
        /// Where it runs.
        device: Device,
    },
    /// The photo is open.
    Photo {
        /// The page's number.
        photo: u32,
        /// Pixels, upright.
        width: u32,
        /// Pixels, upright.
        height: u32,
        /// Sentences that its owner may want to know.
        notes: Vec<String>,
        /// [height × width × 4], where the page does not show the photo at this size.
        #[serde(with = "serde_bytes", skip_serializing_if = "Option::is_none")]
        rgba: Option<Vec<u8>>,
    },
    /// The model has read the photo.
    Encoded {
        /// The page's number.
        photo: u32,
        /// How long it took.
        milliseconds: f64,
        /// R.
        resolution: usize,
    },
    /// The mask of a set of points.
    Mask {
        /// The page's number of the photo.
        photo: u32,
        /// The page's number of the points.
        revision: u32,
        /// How long it took.
        milliseconds: f64,
        /// x, y in photo pixels.
        #[serde(with = "serde_wasm_bindgen::preserve")]
        vertices: js_sys::Float32Array,
        /// Vertices of each ring.
        #[serde(with = "serde_wasm_bindgen::preserve")]
        rings: js_sys::Uint32Array,
    },
    /// A file to hand over.
    Saved {
        /// Which.
        what: Saved,
        /// The file.
        #[serde(with = "serde_bytes")]
        png: Vec<u8>,
        /// How long it took.
        milliseconds: f64,
    },
    /// The driver restarted; everything is done again.
    Recovering,
    /// What was wanted cannot be had.
    Error {
        /// What the page tells errors apart by.
        code: String,
        /// The cause in words.
        message: String,
        /// The photo that it is about, where it is about one.
        #[serde(skip_serializing_if = "Option::is_none")]
        photo: Option<u32>,
    },
}

/// A stage of work that takes time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Fetching the model, in bytes.
    Loading,
    /// Running the model, in layers.
    Encoding,
    /// From points to a mask.
    Segmenting,
    /// Writing a file.
    Saving,
}

/// Where the engine runs.
#[derive(Clone, Debug, Serialize)]
pub struct Device {
    /// `gpu` or `cpu`.
    pub kind: &'static str,
    /// The adapter's name.
    pub name: String,
    /// Why it is the CPU, where a GPU was hoped for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
