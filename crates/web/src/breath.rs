//! Long work in a worker lets messages in: a newer wish can stop it.

use std::cell::Cell;

use js_sys::Promise;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::WorkerGlobalScope;
use web_time::Instant;

/// How long the work may keep the worker from its messages.
const LONGEST_MS: u128 = 40;

/// Takes a breath when it is time.
pub struct Breath {
    last: Cell<Instant>,
}

impl Breath {
    pub fn new() -> Self {
        Self { last: Cell::new(Instant::now()) }
    }

    /// Whether the last breath is so long ago that messages may wait, and the page for news.
    pub fn is_due(&self) -> bool {
        self.last.get().elapsed().as_millis() >= LONGEST_MS
    }

    /// Lets the worker read its messages.
    pub async fn take(&self) {
        let scope: WorkerGlobalScope = js_sys::global().unchecked_into();
        let turn = Promise::new(&mut |resolve, _| {
            // Without a timer there is no pause, and the work goes on as well.
            if scope.set_timeout_with_callback(&resolve).is_err() {
                drop(resolve.call0(&wasm_bindgen::JsValue::UNDEFINED));
            }
        });
        // It only ever resolves.
        drop(JsFuture::from(turn).await);
        self.last.set(Instant::now());
    }
}
