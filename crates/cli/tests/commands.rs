//! The subcommands on what is in the repository, by their output and exit codes.

mod common;

use std::fs;
use std::path::Path;

use common::{Scratch, command, maskov, repository, shipped_pack, stderr, stdout, succeed};
use maskov_segment::evaluation::iou;
use maskov_weights::{FileSource, HostTensor, SafeTensors, write_safetensors};
use pollster::block_on;

const SUBCOMMANDS: [&str; 7] = ["segment", "verify", "eval", "graph", "pack", "caps", "bench"];

#[test]
fn every_help_has_an_example() {
    for subcommand in SUBCOMMANDS {
        let help = succeed(&[subcommand, "--help"]);
        assert!(help.contains("Example") && help.contains(&format!("maskov {subcommand}")), "{help}");
    }
    assert!(succeed(&["--help"]).contains("maskov segment"));
}

fn golden_files(folder: &str) -> Vec<String> {
    let mut files: Vec<String> = fs::read_dir(repository(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "safetensors"))
        .map(|path| path.to_str().unwrap().to_owned())
        .collect();
    files.sort();
    files
}

fn verify_all(device: &str) {
    for (folder, count) in [
        ("tests/fixtures/m2n2", 3),
        ("tests/fixtures/diffusers_tiny/sd1_shaped", 2),
        ("tests/fixtures/diffusers_tiny/sd2_shaped", 2),
    ] {
        let files = golden_files(folder);
        assert_eq!(files.len(), count, "{folder}");
        for file in files {
            let said = succeed(&["verify", &file, "--device", device]);
            assert!(said.contains("all within their bounds") && !said.contains("BEYOND"), "{file}: {said}");
        }
    }
}

#[test]
fn verify_passes_on_the_cpu() {
    verify_all("cpu");
}

#[test]
fn verify_passes_on_the_gpu() {
    verify_all("gpu");
}

#[test]
fn verify_passes_on_what_only_this_machine_has() {
    for (file, shown) in [
        ("../shared/reference/photo_32.safetensors", "a photo's golden file"),
        ("../shared/models/small-v1/golden_32.safetensors", "the embedded model's golden file"),
    ] {
        if !Path::new(&repository(file)).exists() {
            println!("skipped: {file} is absent, so {shown} was not verified");
            continue;
        }
        for device in ["cpu", "gpu"] {
            let said = succeed(&["verify", &repository(file), "--device", device]);
            assert!(said.contains("all within their bounds"), "{said}");
        }
    }
}

#[test]
fn verify_fails_beyond_a_bound() {
    let golden = repository("tests/fixtures/diffusers_tiny/sd1_shaped/text_golden.safetensors");
    let source = Box::new(FileSource::open(golden).unwrap());
    let file = block_on(SafeTensors::open(source)).unwrap();
    let tensors: Vec<HostTensor> = ["input_ids", "last_hidden_state"]
        .map(|name| block_on(file.read(name)).unwrap())
        .map(|tensor| match tensor.name() {
            "input_ids" => tensor,
            name => {
                let mut values = tensor.to_f32().unwrap();
                values[0] += 0.01;
                HostTensor::from_f32(name, tensor.shape(), &values).unwrap()
            }
        })
        .into();
    let scratch = Scratch::new("verify");
    let changed = write_safetensors(&tensors, file.metadata()).unwrap();
    let file = scratch.write("changed.safetensors", &changed);
    let model = repository("tests/fixtures/diffusers_tiny/sd1_shaped");
    let output = maskov(&["verify", &file, "--model", &model, "--device", "cpu"]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(stdout(&output).contains("BEYOND last_hidden_state"), "{}", stdout(&output));
    assert!(stderr(&output).contains("beyond their bound"), "{}", stderr(&output));
}

#[test]
fn graph_counts_what_is_published() {
    let said = succeed(&[
        "graph",
        &repository("tests/fixtures/shapes/sd21.json"),
        "--summary",
        "--resolution",
        "64",
    ]);
    assert!(said.contains("parameters   865910724"), "{said}");
    assert!(said.contains("(0.698 T)") && said.contains("(1.117 T)"), "{said}");
    let list = succeed(&["graph", &repository("tests/fixtures/small-v1/config.json")]);
    assert!(list.contains("UNet, latents to noise") || list.contains("UNet, latents to map"), "{list}");
    let pack = shipped_pack();
    let list = succeed(&["graph", pack.to_str().unwrap()]);
    assert!(
        list.contains("R = 48") && list.contains("pixel_unshuffle") && list.contains("attention_map"),
        "{list}"
    );
    let refused = maskov(&["graph", pack.to_str().unwrap(), "--attention", "mid_block=1"]);
    assert!(stderr(&refused).contains("no self-attention layer `mid_block`"), "{}", stderr(&refused));
}

#[test]
fn caps_names_the_adapter_and_what_it_allows() {
    let said = succeed(&["caps"]);
    assert!(said.contains("storage binding") && said.contains("own R of the model    48"), "{said}");
}

#[test]
fn segment_finds_the_object_and_writes_what_was_asked_for() {
    let scratch = Scratch::new("segment");
    let photo = repository("web/sample/still_life.jpg");
    let out = scratch.path("results");
    let args =
        ["segment", &photo, "--point", "640,820", "--device", "cpu", "--cutout", "--overlay", "--out", &out];
    let said = succeed(&args);
    assert!(said.contains("1600×1200") && said.contains("on CPU"), "{said}");
    let open = |name: &str| image::open(scratch.0.join("results").join(name)).unwrap();
    let mask = open("still_life_mask.png").to_luma8();
    assert_eq!(mask.dimensions(), (1600, 1200));
    assert_eq!(mask.get_pixel(640, 820).0, [255], "the clicked pixel is the object");
    assert!(mask.pixels().all(|pixel| matches!(pixel.0, [0] | [255])));
    let cutout = open("still_life_cutout.png").to_rgba8();
    let same = mask.pixels().zip(cutout.pixels()).all(|(mask, pixel)| mask.0[0] == pixel.0[3]);
    assert!(same, "the cut-out's alpha is the mask");
    assert_eq!(open("still_life_overlay.png").width(), 1600);
    assert_eq!(fs::read_dir(scratch.0.join("results")).unwrap().count(), 3, "nothing else is left");
    // Another point changes it, and the environment's model is used.
    let file = scratch.path("two.png");
    let args =
        ["segment", &photo, "--point", "640,820", "--point", "100,100:bg", "--device", "cpu", "--out", &file];
    let output = command(&args).env("MASKOV_MODEL", shipped_pack()).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let two = image::open(&file).unwrap().to_luma8();
    assert_eq!(two.get_pixel(100, 100).0, [0]);
    let output = command(&args).env("MASKOV_MODEL", scratch.path("nowhere")).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn segment_takes_attention_from_a_file() {
    let scratch = Scratch::new("attention");
    let golden = repository("tests/fixtures/m2n2/synthetic_24.safetensors");
    let photo = scratch.write("photo.png", &common::png(120, 90));
    let masks = ["cpu", "gpu"].map(|device| {
        let out = scratch.path(&format!("{device}.png"));
        succeed(&[
            "segment",
            &photo,
            "--point",
            "60,45",
            "--attention",
            &golden,
            "--device",
            device,
            "--out",
            &out,
        ]);
        image::open(&out).unwrap().to_luma8().into_raw()
    });
    assert!(iou(&masks[0], &masks[1]) >= 0.99);
    let output = maskov(&[
        "segment",
        &photo,
        "--point",
        "60,45",
        "--attention",
        &photo,
        "--out",
        &scratch.path("m.png"),
    ]);
    assert_eq!(output.status.code(), Some(1), "a photo holds no attention");
}

/// A pack of the tiny checkpoint: embedding instead of a text encoder, fewer bytes by type, verified by its hashes.
#[test]
fn pack_writes_a_model_that_segments() {
    let scratch = Scratch::new("pack");
    let checkpoint = repository("tests/fixtures/diffusers_tiny/sd1_shaped");
    let photo = scratch.write("photo.png", &common::png(60, 40));
    let mut bytes = Vec::new();
    for quantize in ["f16", "q8", "mixed", "q4"] {
        let pack = scratch.path(quantize);
        succeed(&["pack", &checkpoint, "--quantize", quantize, "--out", &pack]);
        let manifest: serde_json::Value =
            serde_json::from_slice(&fs::read(Path::new(&pack).join("pack.json")).unwrap()).unwrap();
        bytes.push(manifest["shards"][0]["length"].as_u64().unwrap());
        let names: Vec<&str> = manifest["tensors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|tensor| tensor["name"].as_str().unwrap())
            .collect();
        assert!(names.contains(&"text_embedding"));
        assert!(
            !names.iter().any(|name| name.starts_with("text_model.") || name.starts_with("conv_out")),
            "{names:?}"
        );
        assert!(
            names.contains(&"encoder.mid_block.attentions.0.to_q.weight"),
            "older names become today's: {names:?}"
        );
        let out = scratch.path("mask.png");
        succeed(&[
            "segment",
            &photo,
            "--point",
            "30,20",
            "--model",
            &pack,
            "--resolution",
            "16",
            "--device",
            "cpu",
            "--out",
            &out,
        ]);
    }
    assert!(bytes.is_sorted_by(|a, b| a > b), "{bytes:?}");
}

#[test]
fn eval_scores_and_goes_on_where_it_stopped() {
    let scratch = Scratch::new("eval");
    for name in ["a", "b"] {
        scratch.write(&format!("set/images/{name}.png"), &common::png(90, 60));
        let truth = image::GrayImage::from_fn(90, 60, |x, y| {
            let (dx, dy) = (x.abs_diff(45), y.abs_diff(30));
            image::Luma([if (dx * dx + dy * dy) * 9 < 3600 { 255 } else { 0 }])
        });
        let bytes = common::encoded(&truth.into(), image::ImageFormat::Png);
        scratch.write(&format!("set/masks/{name}_1.png"), &bytes);
    }
    let (set, json) = (scratch.path("set"), scratch.path("scores.json"));
    let args = ["eval", &set, "--clicks", "3", "--resolution", "16", "--device", "cpu", "--json", &json];
    let said = succeed(&args);
    assert!(
        said.contains("2 objects") && said.contains("NoC85") && said.contains("IoU after click 3"),
        "{said}"
    );
    let read = || -> serde_json::Value { serde_json::from_slice(&fs::read(&json).unwrap()).unwrap() };
    let whole = read();
    assert!(whole["objects"]["a_1"]["iou_per_click"][0].as_f64().unwrap() > 0.5, "{whole}");
    assert!(!Path::new(&format!("{json}.state")).exists(), "a whole run leaves no state");

    // As if it had been stopped after the first image, with a score that only the state can know.
    let done = r#"{"image":"a.png","scores":[{"object":"a_1","ious":[0.123]}]}"#;
    fs::write(format!("{json}.state"), format!("{}\n{done}\n", whole["settings"])).unwrap();
    let output = maskov(&args);
    assert!(stderr(&output).contains("1 objects are done already"), "{}", stderr(&output));
    let resumed = read();
    assert_eq!(resumed["objects"]["a_1"]["iou_per_click"][0], 0.123);
    assert_eq!(resumed["objects"]["b_1"], whole["objects"]["b_1"]);

    let output = maskov(&["eval", &scratch.path("set/images"), "--device", "cpu"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("a data set needs it"), "{}", stderr(&output));
}

#[test]
fn bench_prints_every_stage() {
    let scratch = Scratch::new("bench");
    let photo = scratch.write("photo.png", &common::png(120, 90));
    let said = succeed(&["bench", "--device", "cpu", "--resolution", "16", "--runs", "1", "--photo", &photo]);
    for stage in
        ["network", "down_blocks.0", "IPF", "chain", "upsampling", "flood fill", "score", "first mask"]
    {
        assert!(said.contains(stage), "{stage}: {said}");
    }
}

#[test]
fn output_that_nobody_reads_is_no_error() {
    let shapes = repository("tests/fixtures/shapes/sd21.json");
    let mut child = command(&["graph", &shapes]);
    child.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let mut child = child.spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && !stderr(&output).contains("panicked"), "{}", stderr(&output));
}
