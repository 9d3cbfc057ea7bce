//! Models and devices that can't be used: a clear message with the next step, never a panic.

mod common;

use std::fs;
use std::path::Path;

use common::{Scratch, command, fail, png, repository, shipped_pack, stderr};

/// A copy of the shipped pack, to be damaged.
fn copy_of_pack(scratch: &Scratch) -> (String, String) {
    let folder = scratch.0.join("pack");
    fs::create_dir_all(&folder).unwrap();
    let mut shard = String::new();
    for entry in fs::read_dir(shipped_pack()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        fs::copy(&path, folder.join(&name)).unwrap();
        if name.ends_with(".bin") {
            shard = name;
        }
    }
    (folder.to_str().unwrap().to_owned(), shard)
}

fn damaged(name: &str, damage: impl Fn(&Path, &str)) -> String {
    let scratch = Scratch::new(name);
    let (pack, shard) = copy_of_pack(&scratch);
    damage(Path::new(&pack), &shard);
    let photo = scratch.write("photo.png", &png(60, 40));
    let out = scratch.path("mask.png");
    fail(&[
        "segment",
        &photo,
        "--point",
        "5,5",
        "--model",
        &pack,
        "--device",
        "cpu",
        "--resolution",
        "16",
        "--out",
        &out,
    ])
}

fn edit_manifest(pack: &Path, edit: impl Fn(&mut serde_json::Value)) {
    let path = pack.join("pack.json");
    let mut manifest = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    edit(&mut manifest);
    fs::write(path, manifest.to_string()).unwrap();
}

#[test]
fn a_damaged_pack_is_named_with_what_to_do() {
    let truncated = damaged("truncated", |pack, shard| {
        let bytes = fs::read(pack.join(shard)).unwrap();
        fs::write(pack.join(shard), &bytes[..bytes.len() / 2]).unwrap();
    });
    assert!(truncated.contains("Get the file again"), "{truncated}");
    let changed = damaged("changed", |pack, shard| {
        let mut bytes = fs::read(pack.join(shard)).unwrap();
        bytes[1000] ^= 1;
        fs::write(pack.join(shard), bytes).unwrap();
    });
    assert!(changed.contains("SHA-256") && changed.contains("Get that file again"), "{changed}");
    let newer = damaged("newer", |pack, _| edit_manifest(pack, |manifest| manifest["version"] = 99.into()));
    assert!(newer.contains("format 99") && newer.contains("Update Maskov"), "{newer}");
    let absent = damaged("absent", |pack, shard| fs::remove_file(pack.join(shard)).unwrap());
    assert!(absent.contains("was not found"), "{absent}");
    let garbled = damaged("garbled", |pack, _| fs::write(pack.join("pack.json"), b"{").unwrap());
    assert!(garbled.contains("pack.json is not sound"), "{garbled}");
}

#[test]
fn nan_in_a_pack_is_found() {
    use sha2::{Digest, Sha256};
    let said = damaged("nan", |pack, shard| {
        let path = pack.join(shard);
        let mut bytes = fs::read(&path).unwrap();
        edit_manifest(pack, |manifest| {
            let tensors = manifest["tensors"].as_array().unwrap();
            let bias = tensors.iter().find(|tensor| tensor["name"] == "conv_in.bias").unwrap();
            let at = bias["offset"].as_u64().unwrap() as usize;
            let mut poisoned = bytes.clone();
            poisoned[at..at + 2].copy_from_slice(&[0x00, 0x7e]);
            let hash: String = Sha256::digest(&poisoned).iter().map(|byte| format!("{byte:02x}")).collect();
            manifest["shards"][0]["sha256"] = hash.into();
        });
        let manifest: serde_json::Value =
            serde_json::from_slice(&fs::read(pack.join("pack.json")).unwrap()).unwrap();
        let tensors = manifest["tensors"].as_array().unwrap();
        let bias = tensors.iter().find(|tensor| tensor["name"] == "conv_in.bias").unwrap();
        let at = bias["offset"].as_u64().unwrap() as usize;
        bytes[at..at + 2].copy_from_slice(&[0x00, 0x7e]);
        fs::write(path, bytes).unwrap();
    });
    assert!(said.contains("conv_in.bias") && said.contains("not a number"), "{said}");
}

#[test]
fn a_model_that_is_none_is_said_to_be_none() {
    let scratch = Scratch::new("no-model");
    let photo = scratch.write("photo.png", &png(60, 40));
    let segment = |model: &str| {
        fail(&[
            "segment",
            &photo,
            "--point",
            "5,5",
            "--model",
            model,
            "--device",
            "cpu",
            "--out",
            &scratch.path("m.png"),
        ])
    };
    assert!(segment(&scratch.path("nowhere")).contains("is no folder"));
    let empty = scratch.0.join("empty");
    fs::create_dir_all(&empty).unwrap();
    let said = segment(empty.to_str().unwrap());
    assert!(said.contains("choose another model"), "{said}");
    let bad_r = fail(&[
        "segment",
        &photo,
        "--point",
        "5,5",
        "--resolution",
        "33",
        "--device",
        "cpu",
        "--out",
        &scratch.path("m.png"),
    ]);
    assert!(bad_r.contains("R must be a multiple of 4") && bad_r.contains("32 or 36"), "{bad_r}");
}

#[test]
fn without_an_adapter_the_cpu_takes_over_and_says_so() {
    let scratch = Scratch::new("no-adapter");
    let photo = scratch.write("photo.png", &png(60, 40));
    let segment = |device: &str| {
        let out = scratch.path(&format!("{device}.png"));
        let args =
            ["segment", &photo, "--point", "30,20", "--resolution", "16", "--device", device, "--out", &out];
        command(&args)
            .env("VK_DRIVER_FILES", "/nonexistent")
            .env("VK_ICD_FILENAMES", "/nonexistent")
            .output()
            .unwrap()
    };
    let auto = segment("auto");
    assert!(auto.status.success(), "{}", stderr(&auto));
    let said = stderr(&auto);
    assert!(
        said.contains("note: no hardware graphics adapter") && said.contains("computing on the CPU"),
        "{said}"
    );
    let gpu = segment("gpu");
    assert_eq!(gpu.status.code(), Some(1));
    assert!(stderr(&gpu).contains("no usable graphics adapter"), "{}", stderr(&gpu));
}

#[test]
fn a_golden_file_of_no_form_lists_its_tensors() {
    let folder =
        repository("tests/fixtures/diffusers_tiny/sd1_shaped/unet/diffusion_pytorch_model.safetensors");
    let said = fail(&["verify", &folder]);
    assert!(said.contains("no golden file of a known form") && said.contains("conv_in.weight"), "{said}");
    let scratch = Scratch::new("golden");
    let garbage = scratch.write("garbage.safetensors", b"12345678 garbage");
    assert!(fail(&["verify", &garbage]).contains("not a sound safetensors file"));
}
