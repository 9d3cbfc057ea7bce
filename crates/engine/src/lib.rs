//! Photo in, mask out: what the command line and the page both do, once.
//!
//! ```text
//! WeightSource ─▶ Model (settings, configs) ─▶ Engine::open on a Device
//! photo ─▶ Engine::encode ─▶ Session ─▶ points ─▶ mask at the photo's own size
//! attention from a file ───▶ Session::new
//! ```
//!
//! A GPU whose memory is short is asked for less ([`Plan`]). Where it is only hoped for ([`DeviceChoice::Auto`]) and fails,
//! the CPU takes over and [`Engine::note`] says why.

mod attention;
mod backend;
mod device;
mod engine;
mod error;
mod families;
mod fidelity;
mod model;
mod network;
mod plan;
mod resize;
mod session;
mod timed;
mod trial;

pub use attention::{Attention, attention_from_file};
pub use device::{Device, DeviceChoice, Reason};
pub use engine::Engine;
pub use error::{EngineError, Result};
pub use families::{classes, component_of, components, listings, text_graph};
pub use fidelity::Fidelity;
pub use model::Model;
pub use network::{Encoded, Network};
pub use plan::{CPU_RESOLUTION, Plan};
pub use resize::resize_area;
pub use session::Session;
pub use timed::{Stage, StageTime};
pub use trial::{Trial, try_adapter};

pub use maskov_runtime::{Observer, Step, Watch};
pub use maskov_segment::{
    LARGEST_SIZE, Mask, MethodName, PREVIEW_STRIDES, PointStages, PromptPoint, RgbImage, SMALLEST_SIZE,
    Segmentation, SizeStop, TransitionRow,
};
