//! What tests and benchmarks of the whole have in common.
//!
//! `tests/tests/browser_*.rs` run natively and in headless Chromium (`#[wasm_bindgen_test(unsupported = pollster::test)]`;
//! there is no file system there, so what they need is embedded by `include_bytes!`); every other file there runs natively
//! only. `tests/e2e` drives the built site. `cargo xtask test` runs them all.

#[cfg(not(target_arch = "wasm32"))]
pub mod sample;
#[cfg(not(target_arch = "wasm32"))]
pub mod still_life;
