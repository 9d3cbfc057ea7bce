//! Model packs: a folder with `pack.json` and shards of at most 64 MiB.
//!
//! `pack.json` names the format version, the model's settings and configurations, every shard with its length and
//! SHA-256, and every tensor with its shape, type and place. Tensors of a shard begin at multiples of 16 bytes; the gaps
//! are zero. q8 and q4 tensors lie there as the GPU takes them ([`crate::QuantizedMatrix`]), the others row-major.

#[cfg(not(target_arch = "wasm32"))]
mod folder;
mod manifest;
mod reader;
mod store;
mod writer;

#[cfg(not(target_arch = "wasm32"))]
pub use folder::{Folder, FolderWriter};
pub use manifest::{MANIFEST_NAME, MAX_SHARD_BYTES, Manifest, PACK_VERSION, PackTensor, Shard};
pub use reader::Pack;
pub use store::{MemoryFolder, ShardOpener, Sink};
pub use writer::PackWriter;

#[cfg(test)]
mod tests;

use sha2::{Digest, Sha256};

/// A digest as lower-case hexadecimal.
fn finish_hex(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
