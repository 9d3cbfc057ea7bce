//! The adapter that the kernels' tests run on, natively and in the browser: it is there, and it is told apart from
//! hardware.

use maskov_gpu::{AdapterChoice, Gpu, GpuError, testing};
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test(unsupported = pollster::test)]
async fn there_is_an_adapter() {
    let gpu = testing::gpu().await;
    let caps = gpu.caps();
    let software = if caps.software { "software" } else { "hardware" };
    say(&format!("Adapter: {} ({}, {software}, {})", caps.name, caps.backend, caps.driver));
    assert_eq!(caps.backend == "BrowserWebGpu", cfg!(target_arch = "wasm32"));
}

#[wasm_bindgen_test(unsupported = pollster::test)]
async fn a_software_renderer_is_not_taken_for_hardware() {
    let software = testing::gpu().await.caps().software;
    match Gpu::open(AdapterChoice::Hardware).await {
        Ok(gpu) => assert!(!software && !gpu.caps().software),
        Err(error) => assert!(software && matches!(error, GpuError::Unavailable { .. }), "{error}"),
    }
}

#[cfg(target_arch = "wasm32")]
fn say(line: &str) {
    wasm_bindgen_test::console_log!("{line}");
}

#[cfg(not(target_arch = "wasm32"))]
fn say(line: &str) {
    println!("{line}");
}
