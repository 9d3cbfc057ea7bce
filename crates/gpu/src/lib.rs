//! The only crate that creates wgpu objects.
//!
//! [`Gpu`] is the adapter, device and queue with what they allow ([`Caps`]); [`Buffer`] and [`RowTiled`] are memory;
//! [`Kernel`] is one compute shader; [`Pass`] records dispatches and [`Pass::submit`] sends them off;
//! [`Gpu::read`] brings results back. `testing` (a feature) is what every kernel
//! test stands on.

mod bindings;
mod buffer;
mod caps;
mod context;
mod counts;
mod dispatch;
mod error;
mod kernel;
mod memory;
mod pace;
mod profile;
mod readback;
mod row_tiled;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use buffer::{Binding, Buffer, SLICE_WORDS};
pub use caps::Caps;
pub use context::{AdapterChoice, Gpu};
pub use counts::Counts;
pub use dispatch::{Pass, groups_1d};
pub use error::{GpuError, Result};
pub use kernel::{Bind, Kernel};
pub use pace::{Pace, Unit};
pub use profile::{Profiling, Span};
pub use readback::{Mark, Reading};
pub use row_tiled::{RowTile, RowTiled};
