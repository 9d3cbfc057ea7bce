//! Walks a graph with weights, on the GPU or on the CPU.
//!
//! ```text
//! Graph ─▶ Schedule ──┐
//! WeightSource ───────┴─▶ load ─▶ Executor::run(image) ─▶ Outputs: values, attention maps, timings
//! ```
//!
//! [`GpuExecutor`] is the product. [`CpuExecutor`] is the reference (it keeps f32 weights where the file has them) and the fallback where there is no
//! hardware adapter.

pub mod compare;
mod cpu;
mod embedding;
mod error;
mod executor;
mod gpu;
mod memory_plan;
mod picture;
mod pieces;
mod schedule;
mod timings;
mod weights;

pub use cpu::{CpuExecutor, linear};
pub use error::{Result, RuntimeError};
pub use executor::{Executor, Outputs, Values};
pub use gpu::{GpuExecutor, Weights};
pub use maskov_progress::{Observer, Step, Watch};
pub use memory_plan::activation_bytes;
pub use pieces::fits_bindings;
pub use timings::Timings;
