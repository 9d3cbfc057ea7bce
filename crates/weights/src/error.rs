//! What can go wrong between bytes and tensors, each with the next step.

/// Result of this crate.
pub type Result<T, E = WeightsError> = std::result::Result<T, E>;

/// The kinds a page or a command tells apart, because the next step differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// Bytes did not arrive: try again.
    FetchFailed,
    /// A file or tensor is not there: choose another model.
    WeightsMissing,
    /// Bytes arrived and are wrong: get the file again.
    WeightsCorrupt,
    /// The file is sound, but this version does not read it.
    WeightsUnsupported,
    /// No room is left to write.
    StorageFull,
    /// Writing failed for another reason.
    StorageFailed,
}

impl ErrorKind {
    /// The kind's fixed name, as messages between worker and page carry it.
    pub fn name(self) -> &'static str {
        match self {
            ErrorKind::FetchFailed => "fetch-failed",
            ErrorKind::WeightsMissing => "weights-missing",
            ErrorKind::WeightsCorrupt => "weights-corrupt",
            ErrorKind::WeightsUnsupported => "weights-unsupported",
            ErrorKind::StorageFull => "storage-full",
            ErrorKind::StorageFailed => "storage-failed",
        }
    }
}

/// An error sentence per case; `what` and `file` name files or addresses, `tensor` names tensors.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WeightsError {
    /// A source failed while reading: disk, network, host.
    #[error("{what} could not be read: {reason}. Check the connection or the disk and try again.")]
    Source {
        /// File or address.
        what: String,
        /// The platform's own words.
        reason: String,
    },
    /// A file is not there.
    #[error("{what} was not found. Check the path, or choose another model.")]
    NotFound {
        /// File, folder or address.
        what: String,
    },
    /// A sink failed while writing.
    #[error("{what} could not be written: {reason}. Check that the folder exists and may be written to.")]
    Write {
        /// File.
        what: String,
        /// The platform's own words.
        reason: String,
    },
    /// A folder that a pack would replace holds what is no part of a pack.
    #[error(
        "{folder} holds {entry}, which is no part of a pack, so no pack is written there. Choose another folder."
    )]
    NoPackFolder {
        /// The folder.
        folder: String,
        /// The first of what is no part of a pack.
        entry: String,
    },
    /// A sink has no room left.
    #[error("There is no room left to write {what}. Free some space and start again.")]
    StorageFull {
        /// File.
        what: String,
    },
    /// A file is shorter or longer than it says it is.
    #[error("{file} has {found} bytes where it should have {expected}. Get the file again.")]
    WrongLength {
        /// File or address.
        file: String,
        /// Bytes it should have.
        expected: u64,
        /// Bytes it has.
        found: u64,
    },
    /// A safetensors header breaks a rule of the format.
    #[error(
        "{file} is not a sound safetensors file: {reason}. Get the file again, or convert it to safetensors."
    )]
    MalformedSafeTensors {
        /// File or address.
        file: String,
        /// The broken rule.
        reason: String,
    },
    /// A JSON file beside the weights can't be parsed.
    #[error("{file} is not sound JSON: {reason}. Get the file again.")]
    MalformedJson {
        /// File or address.
        file: String,
        /// What the parser says.
        reason: String,
    },
    /// A pack manifest breaks a rule of the format.
    #[error("pack.json is not sound: {reason}. Get the pack again, or build it with `maskov pack`.")]
    MalformedPack {
        /// The broken rule.
        reason: String,
    },
    /// A pack was written by a later version.
    #[error("This pack has format {found}, and this version reads formats up to {supported}. Update Maskov.")]
    NewerPack {
        /// The pack's format version.
        found: u64,
        /// The latest that is understood.
        supported: u64,
    },
    /// A shard's bytes are not the ones that were packed.
    #[error("{shard} has SHA-256 {found} where pack.json says {expected}. Get that file again.")]
    WrongHash {
        /// Shard file.
        shard: String,
        /// Hexadecimal, as in the manifest.
        expected: String,
        /// Hexadecimal, of the bytes read.
        found: String,
    },
    /// A type that this version does not compute with.
    #[error(
        "Tensor {tensor} is stored as {dtype}, which is not read here. Take a file with {needed} weights."
    )]
    UnsupportedDType {
        /// Tensor name.
        tensor: String,
        /// Its type as the file spells it.
        dtype: String,
        /// What would do.
        needed: &'static str,
    },
    /// Tensors that are needed and absent: all of them.
    #[error("{} missing: {}. Take a checkpoint that has all of them.", count(.0.len()), .0.join(", "))]
    Missing(Vec<String>),
    /// A tensor's shape is not the one the model's configuration asks for.
    #[error(
        "Tensor {tensor} has shape {found:?} where the configuration needs {expected:?}. \
         Take configuration and weights from the same model."
    )]
    WrongShape {
        /// Tensor name.
        tensor: String,
        /// Shape that is needed.
        expected: Vec<usize>,
        /// Shape that is stored.
        found: Vec<usize>,
    },
    /// A tensor that should be `[out, in]` or `[out, in, height, width]` is not.
    #[error(
        "Tensor {tensor} of shape {shape:?} is no matrix or convolution. Store it as F32 or F16 instead."
    )]
    NotAMatrix {
        /// Tensor name.
        tensor: String,
        /// Its shape.
        shape: Vec<usize>,
    },
    /// A tensor's bytes do not fill its shape.
    #[error(
        "Tensor {tensor} has {found} bytes where its shape and type need {expected}. Get the file again."
    )]
    WrongByteCount {
        /// Tensor name.
        tensor: String,
        /// Bytes that shape and type need.
        expected: u64,
        /// Bytes given.
        found: u64,
    },
    /// A NaN or an infinity among the weights (or their scales).
    #[error(
        "Tensor {tensor} holds a value that is not a number or not finite (at {index}). Get the file again."
    )]
    NotFinite {
        /// Tensor name.
        tensor: String,
        /// Index of the first such value; for quantised tensors of the scale.
        index: usize,
    },
    /// A finite value that the wanted type can't hold.
    #[error("Tensor {tensor} holds {value}, which is out of range for {dtype}. Store it in a wider type.")]
    OutOfRange {
        /// Tensor name.
        tensor: String,
        /// The value.
        value: String,
        /// The wanted type.
        dtype: &'static str,
    },
    /// Two tensors of one name.
    #[error("Tensor {tensor} appears twice. Remove one of the files that hold it.")]
    Duplicate {
        /// Tensor name.
        tensor: String,
    },
    /// A tensor that does not fit into one shard.
    #[error(
        "Tensor {tensor} has {bytes} bytes, more than a shard holds ({limit}). Store it in a smaller type."
    )]
    TensorTooLarge {
        /// Tensor name.
        tensor: String,
        /// Its size.
        bytes: u64,
        /// A shard's size.
        limit: u64,
    },
}

impl WeightsError {
    /// Which kind of next step this error has.
    pub fn kind(&self) -> ErrorKind {
        use WeightsError as E;
        match self {
            E::Source { .. } => ErrorKind::FetchFailed,
            E::Write { .. } | E::NoPackFolder { .. } => ErrorKind::StorageFailed,
            E::NotFound { .. } | E::Missing(_) => ErrorKind::WeightsMissing,
            E::StorageFull { .. } => ErrorKind::StorageFull,
            E::NewerPack { .. } | E::UnsupportedDType { .. } | E::NotAMatrix { .. } => {
                ErrorKind::WeightsUnsupported
            }
            E::OutOfRange { .. } | E::TensorTooLarge { .. } => ErrorKind::WeightsUnsupported,
            _ => ErrorKind::WeightsCorrupt,
        }
    }
}

fn count(missing: usize) -> String {
    match missing {
        1 => "1 tensor is".to_owned(),
        n => format!("{n} tensors are"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_lists_every_tensor() {
        let error = WeightsError::Missing(vec!["conv_in.weight".into(), "conv_in.bias".into()]);
        assert_eq!(
            error.to_string(),
            "2 tensors are missing: conv_in.weight, conv_in.bias. Take a checkpoint that has all of them."
        );
        assert_eq!(error.kind().name(), "weights-missing");
    }
}
