//! What can go wrong between us and the adapter.

/// Errors of the GPU layer. The page tells them apart by [`GpuError::code`].
#[derive(Clone, Debug, thiserror::Error, PartialEq)]
pub enum GpuError {
    /// There is no adapter of the wanted kind.
    #[error("no {wanted} graphics adapter: {reason}")]
    Unavailable {
        /// "hardware" or "usable".
        wanted: &'static str,
        /// What the system said.
        reason: String,
    },
    /// The adapter stays below what the engine needs.
    #[error(
        "{adapter} allows {name} of only {has}, and {needs} are needed; use --device cpu or another adapter"
    )]
    LimitTooSmall {
        /// The adapter's name.
        adapter: String,
        /// WebGPU's name of the limit.
        name: &'static str,
        /// What the adapter has.
        has: u64,
        /// What is needed.
        needs: u64,
    },
    /// One buffer would exceed what the adapter can bind.
    #[error(
        "{what} needs a buffer of {bytes} bytes and this adapter binds at most {limit}; take a smaller resolution"
    )]
    BufferTooLarge {
        /// What the buffer is for.
        what: String,
        /// Its size.
        bytes: u64,
        /// The adapter's limit.
        limit: u64,
    },
    /// The device ran out of memory.
    #[error(
        "the graphics memory is full ({bytes} bytes held by this program); take a smaller resolution or close other programs"
    )]
    OutOfMemory {
        /// Bytes that this program held.
        bytes: u64,
    },
    /// The driver restarted or the device was taken away.
    #[error("the graphics driver restarted: {0}; open the device again")]
    DeviceLost(String),
    /// A wrapper was called with shapes that do not fit together: a bug in the caller.
    #[error("{kernel}: {reason}")]
    Shape {
        /// The kernel.
        kernel: &'static str,
        /// What does not fit.
        reason: String,
    },
    /// The driver refused a shader or a command: a bug in this program or in the driver.
    #[error("the graphics driver refused a command: {0}")]
    Refused(String),
}

impl GpuError {
    /// The word by which the page tells errors apart.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unavailable { .. } => "webgpu-unavailable",
            Self::LimitTooSmall { .. } => "adapter-too-small",
            Self::BufferTooLarge { .. } => "buffer-too-large",
            Self::OutOfMemory { .. } => "out-of-memory",
            Self::DeviceLost(_) => "device-lost",
            Self::Shape { .. } | Self::Refused(_) => "internal",
        }
    }
}

/// Result of the GPU layer.
pub type Result<T, E = GpuError> = std::result::Result<T, E>;
