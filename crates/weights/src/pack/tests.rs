use std::collections::BTreeMap;

use pollster::block_on;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::*;
use crate::testing::uniform;
use crate::{DType, HostTensor, Result, WeightSource, WeightsError};

fn tensor(name: &str, shape: &[usize], dtype: DType) -> HostTensor {
    let values = uniform(shape.iter().product(), name.len() as u64);
    HostTensor::from_f32(name, shape, &values).unwrap().to_dtype(dtype).unwrap()
}

fn tensors() -> Vec<HostTensor> {
    vec![
        tensor("conv_in.weight", &[8, 3, 3, 3], DType::F16),
        tensor("conv_in.bias", &[7], DType::F32),
        tensor("q8.weight", &[3, 40, 3, 3], DType::Q8),
        tensor("q4.weight", &[5, 33], DType::Q4),
        tensor("norm.weight", &[5], DType::BF16),
        tensor("empty", &[0], DType::F32),
    ]
}

/// A pack of small shards: several of them, gaps between tensors.
fn packed() -> MemoryFolder {
    let mut writer = PackWriter::with_max_shard_bytes(MemoryFolder::default(), 2048);
    for tensor in tensors() {
        block_on(writer.write(&tensor)).unwrap();
    }
    let configs = BTreeMap::from([("unet".to_owned(), json!({"in_channels": 3}))]);
    block_on(writer.finish(json!({"resolution": 48}), configs)).unwrap().0
}

fn open(folder: &MemoryFolder) -> Result<Pack> {
    Pack::open(&folder.file(MANIFEST_NAME).unwrap(), Box::new(folder.clone()))
}

fn edit_manifest(folder: &MemoryFolder, edit: impl FnOnce(&mut Value)) {
    let mut manifest = serde_json::from_slice(&folder.file(MANIFEST_NAME).unwrap()).unwrap();
    edit(&mut manifest);
    folder.insert(MANIFEST_NAME, manifest.to_string().into_bytes());
}

fn refusal(edit: impl FnOnce(&mut Value)) -> String {
    let folder = packed();
    edit_manifest(&folder, edit);
    match open(&folder).err().expect("the pack should be refused") {
        WeightsError::MalformedPack { reason } => reason,
        other => panic!("{other}"),
    }
}

#[test]
fn what_is_packed_is_read() {
    let folder = packed();
    assert_eq!(folder.names(), ["pack.json", "shard-00000.bin", "shard-00001.bin"]);
    let pack = open(&folder).unwrap();
    block_on(pack.verify()).unwrap();
    let names: Vec<String> = tensors().iter().map(|tensor| tensor.name().to_owned()).collect();
    assert_eq!(pack.names(), names);
    // Backwards too: shards are read again.
    for tensor in tensors().iter().chain(tensors().iter().rev()) {
        assert_eq!(&block_on(pack.read(tensor.name())).unwrap(), tensor);
        let info = pack.info(tensor.name()).unwrap();
        assert_eq!((&*info.shape, info.dtype), (tensor.shape(), tensor.dtype()));
    }
    assert_eq!(pack.config("unet").unwrap()["in_channels"], 3);
    assert_eq!(pack.settings().unwrap()["resolution"], 48);
    assert!(pack.info("none").is_none() && pack.config("vae").is_none());
    assert_eq!(block_on(pack.read("none")).unwrap_err(), WeightsError::Missing(vec!["none".into()]));
    for tensor in &pack.manifest().tensors {
        assert_eq!(tensor.offset % 16, 0, "{}", tensor.name);
    }
}

#[test]
fn packing_is_reproducible() {
    let (a, b) = (packed(), packed());
    for name in a.names() {
        assert_eq!(a.file(&name), b.file(&name), "{name}");
    }
}

#[test]
fn the_writer_refuses_what_a_pack_may_not_hold() {
    let mut writer = PackWriter::with_max_shard_bytes(MemoryFolder::default(), 2048);
    block_on(writer.write(&tensor("w", &[4], DType::F32))).unwrap();
    let twice = block_on(writer.write(&tensor("w", &[4], DType::F32))).unwrap_err();
    assert_eq!(twice, WeightsError::Duplicate { tensor: "w".into() });
    let large = block_on(writer.write(&tensor("large", &[513], DType::F32))).unwrap_err();
    assert_eq!(large, WeightsError::TensorTooLarge { tensor: "large".into(), bytes: 2052, limit: 2048 });
    let nan = HostTensor::from_f32("nan", &[2], &[0.0, f32::NAN]).unwrap();
    let nan = block_on(writer.write(&nan)).unwrap_err();
    assert_eq!(nan, WeightsError::NotFinite { tensor: "nan".into(), index: 1 });
    let mask = HostTensor::from_u8("mask", &[1], vec![1]).unwrap();
    assert!(matches!(block_on(writer.write(&mask)), Err(WeightsError::UnsupportedDType { .. })));
    // What was refused left no trace.
    let (folder, manifest) = block_on(writer.finish(Value::Null, BTreeMap::new())).unwrap();
    assert_eq!(manifest.tensors.len(), 1);
    block_on(open(&folder).unwrap().verify()).unwrap();
}

#[test]
fn a_newer_version_says_update() {
    let folder = packed();
    // A format of the future has nothing in common but its version.
    folder.insert(MANIFEST_NAME, br#"{"version": 2, "layers": []}"#.to_vec());
    let error = open(&folder).err().unwrap();
    assert_eq!(error, WeightsError::NewerPack { found: 2, supported: 1 });
    assert!(error.to_string().contains("Update Maskov"));
}

#[test]
fn json_that_is_none_is_refused() {
    for json in ["", "{", "[]", "{}", r#"{"version": 1}"#, r#"{"version": "1"}"#, r#"{"version": -1}"#] {
        let folder = packed();
        folder.insert(MANIFEST_NAME, json.as_bytes().to_vec());
        assert!(matches!(open(&folder), Err(WeightsError::MalformedPack { .. })), "{json}");
    }
    assert!(refusal(|m| m["tensors"][0]["dtype"] = json!("F8_E4M3")).contains("F8_E4M3 is no type"));
}

#[test]
fn a_truncated_or_longer_shard_is_refused() {
    for change in [-1i64, 1] {
        let folder = packed();
        let mut bytes = folder.file("shard-00001.bin").unwrap();
        let expected = bytes.len() as u64;
        let found = expected.checked_add_signed(change).unwrap();
        bytes.resize(found as usize, 0);
        folder.insert("shard-00001.bin", bytes);
        let pack = open(&folder).unwrap();
        let error = WeightsError::WrongLength { file: "shard-00001.bin".into(), expected, found };
        assert_eq!(block_on(pack.verify()).unwrap_err(), error);
        assert_eq!(block_on(pack.read("norm.weight")).unwrap_err(), error);
        block_on(pack.read("conv_in.weight")).expect("the other shard is sound");
    }
}

#[test]
fn a_shard_with_a_wrong_hash_is_refused_before_any_byte_is_used() {
    let folder = packed();
    let mut bytes = folder.file("shard-00000.bin").unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    folder.insert("shard-00000.bin", bytes);
    let pack = open(&folder).unwrap();
    for error in [block_on(pack.verify()).unwrap_err(), block_on(pack.read("conv_in.weight")).unwrap_err()] {
        assert!(
            matches!(&error, WeightsError::WrongHash { shard, .. } if shard == "shard-00000.bin"),
            "{error}"
        );
    }
}

#[test]
fn a_missing_shard_is_named() {
    let folder = packed();
    folder.remove("shard-00000.bin");
    let error = block_on(open(&folder).unwrap().verify()).unwrap_err();
    assert_eq!(error, WeightsError::NotFound { what: "shard-00000.bin".into() });
}

/// Puts `bad` at the start or the end of a tensor, with lengths and hashes that agree.
fn poisoned(name: &str, bad: [u8; 2], at_end: bool) -> Pack {
    let folder = packed();
    let (place, shard) = {
        let pack = open(&folder).unwrap();
        let place = pack.manifest().tensors.iter().find(|tensor| tensor.name == name).unwrap().clone();
        (place.clone(), pack.manifest().shards[place.shard].name.clone())
    };
    let mut bytes = folder.file(&shard).unwrap();
    let start = (place.offset + if at_end { place.length - 2 } else { 0 }) as usize;
    bytes[start..start + 2].copy_from_slice(&bad);
    let mut hash = Sha256::new();
    hash.update(&bytes);
    edit_manifest(&folder, |manifest| manifest["shards"][place.shard]["sha256"] = json!(finish_hex(hash)));
    folder.insert(&shard, bytes);
    open(&folder).unwrap()
}

#[test]
fn nan_in_a_tensor_or_a_scale_is_refused() {
    let nan = half::f16::NAN.to_le_bytes();
    let infinity = half::bf16::INFINITY.to_le_bytes();
    // f32 is poisoned through its upper half; scales lie at the end of a quantised tensor.
    let cases = [
        ("conv_in.weight", nan, false),
        ("conv_in.bias", infinity, true),
        ("norm.weight", infinity, false),
        ("q8.weight", nan, true),
        ("q4.weight", nan, true),
    ];
    for (name, bad, at_end) in cases {
        let pack = poisoned(name, bad, at_end);
        for error in [block_on(pack.read(name)).unwrap_err(), block_on(pack.verify()).unwrap_err()] {
            assert!(matches!(&error, WeightsError::NotFinite { tensor, .. } if tensor == name), "{error}");
        }
    }
    block_on(poisoned("q8.weight", nan, false).verify()).expect("any byte is a sound qweight");
}

#[test]
fn places_must_be_in_bounds_and_apart() {
    assert!(
        refusal(|m| m["tensors"][1]["offset"] = json!(0))
            .contains("tensors conv_in.weight and conv_in.bias overlap")
    );
    assert!(
        refusal(|m| m["tensors"][1]["offset"] = json!(1 << 20)).contains("beyond the end of shard-00000.bin")
    );
    assert!(refusal(|m| m["tensors"][1]["offset"] = json!(u64::MAX - 3)).contains("beyond the end"));
    assert!(
        refusal(|m| m["tensors"][1]["length"] = json!(27)).contains("27 bytes, which do not fit F32 [7]")
    );
    assert!(refusal(|m| m["tensors"][1]["shape"] = json!([u64::MAX, 9])).contains("do not fit"));
    assert!(refusal(|m| m["tensors"][3]["shape"] = json!([165])).contains("do not fit Q4"));
    assert!(refusal(|m| m["tensors"][1]["shard"] = json!(9)).contains("shard 9, which is not listed"));
    assert!(refusal(|m| m["tensors"][1]["name"] = json!("conv_in.weight")).contains("appears twice"));
}

#[test]
fn shards_must_be_named_sized_and_hashed_by_the_rules() {
    assert!(refusal(|m| m["shards"][1]["name"] = json!("../secret")).contains("not shard-00001.bin"));
    assert!(refusal(|m| m["shards"][0]["length"] = json!((64 << 20) + 1)).contains("more than 67108864"));
    assert!(refusal(|m| m["shards"][0]["sha256"] = json!("abc")).contains("SHA-256 of shard-00000.bin"));
    assert!(refusal(|m| m["shards"][0]["sha256"] = json!("G".repeat(64))).contains("hexadecimal"));
}
