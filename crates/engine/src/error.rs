//! What can go wrong between a photo and its mask.

use maskov_gpu::GpuError;
use maskov_graph::GraphError;
use maskov_model::ModelError;
use maskov_runtime::RuntimeError;
use maskov_segment::SegmentError;
use maskov_weights::WeightsError;

/// Result of this crate.
pub type Result<T, E = EngineError> = std::result::Result<T, E>;

/// An error of any layer below, or one of a model that is not whole.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// There is no such adapter, or it failed.
    #[error(transparent)]
    Gpu(#[from] GpuError),
    /// Weights are missing, unsound or unreadable.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The model's configuration is not one that runs here.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The network failed.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// The method failed.
    #[error(transparent)]
    Segment(#[from] SegmentError),
    /// A file that should hold an attention map and does not.
    #[error(
        "{file} holds no attention map ({reason}): give a safetensors file with `attention`, f32 [R², R²]"
    )]
    NoAttention {
        /// The file.
        file: String,
        /// What it has instead.
        reason: String,
    },
}

impl EngineError {
    /// The word by which the page tells errors apart.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Gpu(error) => error.code(),
            Self::Weights(error) | Self::Runtime(RuntimeError::Weights(error)) => error.kind().name(),
            Self::Model(ModelError::Resolution { .. }) => "bad-resolution",
            Self::Model(ModelError::Incomplete { .. }) => "weights-missing",
            Self::Model(_) => "weights-unsupported",
            Self::Runtime(RuntimeError::Gpu(error)) => error.code(),
            Self::Runtime(RuntimeError::NotFinite { .. }) => "weights-corrupt",
            Self::Runtime(RuntimeError::Cancelled { .. }) | Self::Segment(SegmentError::Cancelled) => {
                "cancelled"
            }
            Self::Segment(SegmentError::PointOutside { .. }) => "point-outside",
            Self::Segment(SegmentError::PhotoSize { .. }) => "bad-image",
            Self::Segment(SegmentError::Device(error)) => {
                error.downcast_ref::<GpuError>().map_or("internal", GpuError::code)
            }
            Self::NoAttention { .. } | Self::Segment(_) => "bad-attention",
            Self::Runtime(_) => "internal",
        }
    }

    /// Whether the device is to blame, so that the CPU may do better.
    pub fn is_of_device(&self) -> bool {
        matches!(
            self,
            Self::Gpu(_) | Self::Runtime(RuntimeError::Gpu(_)) | Self::Segment(SegmentError::Device(_))
        )
    }
}

impl From<GraphError> for EngineError {
    fn from(error: GraphError) -> Self {
        Self::Model(error.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_reach_through_every_layer() {
        let lost = || GpuError::DeviceLost("unplugged".into());
        let wrapped: [EngineError; 3] =
            [lost().into(), RuntimeError::Gpu(lost()).into(), SegmentError::Device(Box::new(lost())).into()];
        for error in wrapped {
            assert_eq!(error.code(), "device-lost");
            assert!(error.is_of_device());
        }
        let missing: EngineError = RuntimeError::Weights(WeightsError::Missing(vec!["a".into()])).into();
        assert_eq!((missing.code(), missing.is_of_device()), ("weights-missing", false));
        let outside = SegmentError::PointOutside { x: 9, y: 0, width: 9, height: 9 };
        assert_eq!(EngineError::from(outside).code(), "point-outside");
        assert_eq!(EngineError::from(SegmentError::Cancelled).code(), "cancelled");
    }
}
