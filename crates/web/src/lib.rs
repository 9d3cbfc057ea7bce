//! The browser engine: a promise-based JS API, for the page's worker and for anybody else's.
//!
//! ```text
//! JS ─▶ Engine ─▶ AsyncMutex<Work> ─▶ maskov_engine: photo, points ─▶ Mask ─▶ ImageData, RLE, outline, PNG
//!  options │ ▲ progress │
//!          └─┴── Call ──┴─▶ ModelFiles: this browser's store, else the model pack by HTTP
//! ```
//!
//! Every call is one `Call`, which carries its signal and its progress to whatever works on it. Calls wait
//! for each other at the lock. What happens when a device fails is in `work`.

pub mod outline;

#[cfg(target_arch = "wasm32")]
mod adapter;
#[cfg(target_arch = "wasm32")]
mod api;
#[cfg(target_arch = "wasm32")]
mod async_mutex;
#[cfg(target_arch = "wasm32")]
mod call;
#[cfg(target_arch = "wasm32")]
mod device;
#[cfg(target_arch = "wasm32")]
mod error;
#[cfg(target_arch = "wasm32")]
mod event_loop;
#[cfg(target_arch = "wasm32")]
mod fetch_source;
#[cfg(target_arch = "wasm32")]
mod input;
#[cfg(target_arch = "wasm32")]
mod model_files;
#[cfg(target_arch = "wasm32")]
mod options;
#[cfg(target_arch = "wasm32")]
mod platform_decode;
#[cfg(target_arch = "wasm32")]
mod store;
#[cfg(target_arch = "wasm32")]
mod types;
#[cfg(target_arch = "wasm32")]
mod work;

#[cfg(target_arch = "wasm32")]
pub use api::{Engine, Mask, Photo};

/// Makes a panic readable in the browser's console.
#[cfg(target_arch = "wasm32")]
#[wasm_bindgen::prelude::wasm_bindgen(start)]
pub fn start() {
    console_error_panic_hook::set_once();
}
