//! Why a file did not become a photo.

use thiserror::Error;

/// Why a file did not become a photo; each message is a sentence for the person who opened it, and the next step.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PhotoError {
    /// Zero bytes.
    #[error("The file is empty. Download or copy the photo again and open that.")]
    Empty,
    /// No picture format that is known by its first bytes.
    #[error("The file is not a photo. Open a JPEG, PNG, WebP, GIF or BMP file.")]
    NotAPhoto,
    /// A picture format that is known and not read here; the platform's own decoder may read it.
    #[error("Maskov cannot read {format} files here. Save the photo as JPEG or PNG and open that.")]
    UnsupportedFormat {
        /// The format's usual name.
        format: &'static str,
    },
    /// The file ends before its picture does.
    #[error(
        "The {format} file is cut off: it ends before its picture does. Download or copy it again and open that."
    )]
    CutOff {
        /// The format's usual name.
        format: &'static str,
    },
    /// The decoder met bytes that the format does not allow.
    #[error(
        "The {format} file is damaged: its picture cannot be read. Download or copy it again, or save it anew in another \
         program, and open that."
    )]
    Damaged {
        /// The format's usual name.
        format: &'static str,
        /// The decoder's own words, for whoever looks for the cause; they are not in the sentence.
        reason: String,
    },
    /// More pixels than are opened here; known from the header, nothing was decoded.
    #[error(
        "The photo has {:.1} megapixels ({width} × {height}), and up to {:.0} megapixels can be opened here. \
         Make it smaller and open that.",
        megapixels(u64::from(*.width) * u64::from(*.height)), megapixels(*.max_pixels)
    )]
    TooLarge {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// The largest number of pixels that is opened here.
        max_pixels: u64,
    },
    /// The pixels do not fit into memory; nothing was decoded.
    #[error(
        "There is not enough memory for this photo (it needs {} MB). Close other programs or tabs, or make it smaller.",
        .bytes.div_ceil(1_000_000)
    )]
    OutOfMemory {
        /// Bytes that decoding would have taken at once.
        bytes: u64,
    },
    /// Pixels handed over by the platform do not have the size they came with.
    #[error("{got} bytes do not make {width} × {height} RGBA pixels. Hand over width × height × 4 bytes.")]
    WrongPixelCount {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// Bytes handed over.
        got: usize,
    },
}

impl PhotoError {
    /// The word by which the page tells errors apart: `bad-image` or `out-of-memory`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::OutOfMemory { .. } => "out-of-memory",
            _ => "bad-image",
        }
    }
}

fn megapixels(pixels: u64) -> f64 {
    pixels as f64 / 1e6
}
