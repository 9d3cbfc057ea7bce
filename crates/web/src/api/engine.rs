//! `Engine` in JS: a model, ready for photos.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Float32Array, Promise};
use maskov_engine::PointStages;
use serde::Serialize;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::future_to_promise;
use web_time::Instant;

use super::Mask;
use crate::async_mutex::AsyncMutex;
use crate::call::Call;
use crate::error::Failure;
use crate::input::Given;
use crate::model_files::Stored;
use crate::options::{read_call, read_load_settings, read_point, read_points};
use crate::types::{CallOptions, Device, Image, LoadOptions, Point, Points};
use crate::work::{Status, Work};

/// A model on a device. Calls are taken one after the other; one whose signal is aborted while it waits never starts.
///
/// A device that is lost is opened again, up to three times in a row, and the call is repeated; one whose memory is short is
/// asked for less. Every rejection is a `MaskovError`, but that of an aborted call, which is its signal's reason.
#[wasm_bindgen]
pub struct Engine {
    shared: Rc<Shared>,
}

struct Shared {
    work: AsyncMutex<Work>,
    status: RefCell<Status>,
}

#[wasm_bindgen]
impl Engine {
    /// Loads a model pack. A relative address is relative to the worker's own.
    pub async fn load(options: LoadOptions) -> Result<Engine, JsValue> {
        let call = Rc::new(read_call(&options)?);
        let settings = read_load_settings(options.into())?;
        let work = async {
            call.begin().await?;
            Work::load(&settings, &call).await
        };
        let work = call.outcome(work.await)?;
        let status = RefCell::new(work.status());
        Ok(Self { shared: Rc::new(Shared { work: AsyncMutex::new(work), status }) })
    }

    /// Where it computes. A failure of the device may change it.
    #[wasm_bindgen(getter)]
    pub fn device(&self) -> Device {
        let device = serde_wasm_bindgen::to_value(&self.shared.status.borrow().device);
        device.expect("words and truth values always serialise").unchecked_into()
    }

    /// R, the side of the grid of tokens.
    #[wasm_bindgen(getter)]
    pub fn resolution(&self) -> u32 {
        self.shared.status.borrow().resolution as u32
    }

    /// The R that the model's settings ask for.
    #[wasm_bindgen(getter, js_name = ownResolution)]
    pub fn own_resolution(&self) -> u32 {
        self.shared.status.borrow().own_resolution as u32
    }

    /// Whether all of the model that was needed is in this browser's store.
    #[wasm_bindgen(getter, js_name = isStored)]
    pub fn is_stored(&self) -> bool {
        self.shared.status.borrow().stored == Stored::All
    }

    /// Whether the model is not stored because the store is full.
    #[wasm_bindgen(getter, js_name = isStoreFull)]
    pub fn is_store_full(&self) -> bool {
        self.shared.status.borrow().stored == Stored::Full
    }

    /// Reads a photo, in place of the one before. After a rejection there is no photo.
    #[wasm_bindgen(js_name = setImage, unchecked_return_type = "Promise<Encoded>")]
    pub fn set_image(&self, image: Image, options: Option<CallOptions>) -> Promise {
        let image = Given::now(image.into());
        self.call(options, async move |work, call| {
            let start = Instant::now();
            let photo = image.photo().await?.pixels();
            let network_milliseconds = work.set_image(photo.clone(), call).await?;
            let (width, height) = (photo.width(), photo.height());
            Ok(plain(&Encoded { width, height, milliseconds: since(start), network_milliseconds }))
        })
    }

    /// The mask of these points at a smaller size than the photo, its edge not refined: quick.
    #[wasm_bindgen(unchecked_return_type = "Promise<Mask>")]
    pub fn preview(&self, points: Points, options: Option<CallOptions>) -> Promise {
        self.mask_of(points, true, options)
    }

    /// Makes Markov maps in advance, so that many previews need no chain: for a GPU that has nothing else to do. Abort it at
    /// any time, at best with the next call: called again, it goes on from there.
    #[wasm_bindgen(js_name = preparePreviews, unchecked_return_type = "Promise<void>")]
    pub fn prepare_previews(&self, options: Option<CallOptions>) -> Promise {
        self.call(options, async move |work, call| {
            work.prepare_previews(call).await?;
            Ok(JsValue::UNDEFINED)
        })
    }

    /// The mask of these points at the photo's own size.
    #[wasm_bindgen(unchecked_return_type = "Promise<Mask>")]
    pub fn mask(&self, points: Points, options: Option<CallOptions>) -> Promise {
        self.mask_of(points, false, options)
    }

    /// What the point of that index takes at each stop of its size, smallest first; the other points stay as they are.
    #[wasm_bindgen(unchecked_return_type = "Promise<SizeStop[]>")]
    pub fn sizes(&self, points: Points, index: usize, options: Option<CallOptions>) -> Promise {
        let points = read_points(points.into());
        self.call(options, async move |work, call| {
            let stop = |stop: maskov_engine::SizeStop| SizeStop {
                size: stop.size,
                area: stop.area,
                is_automatic: stop.is_automatic,
            };
            Ok(plain(&work.sizes(&points?, index, call).await?.into_iter().map(stop).collect::<Vec<_>>()))
        })
    }

    /// How many iterations of the Markov chain each pixel is away from a point.
    #[wasm_bindgen(js_name = markovMap, unchecked_return_type = "Promise<MarkovMap>")]
    pub fn markov_map(&self, point: Point, options: Option<CallOptions>) -> Promise {
        let point = read_point(point.into());
        self.call(options, async move |work, call| {
            let (PointStages { upsampled, .. }, (width, height)) = work.stages(point?, call).await?;
            let resolution = work.status().resolution;
            let steps = Float32Array::from(upsampled.as_slice());
            Ok(plain(&MarkovMap { width, height, steps, resolution }))
        })
    }
}

impl Engine {
    fn mask_of(&self, points: Points, is_preview: bool, options: Option<CallOptions>) -> Promise {
        let points = read_points(points.into());
        self.call(options, async move |work, call| {
            let start = Instant::now();
            let (segmentation, photo) = work.mask(&points?, is_preview, call).await?;
            Ok(Mask::of(segmentation, photo, is_preview, since(start)).into())
        })
    }

    /// Does `job` when those asked for before are done. The engine may be freed meanwhile.
    fn call(
        &self,
        options: Option<CallOptions>,
        job: impl AsyncFnOnce(&mut Work, &Rc<Call>) -> Result<JsValue, Failure> + 'static,
    ) -> Promise {
        let shared = self.shared.clone();
        future_to_promise(async move {
            let call = Rc::new(read_call(&options.into())?);
            let mut work = shared.work.lock().await;
            let result = async {
                call.begin().await?;
                job(&mut work, &call).await
            };
            let result = call.outcome(result.await);
            shared.status.replace(work.status());
            Ok(result?)
        })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Encoded {
    width: u32,
    height: u32,
    milliseconds: f64,
    network_milliseconds: f64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SizeStop {
    size: f32,
    area: f32,
    is_automatic: bool,
}

#[derive(Serialize)]
struct MarkovMap {
    width: u32,
    height: u32,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    steps: Float32Array,
    resolution: usize,
}

fn plain(answer: &impl Serialize) -> JsValue {
    serde_wasm_bindgen::to_value(answer).expect("numbers and arrays always serialise")
}

fn since(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e3
}
