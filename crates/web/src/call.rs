//! One call of the API: who may stop it and who is told how far it is.

use std::cell::RefCell;
use std::ops::ControlFlow;

use js_sys::Function;
use maskov_engine::{Observer, Step};
use maskov_weights::LocalFuture;
use serde::Serialize;
use wasm_bindgen::JsValue;
use web_sys::AbortSignal;

use crate::error::Failure;
use crate::event_loop::EventLoop;

/// A call's signal and its listener.
pub(crate) struct Call {
    signal: Option<AbortSignal>,
    on_progress: Option<Function>,
    /// What the listener threw: the call ends with it.
    thrown: RefCell<Option<JsValue>>,
    event_loop: EventLoop,
}

/// How far a call is: `Progress` in types.rs.
#[derive(Clone, Copy, Serialize)]
pub(crate) struct Progress {
    pub stage: Phase,
    /// Bytes or layers.
    pub done: f64,
    /// Of how many; 0 where nobody knows.
    pub total: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stored: Option<bool>,
}

/// What a call is doing.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Phase {
    Loading,
    Encoding,
    Segmenting,
    Recovering,
    Shrinking,
}

impl Phase {
    fn at(self, done: usize, total: usize) -> Progress {
        Progress { stage: self, done: done as f64, total: total as f64, stored: None }
    }
}

impl Call {
    pub fn new(signal: Option<AbortSignal>, on_progress: Option<Function>) -> Self {
        Self { signal, on_progress, thrown: RefCell::default(), event_loop: EventLoop::new() }
    }

    pub fn signal(&self) -> Option<&AbortSignal> {
        self.signal.as_ref()
    }

    /// Lets whatever was said before this call arrive first.
    ///
    /// # Errors
    /// Those of [`Call::ended_by`].
    pub async fn begin(&self) -> Result<(), Failure> {
        self.event_loop.yield_now().await;
        self.ended_by().map_or(Ok(()), |reason| Err(Failure::Theirs(reason)))
    }

    /// Why the caller does not want it any more, if that is so.
    fn ended_by(&self) -> Option<JsValue> {
        let aborted = self.signal.as_ref().filter(|signal| signal.aborted()).map(AbortSignal::reason);
        aborted.or_else(|| self.thrown.borrow().clone())
    }

    pub fn is_ended(&self) -> bool {
        self.ended_by().is_some()
    }

    /// What the caller gets: of a call that it ended, the reason, whatever came of it.
    pub fn outcome<T>(&self, result: Result<T, Failure>) -> Result<T, Failure> {
        match self.ended_by() {
            Some(reason) => Err(Failure::Theirs(reason)),
            None => result,
        }
    }

    /// Tells that a phase begins, whose length nobody knows yet.
    pub fn tell_phase(&self, phase: Phase) {
        self.tell(phase.at(0, 0));
    }

    pub fn tell(&self, progress: Progress) {
        let Some(listener) = &self.on_progress else { return };
        let progress = serde_wasm_bindgen::to_value(&progress).expect("words and numbers always serialise");
        if let Err(error) = listener.call1(&JsValue::UNDEFINED, &progress) {
            self.thrown.replace(Some(error));
        }
    }

    /// Watches work of the engine of which nobody is told.
    pub fn watcher(&self) -> Watcher<'_> {
        Watcher { call: self, tells_encoding: false }
    }

    /// Watches how a photo is read, and tells it.
    pub fn watcher_of_encoding(&self) -> Watcher<'_> {
        Watcher { call: self, tells_encoding: true }
    }
}

/// Tells how far work is, lets messages in, and ends it when its caller wants.
pub(crate) struct Watcher<'a> {
    call: &'a Call,
    tells_encoding: bool,
}

/// The parts of the method that come after the network, with what percentage is done when they begin. Measured on the CPU at
/// R = 32; what they really take depends on the device.
const PARTS: [(&str, f64); 2] = [("iterative proportional fitting", 45.0), ("upsampling weights", 65.0)];

/// How far the reading of a photo is, over all of its parts.
fn percent(step: Step<'_>) -> f64 {
    // What is none of the method's parts is a layer of the network.
    let part = PARTS.iter().position(|(name, _)| *name == step.name);
    let begin = part.map_or(0.0, |part| PARTS[part].1);
    let end = PARTS.get(part.map_or(0, |part| part + 1)).map_or(100.0, |(_, begin)| *begin);
    begin + (end - begin) * (step.index + 1) as f64 / step.count as f64
}

impl Observer for Watcher<'_> {
    fn before<'a>(&'a mut self, step: Step<'a>) -> LocalFuture<'a, ControlFlow<()>> {
        Box::pin(async move {
            let is_due = self.call.event_loop.is_due();
            // A part that takes no longer than a turn of the event loop is told all the same.
            if self.tells_encoding && (is_due || step.index == 0) {
                self.call.tell(Progress { done: percent(step), ..Phase::Encoding.at(0, 100) });
            }
            if is_due {
                self.call.event_loop.yield_now().await;
            }
            if self.call.is_ended() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = test)]
    fn reading_a_photo_only_ever_goes_forward() {
        let step = |name, index, count| percent(Step { index, count, name });
        let told = [
            step("conv_in", 0, 3),
            step("conv_out", 2, 3),
            step(PARTS[0].0, 0, 200),
            step(PARTS[0].0, 199, 200),
            step(PARTS[1].0, 0, 9),
            step(PARTS[1].0, 8, 9),
        ];
        assert!(told.is_sorted() && told[0] == 15.0 && told[5] == 100.0, "{told:?}");
    }
}
