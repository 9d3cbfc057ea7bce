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
    pub stage: Stage,
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
pub(crate) enum Stage {
    Loading,
    Encoding,
    Segmenting,
    Recovering,
    Shrinking,
}

impl Stage {
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

    /// Tells that a stage begins, whose length nobody knows yet.
    pub fn tell_stage(&self, stage: Stage) {
        self.tell(stage.at(0, 0));
    }

    pub fn tell(&self, progress: Progress) {
        let Some(listener) = &self.on_progress else { return };
        let progress = serde_wasm_bindgen::to_value(&progress).expect("words and numbers always serialise");
        if let Err(error) = listener.call1(&JsValue::UNDEFINED, &progress) {
            self.thrown.replace(Some(error));
        }
    }

    /// Watches a run of the engine; its steps are told as those of `stage`, if there is one.
    pub fn watcher(&self, stage: Option<Stage>) -> Watcher<'_> {
        Watcher { call: self, stage }
    }
}

/// Tells how far a run is, lets messages in, and ends it when its caller wants.
pub(crate) struct Watcher<'a> {
    call: &'a Call,
    stage: Option<Stage>,
}

impl Observer for Watcher<'_> {
    fn before<'a>(&'a mut self, step: Step<'a>) -> LocalFuture<'a, ControlFlow<()>> {
        Box::pin(async move {
            if self.call.event_loop.is_due() {
                if let Some(stage) = self.stage {
                    self.call.tell(stage.at(step.index + 1, step.count));
                }
                self.call.event_loop.yield_now().await;
            }
            if self.call.is_ended() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
    }
}
