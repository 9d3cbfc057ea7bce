//! Long work in a worker lets messages in: somebody may want to stop it.

use std::cell::Cell;

use js_sys::Promise;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::MessageChannel;
use web_time::Instant;

/// How long the work may keep the worker from its messages.
const LONGEST_MS: u128 = 40;

/// Yields to the worker's event loop when it is time.
pub(crate) struct EventLoop {
    last: Cell<Instant>,
    channel: MessageChannel,
}

impl EventLoop {
    pub fn new() -> Self {
        let channel = MessageChannel::new().expect("whoever has WebAssembly has message channels");
        Self { last: Cell::new(Instant::now()), channel }
    }

    /// Whether the work has yielded so long ago that messages may wait, and somebody for news.
    pub fn is_due(&self) -> bool {
        self.last.get().elapsed().as_millis() >= LONGEST_MS
    }

    /// Lets the worker read the messages that wait. A message to itself comes behind those; a timer would too, but
    /// browsers make a timer within a timer wait four milliseconds.
    pub async fn yield_now(&self) {
        let turn = Promise::new(&mut |resolve, _| {
            self.channel.port1().set_onmessage(Some(&resolve));
            self.channel.port2().post_message(&JsValue::NULL).expect("null can be posted");
        });
        // It only ever resolves.
        drop(JsFuture::from(turn).await);
        self.last.set(Instant::now());
    }
}

impl Drop for EventLoop {
    fn drop(&mut self) {
        self.channel.port1().close();
    }
}
