//! Any bytes as a safetensors file: the header, then every tensor that it names.

#![no_main]

use libfuzzer_sys::fuzz_target;
use maskov_weights::{MemorySource, SafeTensors};
use pollster::block_on;

fuzz_target!(|bytes: &[u8]| {
    let Ok(file) = block_on(SafeTensors::open(Box::new(MemorySource::new("fuzz", bytes)))) else {
        return;
    };
    for tensor in file.tensors() {
        let read = block_on(file.read(&tensor.name)).expect("what the header's check lets through is there");
        assert_eq!(read.bytes().len() as u64, tensor.range.end - tensor.range.start);
        read.check_finite().ok();
        read.to_f32().ok();
    }
});
