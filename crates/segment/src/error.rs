//! What can go wrong, in sentences that say what to do next.

/// A result of this crate.
pub type Result<T, E = SegmentError> = std::result::Result<T, E>;

/// Why there is no mask.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SegmentError {
    /// A point lies outside the photo.
    #[error(
        "point {x},{y} lies outside the photo of {width}×{height} pixels: give x from 0 to {} and y from 0 to {}",
        width - 1,
        height - 1
    )]
    PointOutside {
        /// Column of the point.
        x: u32,
        /// Row of the point.
        y: u32,
        /// Width of the photo in pixels.
        width: u32,
        /// Height of the photo in pixels.
        height: u32,
    },
    /// The photo has no pixels, or its bytes do not fit its size.
    #[error("a photo of {width}×{height} pixels needs {} bytes of RGB and at least one pixel, but {len} bytes came: decode it to 8-bit RGB first", u64::from(*width) * u64::from(*height) * 3)]
    PhotoSize {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// Bytes that came.
        len: usize,
    },
    /// The attention map is not `[R², R²]`.
    #[error(
        "an attention map at resolution {resolution} has {} entries (R²×R²), but {len} came: check the resolution it was made at",
        (*resolution as u128).pow(4)
    )]
    AttentionShape {
        /// Attention resolution R.
        resolution: usize,
        /// Entries that came.
        len: usize,
    },
    /// An entry of the attention map is NaN, infinite or negative.
    #[error(
        "the attention map holds {value} at row {row}, column {column}; entries must be finite and not negative: compute the map again, in f32 if it was made in f16"
    )]
    AttentionValue {
        /// Row (query token).
        row: usize,
        /// Column (key token).
        column: usize,
        /// The entry.
        value: f32,
    },
    /// A row of the attention map sums to zero.
    #[error("row {row} of the attention map is all zeros, so it can't be normalised: compute the map again")]
    AttentionRowEmpty {
        /// Row (query token).
        row: usize,
    },
    /// The chain lost all its mass: the transition matrix has rows or columns without weight.
    #[error(
        "the Markov chain died out after {step} steps: the attention map has tokens that no token attends to; compute it again at a higher resolution"
    )]
    ChainDiedOut {
        /// Steps taken.
        step: u32,
    },
    /// A setting is outside its range.
    #[error("setting {name} is {value}, but it must be {wanted}")]
    Setting {
        /// Its name.
        name: &'static str,
        /// Its value.
        value: f64,
        /// What it may be.
        wanted: &'static str,
    },
    /// Two images that belong together differ in size.
    #[error("{what} has {len} values, but the photo has {wanted} pixels: use images of the same size")]
    SizeMismatch {
        /// What differs.
        what: &'static str,
        /// Its length.
        len: usize,
        /// The length that fits.
        wanted: usize,
    },
    /// The caller asked to stop.
    #[error("stopped before the mask was ready, as asked")]
    Cancelled,
    /// The solver's device failed.
    #[error("{0}")]
    Device(#[source] Box<dyn std::error::Error + Send + Sync>),
}
