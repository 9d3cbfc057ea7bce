//! Files on disk: ranges, folders of checkpoints and packs, and the golden files where they are at hand.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use maskov_weights::*;
use pollster::block_on;
use serde_json::json;

/// An empty folder for one test.
fn scratch(test: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    if path.exists() {
        std::fs::remove_dir_all(&path).unwrap();
    }
    std::fs::create_dir_all(&path).unwrap();
    path
}

fn write_tensors(path: &Path, names: &[&str], value: f32) {
    let tensors: Vec<HostTensor> =
        names.iter().map(|&name| HostTensor::from_f32(name, &[2], &[value; 2]).unwrap()).collect();
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, write_safetensors(&tensors, &BTreeMap::new()).unwrap()).unwrap();
}

#[test]
fn a_file_source_reads_ranges_and_names_what_is_missing() {
    let path = scratch("file_source").join("bytes");
    std::fs::write(&path, [0, 1, 2, 3, 4]).unwrap();
    let source = FileSource::open(&path).unwrap();
    assert_eq!(source.len(), 5);
    assert_eq!(block_on(source.read(3..5)).unwrap(), [3, 4]);
    assert_eq!(block_on(source.read(0..2)).unwrap(), [0, 1]);
    let absent = FileSource::open(path.with_extension("absent")).unwrap_err();
    assert_eq!(absent.kind(), ErrorKind::WeightsMissing);
    assert!(absent.to_string().contains("bytes.absent"), "{absent}");
    assert_eq!(FileSource::open(path.parent().unwrap()).unwrap_err().kind(), ErrorKind::FetchFailed);
}

#[test]
fn a_file_that_shrinks_while_open_is_an_error() {
    let path = scratch("shrinking").join("bytes");
    std::fs::write(&path, [0; 100]).unwrap();
    let source = FileSource::open(&path).unwrap();
    std::fs::write(&path, [0; 10]).unwrap();
    assert_eq!(block_on(source.read(50..60)).unwrap_err().kind(), ErrorKind::FetchFailed);
}

#[test]
fn a_checkpoint_folder_is_read_as_one() {
    let dir = scratch("checkpoint");
    write_tensors(&dir.join("unet/diffusion_pytorch_model.safetensors"), &["conv_in.bias"], 32.0);
    write_tensors(&dir.join("unet/diffusion_pytorch_model.fp16.safetensors"), &["conv_in.bias"], 16.0);
    write_tensors(&dir.join("vae/diffusion_pytorch_model.fp16.safetensors"), &["quant_conv.bias"], 1.0);
    write_tensors(&dir.join("text_encoder/model.safetensors"), &["text_model.final_layer_norm.bias"], 2.0);
    write_tensors(&dir.join("golden.safetensors"), &["noise_pred"], 0.0);
    std::fs::write(dir.join("unet/config.json"), r#"{"in_channels": 4}"#).unwrap();
    std::fs::write(dir.join("settings.json"), r#"{"timestep": 100}"#).unwrap();
    let checkpoint = block_on(Checkpoint::open_folder(&dir)).unwrap();
    assert_eq!(checkpoint.names(), ["conv_in.bias", "quant_conv.bias", "text_model.final_layer_norm.bias"]);
    let bias = block_on(checkpoint.read("conv_in.bias")).unwrap();
    assert_eq!(bias.to_f32().unwrap(), [32.0, 32.0], "f32 before fp16");
    assert_eq!(checkpoint.config("unet"), Some(&json!({"in_channels": 4})));
    assert_eq!(checkpoint.config("vae"), None);
    assert_eq!(checkpoint.settings(), Some(&json!({"timestep": 100})));
    assert!(checkpoint.info("noise_pred").is_none());
    assert!(matches!(block_on(checkpoint.read("noise_pred")), Err(WeightsError::Missing(_))));
}

#[test]
fn checkpoint_folders_that_are_none_say_why() {
    let dir = scratch("bad_checkpoints");
    let error = block_on(Checkpoint::open_folder(&dir)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WeightsMissing);
    assert!(
        error.to_string().contains("model.fp16.safetensors") && error.to_string().contains("bad_checkpoints")
    );

    write_tensors(&dir.join("unet/diffusion_pytorch_model.safetensors"), &["w"], f32::NAN);
    let checkpoint = block_on(Checkpoint::open_folder(&dir)).unwrap();
    let error = block_on(checkpoint.read("w")).unwrap_err();
    assert_eq!(error, WeightsError::NotFinite { tensor: "w".into(), index: 0 });

    std::fs::write(dir.join("unet/config.json"), "{").unwrap();
    let error = block_on(Checkpoint::open_folder(&dir)).unwrap_err();
    assert!(
        matches!(&error, WeightsError::MalformedJson { file, .. } if file.ends_with("config.json")),
        "{error}"
    );

    std::fs::remove_file(dir.join("unet/config.json")).unwrap();
    write_tensors(&dir.join("vae/diffusion_pytorch_model.safetensors"), &["w"], 0.0);
    let error = block_on(Checkpoint::open_folder(&dir)).unwrap_err();
    assert_eq!(error, WeightsError::Duplicate { tensor: "w".into() });
}

fn write_pack(dir: &Path, tensors: &[HostTensor]) {
    let mut writer = PackWriter::with_max_shard_bytes(FolderWriter::create(dir).unwrap(), 64);
    for tensor in tensors {
        block_on(writer.write(tensor)).unwrap();
    }
    block_on(writer.finish(json!({}), BTreeMap::new())).unwrap();
}

/// The names in a folder, sorted.
fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_pack_on_disk_takes_an_older_ones_place_as_a_whole() {
    let root = scratch("pack");
    let dir = root.join("pack");
    let tensors =
        ["a", "b", "c"].map(|name| HostTensor::from_f32(name, &[8], &[name.len() as f32; 8]).unwrap());
    write_pack(&dir, &tensors[..1]);
    std::fs::write(dir.join("shard-00007.bin"), [1]).unwrap();
    std::fs::write(dir.join("README.md"), "kept").unwrap();

    let mut writer = PackWriter::with_max_shard_bytes(FolderWriter::create(&dir).unwrap(), 64);
    for tensor in &tensors {
        block_on(writer.write(tensor)).unwrap();
    }
    assert_eq!(names(&dir), ["README.md", "pack.json", "shard-00000.bin", "shard-00007.bin"]);
    block_on(Pack::open_folder(&dir).unwrap().verify()).expect("the old pack until the new one is whole");
    block_on(writer.finish(json!({}), BTreeMap::new())).unwrap();
    assert_eq!(names(&dir), ["README.md", "pack.json", "shard-00000.bin", "shard-00001.bin"]);
    assert_eq!(names(&root), ["pack"], "nothing stays beside it");
    let pack = Pack::open_folder(&dir).unwrap();
    block_on(pack.verify()).unwrap();
    for tensor in &tensors {
        assert_eq!(&block_on(pack.read(tensor.name())).unwrap(), tensor);
    }
    let error = Pack::open_folder(root.join("none")).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::WeightsMissing);
}

#[test]
fn an_unfinished_pack_leaves_the_old_one_and_nothing_else() {
    let root = scratch("unfinished_pack");
    let dir = root.join("pack");
    let tensor = HostTensor::from_f32("w", &[1], &[1.0]).unwrap();
    for old in [false, true] {
        if old {
            write_pack(&dir, std::slice::from_ref(&tensor));
        }
        let mut writer = PackWriter::new(FolderWriter::create(&dir).unwrap());
        block_on(writer.write(&tensor)).unwrap();
        drop(writer);
        assert_eq!(names(&root), if old { vec!["pack"] } else { vec![] });
        assert_eq!(Pack::open_folder(&dir).is_ok(), old);
    }
}

#[test]
fn a_folder_that_is_no_pack_is_not_replaced() {
    let root = scratch("no_pack_folder");
    let tensor = HostTensor::from_f32("w", &[1], &[1.0]).unwrap();
    let photos = root.join("photos");
    std::fs::create_dir(&photos).unwrap();
    std::fs::write(photos.join("cat.jpg"), "a cat").unwrap();
    let with_folder = root.join("with_folder");
    write_pack(&with_folder, &[tensor]);
    std::fs::create_dir(with_folder.join("notes")).unwrap();
    for (dir, entry) in [(&photos, "cat.jpg"), (&with_folder, "notes"), (&root, "photos")] {
        let before = names(dir);
        let error = FolderWriter::create(dir).unwrap_err();
        let said = error.to_string();
        assert_eq!(error.kind(), ErrorKind::StorageFailed);
        assert!(said.contains("no part of a pack") && (dir == &root || said.contains(entry)), "{said}");
        assert_eq!(names(dir), before);
    }
    assert_eq!(names(&root), ["photos", "with_folder"], "nothing stays beside them");
    std::fs::create_dir(root.join("empty")).unwrap();
    write_pack(&root.join("empty"), &[]);
}

#[test]
fn golden_files_open() {
    let Some(path) = maskov_fixtures::shared("reference/synthetic_24.safetensors") else {
        return;
    };
    let golden = block_on(SafeTensors::open(Box::new(FileSource::open(path).unwrap()))).unwrap();
    assert!(golden.metadata().contains_key("points_xy"));
    let image = block_on(golden.read("image")).unwrap();
    assert_eq!((image.shape(), image.dtype()), (&[90, 120, 3][..], DType::U8));
    let attention = block_on(golden.read("attention")).unwrap();
    assert_eq!(attention.shape(), [576, 576]);
    for row in attention.to_f32().unwrap().chunks(576) {
        assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-4, "rows of the attention map sum to 1");
    }
}

#[test]
fn published_layouts_open() {
    let Some(path) = maskov_fixtures::shared("reference/diffusers_tiny/sd1_shaped") else {
        return;
    };
    let checkpoint = block_on(Checkpoint::open_folder(path)).unwrap();
    assert_eq!(checkpoint.files().len(), 3);
    assert_eq!(checkpoint.configs().keys().collect::<Vec<_>>(), ["text_encoder", "unet", "vae"]);
    for name in checkpoint.names() {
        block_on(checkpoint.read(name)).unwrap();
    }
    // The VAE's attention has the older names there, as matrices.
    let name = "encoder.mid_block.attentions.0.to_q.weight";
    let aliases = ["encoder.mid_block.attentions.0.query.weight".to_owned()];
    let channels = checkpoint.info(&aliases[0]).unwrap().shape[0];
    let wanted = Wanted { name, aliases: &aliases, shape: &[channels, channels, 1, 1] };
    assert_eq!(resolve(&checkpoint, [wanted]).unwrap(), aliases);
}

#[test]
fn the_embedded_model_packs() {
    let Some(path) = maskov_fixtures::shared("models/small-v1") else {
        return;
    };
    let checkpoint = block_on(Checkpoint::open_folder(path)).unwrap();
    let folder = MemoryFolder::default();
    let mut writer = PackWriter::with_max_shard_bytes(folder.clone(), 1 << 20);
    for name in checkpoint.names() {
        let tensor = block_on(checkpoint.read(name)).unwrap();
        let dtype = if tensor.shape().len() >= 2 { DType::Q8 } else { DType::F16 };
        block_on(writer.write(&tensor.to_dtype(dtype).unwrap())).unwrap();
    }
    let settings = checkpoint.settings().unwrap().clone();
    block_on(writer.finish(settings.clone(), checkpoint.configs().clone())).unwrap();
    let pack = Pack::open(&folder.file(MANIFEST_NAME).unwrap(), Box::new(folder.clone())).unwrap();
    block_on(pack.verify()).unwrap();
    assert_eq!(pack.settings(), Some(&settings));
    assert_eq!(pack.names(), checkpoint.names());
    for name in checkpoint.names() {
        assert_eq!(pack.info(name).unwrap().shape, checkpoint.info(name).unwrap().shape);
    }
}
