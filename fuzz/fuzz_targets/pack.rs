//! Any bytes as a pack: `pack.json` up to the first zero byte, and its first shard behind it. Where the manifest is
//! sound, the shard's length and hash are made right, so that reading goes on to the tensors.

#![no_main]

use libfuzzer_sys::fuzz_target;
use maskov_weights::{Manifest, MemoryFolder, Pack, WeightSource};
use pollster::block_on;
use sha2::{Digest, Sha256};

fuzz_target!(|bytes: &[u8]| {
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    let (json, shard) = (&bytes[..end], bytes.get(end + 1..).unwrap_or_default());
    let Ok(mut manifest) = Manifest::parse(json) else {
        return;
    };
    if let Some(first) = manifest.shards.first_mut() {
        first.length = shard.len() as u64;
        first.sha256 = Sha256::digest(shard).iter().map(|byte| format!("{byte:02x}")).collect();
    }
    let folder = MemoryFolder::default();
    folder.insert("shard-00000.bin", shard.to_vec());
    // A shorter shard may not hold what the manifest puts there: then it is refused here.
    let Ok(pack) = Pack::open(&manifest.to_json(), Box::new(folder)) else {
        return;
    };
    block_on(pack.verify()).ok();
    for name in pack.names() {
        if let Ok(tensor) = block_on(pack.read(name)) {
            tensor.to_f32().ok();
        }
    }
});
