//! What callers hand over, checked.

use js_sys::{Function, Reflect};
use maskov_engine::{MethodName, PromptPoint};
use serde::Deserialize;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::AbortSignal;

use crate::call::Call;
use crate::device::Verdict;
use crate::error::Failure;

/// `LoadOptions` without those of every call.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LoadSettings {
    pub model: String,
    pub device: Option<DeviceWish>,
    pub resolution: Option<usize>,
    pub fresh: Option<bool>,
    pub verdict: Option<Verdict>,
    pub method: Option<MethodName>,
}

/// Where the caller wants to compute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DeviceWish {
    #[default]
    Auto,
    Gpu,
    Cpu,
}

/// `Point` as JS has it: a click's place may lie within a pixel.
#[derive(Deserialize)]
struct JsPoint {
    x: f64,
    y: f64,
    foreground: bool,
    size: Option<f32>,
}

/// The signal and the listener of a call.
///
/// # Errors
/// `bad-settings`.
pub(crate) fn read_call(options: &JsValue) -> Result<Call, Failure> {
    if options.is_undefined() || options.is_null() {
        return Ok(Call::new(None, None));
    }
    let signal = read::<AbortSignal>(options, "signal", "an AbortSignal")?;
    Ok(Call::new(signal, read::<Function>(options, "onProgress", "a function")?))
}

fn read<T: JsCast>(options: &JsValue, name: &str, wanted: &str) -> Result<Option<T>, Failure> {
    let value = Reflect::get(options, &name.into())
        .map_err(|_| Failure::new("bad-settings", "Options must be an object."))?;
    if value.is_undefined() || value.is_null() {
        return Ok(None);
    }
    let bad = |_| Failure::new("bad-settings", format!("The option {name} must be {wanted}."));
    value.dyn_into().map(Some).map_err(bad)
}

/// # Errors
/// `bad-settings`.
pub(crate) fn read_load_settings(options: JsValue) -> Result<LoadSettings, Failure> {
    serde_wasm_bindgen::from_value(options).map_err(|error| {
        Failure::new("bad-settings", format!("These are no options for Engine.load: {error}."))
    })
}

/// # Errors
/// `bad-settings`; `point-outside` where a photo cannot have such a point.
pub(crate) fn read_points(points: JsValue) -> Result<Vec<PromptPoint>, Failure> {
    let points: Vec<JsPoint> = from_value(points)?;
    points.into_iter().map(pixel).collect()
}

/// # Errors
/// As [`read_points`].
pub(crate) fn read_point(point: JsValue) -> Result<PromptPoint, Failure> {
    pixel(from_value(point)?)
}

fn from_value<T: for<'a> Deserialize<'a>>(points: JsValue) -> Result<T, Failure> {
    serde_wasm_bindgen::from_value(points).map_err(|error| {
        let wanted = "A point is { x, y, foreground, size? }, in photo pixels";
        Failure::new("bad-settings", format!("{wanted}: {error}."))
    })
}

/// The pixel that a place lies in.
fn pixel(JsPoint { x, y, foreground, size }: JsPoint) -> Result<PromptPoint, Failure> {
    let bound = f64::from(u32::MAX);
    if (0.0..bound).contains(&x) && (0.0..bound).contains(&y) {
        let point = PromptPoint { size, ..PromptPoint::new(x as u32, y as u32, foreground) };
        if let Some(note) = point.size_note() {
            web_sys::console::warn_1(&format!("Maskov: {note}.").into());
        }
        return Ok(point);
    }
    let message =
        format!("The point {x}, {y} lies outside every photo: places are photo pixels from 0, 0 on.");
    Err(Failure::new("point-outside", message))
}
