//! Where to compute.

use std::rc::Rc;

use maskov_gpu::{AdapterChoice, Gpu};
use maskov_segment::{GpuSolver, Method};

use crate::{EngineError, Plan, Result};

/// What the person asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeviceChoice {
    /// A hardware adapter where there is one, else the CPU, which is faster than a software adapter mostly.
    #[default]
    Auto,
    /// Any adapter, a software one included, else the CPU: where a [trial](crate::try_adapter) has shown that it is faster.
    AutoWithSoftware,
    /// Any adapter, a software one included; an error where there is none.
    Gpu,
    /// The CPU.
    Cpu,
}

impl DeviceChoice {
    /// Whether the CPU may take over from an adapter.
    pub fn allows_cpu(self) -> bool {
        self != Self::Gpu
    }
}

/// Where the work is done.
#[derive(Clone)]
pub enum Device {
    /// An adapter.
    Gpu(Rc<Gpu>),
    /// The CPU.
    Cpu,
}

/// Why less is done than was hoped for. Shown, it is a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// [`EngineError::code`] of what failed.
    pub code: &'static str,
    /// What failed, and what is done instead.
    pub sentence: String,
}

impl Reason {
    pub(crate) fn new(error: &EngineError, plan: Plan) -> Self {
        let instead = match plan {
            Plan::Full => "trying again",
            Plan::Small => "solving at a smaller size",
            Plan::Cpu => "computing on the CPU",
        };
        Self { code: error.code(), sentence: format!("{error}: {instead}") }
    }
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.sentence)
    }
}

impl Device {
    /// The device of that choice; with the CPU that stands in for a missing adapter the reason.
    ///
    /// # Errors
    /// With [`DeviceChoice::Gpu`] when there is no usable adapter.
    pub async fn open(choice: DeviceChoice) -> Result<(Self, Option<Reason>)> {
        let adapters = match choice {
            DeviceChoice::Cpu => return Ok((Self::Cpu, None)),
            DeviceChoice::Auto => AdapterChoice::Hardware,
            DeviceChoice::AutoWithSoftware | DeviceChoice::Gpu => AdapterChoice::Any,
        };
        match Gpu::open(adapters).await {
            Ok(gpu) => Ok((Self::Gpu(Rc::new(gpu)), None)),
            Err(error) if choice.allows_cpu() => Ok((Self::Cpu, Some(Reason::new(&error.into(), Plan::Cpu)))),
            Err(error) => Err(error.into()),
        }
    }

    /// Compiles what a method needs there: in a browser while other things are waited for.
    pub(crate) fn compile(&self, method: &Method) {
        if let Self::Gpu(gpu) = self {
            GpuSolver::compile(gpu, method);
        }
    }

    /// `GPU` and the adapter's name, or `CPU`.
    pub fn name(&self) -> String {
        match self {
            Self::Gpu(gpu) => format!("GPU: {} ({})", gpu.caps().name, gpu.caps().backend),
            Self::Cpu => "CPU".to_owned(),
        }
    }

    /// Whether it is an adapter.
    pub fn is_gpu(&self) -> bool {
        matches!(self, Self::Gpu(_))
    }

    /// Whether it is an adapter that computes on the CPU.
    pub fn is_software(&self) -> bool {
        matches!(self, Self::Gpu(gpu) if gpu.caps().software)
    }
}

impl std::fmt::Debug for Device {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name())
    }
}
