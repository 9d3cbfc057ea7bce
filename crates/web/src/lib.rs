//! The browser engine: the JS API and nothing else.
//!
//! ```text
//! page ── Request ──▶ Session (worker) ──▶ model, photo, points ──▶ maskov_engine
//!      ◀── Event ────    newest wish wins          │
//!                                                  └▶ FetchSource: the model pack by HTTP
//! ```

pub mod outline;

#[cfg(target_arch = "wasm32")]
mod breath;
#[cfg(target_arch = "wasm32")]
mod error;
#[cfg(target_arch = "wasm32")]
mod fetch_source;
#[cfg(target_arch = "wasm32")]
mod message;
#[cfg(target_arch = "wasm32")]
mod platform_decode;
#[cfg(target_arch = "wasm32")]
mod session;
#[cfg(target_arch = "wasm32")]
mod work;

#[cfg(target_arch = "wasm32")]
pub use session::Session;

/// Makes a panic readable in the browser's console.
#[cfg(target_arch = "wasm32")]
#[wasm_bindgen::prelude::wasm_bindgen(start)]
pub fn start() {
    console_error_panic_hook::set_once();
}
