//! The one error that the page is told: a code that it knows the next step for, and the cause in words.

use maskov_engine::EngineError;
use maskov_export::ExportError;
use maskov_photo::PhotoError;
use maskov_weights::WeightsError;

/// Code of work that stopped because something newer is wanted: nobody is told.
const CANCELLED: &str = "cancelled";

/// An error by its code (`web/page/errors.js` lists them) and in words.
#[derive(Debug)]
pub(crate) struct PageError {
    pub code: &'static str,
    pub message: String,
}

impl PageError {
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    pub fn is_cancelled(&self) -> bool {
        self.code == CANCELLED
    }
}

impl From<PhotoError> for PageError {
    fn from(error: PhotoError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<WeightsError> for PageError {
    fn from(error: WeightsError) -> Self {
        Self::new(error.kind().name(), error.to_string())
    }
}

impl From<ExportError> for PageError {
    fn from(error: ExportError) -> Self {
        Self::new("out-of-memory", error.to_string())
    }
}

impl From<EngineError> for PageError {
    fn from(error: EngineError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}
