//! The browser engine: the JS API and nothing else.

#[cfg(target_arch = "wasm32")]
mod js {
    use wasm_bindgen::prelude::wasm_bindgen;

    /// Makes a panic readable in the browser's console.
    #[wasm_bindgen(start)]
    pub fn start() {
        console_error_panic_hook::set_once();
    }

    /// Version of the engine, as in `Cargo.toml`.
    #[wasm_bindgen]
    pub fn engine_version() -> String {
        env!("CARGO_PKG_VERSION").to_owned()
    }
}
