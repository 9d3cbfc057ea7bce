//! How a call fails: a `MaskovError` by its code and in words, or what the caller itself threw or aborted with.

use js_sys::Reflect;
use maskov_engine::EngineError;
use maskov_export::ExportError;
use maskov_photo::PhotoError;
use maskov_weights::WeightsError;
use wasm_bindgen::JsValue;

/// Why a call failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// An error of ours.
    Error {
        /// One of `ErrorCode` (types.rs).
        code: &'static str,
        /// The cause and the next step, for people.
        message: String,
    },
    /// The caller's own: its signal's reason, or what its callback threw.
    Theirs(JsValue),
}

impl Failure {
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self::Error { code, message: message.into() }
    }
}

impl From<PhotoError> for Failure {
    fn from(error: PhotoError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<WeightsError> for Failure {
    fn from(error: WeightsError) -> Self {
        Self::new(error.kind().name(), error.to_string())
    }
}

impl From<ExportError> for Failure {
    fn from(error: ExportError) -> Self {
        Self::new("out-of-memory", error.to_string())
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<Failure> for JsValue {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Theirs(reason) => reason,
            Failure::Error { code, message } => {
                let error = js_sys::Error::new(&message);
                error.set_name("MaskovError");
                Reflect::set(&error, &"code".into(), &code.into()).expect("a new object takes a property");
                error.into()
            }
        }
    }
}

/// What the platform says of its own error.
pub(crate) fn words_of(error: &JsValue) -> Option<String> {
    property(error, "message").filter(|words| !words.is_empty())
}

/// The platform's name of its own error, such as `QuotaExceededError`.
pub(crate) fn name_of(error: &JsValue) -> String {
    property(error, "name").unwrap_or_default()
}

fn property(error: &JsValue, name: &str) -> Option<String> {
    Reflect::get(error, &name.into()).ok()?.as_string()
}
