//! How exactly a photo is solved.

use maskov_segment::{MethodSettings, SolveSize};

use crate::Device;

/// The size that a photo is solved at and the taps of its upsampling. Larger photos have their mask's edge band refined
/// at full size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fidelity {
    /// The size to solve at.
    pub solve_size: SolveSize,
    /// Samples of the bilateral filter to a low-resolution cell and axis, at most; `None` is the formula itself.
    pub samples_per_cell: Option<usize>,
    /// Device memory for upsampling weights, in bytes; `None` is as much as [`MethodSettings`] says.
    pub kept_weight_bytes: Option<usize>,
}

/// The CPU's samples to a cell and axis: enough that distance maps of the still life differ from the formula's by 0.0003 in
/// the mean and masks are as good (`crates/engine/tests/fidelity.rs`), few enough for a first click on two cores.
const CPU_SAMPLES_PER_CELL: usize = 4;

/// A GPU's samples to a cell and axis: maps differ from the formula's by a third of what the CPU's do (the same test), and
/// a megapixel at R = 48 takes a seventh of the formula's samples.
const GPU_SAMPLES_PER_CELL: usize = 8;

/// Half of what the weights of our method's maps take, an eighth of those of a quarter megapixel: they are computed anew for
/// every map, tile by tile.
const SMALL_WEIGHT_BYTES: usize = 4 << 20;

impl Fidelity {
    /// The formula at the photo's own size up to one megapixel: evaluation.
    pub const FULL: Self =
        Self { solve_size: SolveSize::GPU, samples_per_cell: None, kept_weight_bytes: None };
    /// The formula at the photo's own size, whatever it is: verification.
    pub const EXACT: Self = Self { solve_size: SolveSize::Exact, ..Self::FULL };
    /// The photo's own size up to one megapixel, with as many taps as make no difference: what a GPU does by default.
    pub const GPU: Self = Self { samples_per_cell: Some(GPU_SAMPLES_PER_CELL), ..Self::FULL };
    /// A quarter of a megapixel and fewer taps: what a CPU does by default.
    pub const CPU: Self = Self {
        solve_size: SolveSize::CPU,
        samples_per_cell: Some(CPU_SAMPLES_PER_CELL),
        kept_weight_bytes: None,
    };
    /// What a CPU does, with upsampling weights that are not kept: a GPU whose memory is short.
    pub const SMALL: Self = Self { kept_weight_bytes: Some(SMALL_WEIGHT_BYTES), ..Self::CPU };

    /// What suits a device.
    pub fn of(device: &Device) -> Self {
        match device {
            Device::Gpu(gpu) if !gpu.caps().software => Self::GPU,
            // A software adapter is a CPU that is slower still.
            Device::Gpu(_) | Device::Cpu => Self::CPU,
        }
    }

    pub(crate) fn method(self, settings: MethodSettings) -> MethodSettings {
        MethodSettings {
            // Our method's own are as few as its masks need.
            samples_per_cell: settings.samples_per_cell.or(self.samples_per_cell),
            kept_weight_bytes: self.kept_weight_bytes.unwrap_or(settings.kept_weight_bytes),
            ..settings
        }
    }
}
