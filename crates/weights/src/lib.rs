//! Bytes to named tensors.
//!
//! ```text
//! ByteSource (memory, file, HTTP) ─▶ SafeTensors ─▶ Checkpoint ─┐
//!                                 └▶ Pack ◀── PackWriter        ├─▶ WeightSource ─▶ HostTensor ─▶ f32, f16, q8, q4
//!                                      └────────────────────────┘
//! ```
//!
//! Files are read by byte ranges, never whole. Everything is little-endian, as safetensors and WebGPU have it.

mod byte_source;
mod checkpoint;
mod dtype;
mod error;
mod host_tensor;
mod json;
mod matrix;
mod pack;
mod quantize;
mod safetensors;
#[cfg(test)]
mod testing;
mod weight_source;

#[cfg(not(target_arch = "wasm32"))]
pub use byte_source::FileSource;
pub use byte_source::{ByteSource, MemorySource};
pub use checkpoint::Checkpoint;
pub use dtype::DType;
pub use error::{ErrorKind, Result, WeightsError};
pub use host_tensor::HostTensor;
pub use maskov_progress::LocalFuture;
pub use matrix::{GROUP_SIZE, MatrixShape, pack_matrix_f16, unpack_matrix_f16};
#[cfg(not(target_arch = "wasm32"))]
pub use pack::{Folder, FolderWriter};
pub use pack::{
    MANIFEST_NAME, MAX_SHARD_BYTES, Manifest, MemoryFolder, PACK_VERSION, Pack, PackTensor, PackWriter,
    Shard, ShardOpener, Sink,
};
pub use quantize::{QuantizedMatrix, dequantize, quantize};
pub use safetensors::{MAX_HEADER_BYTES, SafeTensors, TensorEntry, write_safetensors};
pub use weight_source::{TensorInfo, Wanted, WeightSource, resolve};
