//! Where to compute.

use std::rc::Rc;

use maskov_gpu::{AdapterChoice, Gpu};

use crate::Result;

/// What the person asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeviceChoice {
    /// A hardware adapter where there is one, else the CPU, which is faster than a software adapter.
    #[default]
    Auto,
    /// Any adapter, a software one included; an error where there is none.
    Gpu,
    /// The CPU.
    Cpu,
}

/// Where the work is done.
#[derive(Clone)]
pub enum Device {
    /// An adapter.
    Gpu(Rc<Gpu>),
    /// The CPU.
    Cpu,
}

impl Device {
    /// The device of that choice; with the CPU that stands in for a missing adapter a sentence that says why.
    ///
    /// # Errors
    /// With [`DeviceChoice::Gpu`] when there is no usable adapter.
    pub async fn open(choice: DeviceChoice) -> Result<(Self, Option<String>)> {
        match choice {
            DeviceChoice::Cpu => Ok((Self::Cpu, None)),
            DeviceChoice::Gpu => Ok((Self::Gpu(Rc::new(Gpu::open(AdapterChoice::Any).await?)), None)),
            DeviceChoice::Auto => Ok(match Gpu::open(AdapterChoice::Hardware).await {
                Ok(gpu) => (Self::Gpu(Rc::new(gpu)), None),
                Err(error) => (Self::Cpu, Some(cpu_takes_over(&error))),
            }),
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
}

impl std::fmt::Debug for Device {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name())
    }
}

/// The sentence that goes with the CPU.
pub(crate) fn cpu_takes_over(error: &dyn std::error::Error) -> String {
    format!("{error}: computing on the CPU")
}
