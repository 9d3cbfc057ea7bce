//! The subcommands on what is in the repository, by their output and exit codes.

mod common;

use std::fs;
use std::path::Path;

use common::{Scratch, command, fail, maskov, repository, shipped_pack, stderr, stdout, succeed};
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
        .filter(|path| !path.ends_with("model.safetensors"))
        .collect();
    files.sort();
    files
}

fn verify_all(device: &str) {
    for (folder, count) in [
        ("tests/fixtures/m2n2", 3),
        ("tests/fixtures/diffusers_tiny/sd1_shaped", 2),
        ("tests/fixtures/diffusers_tiny/sd2_shaped", 2),
        ("tests/fixtures/dinov2_tiny/plain", 1),
        ("tests/fixtures/dinov2_tiny/registers", 1),
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
fn verify_passes_at_full_size() {
    // 1.4 and 2.6 GB, one after the other: not for a folder that may lie in memory.
    let checkpoint = Scratch(Path::new(env!("CARGO_TARGET_TMPDIR")).join("full-size"));
    let folder = checkpoint.0.to_str().unwrap();
    for (model, comparisons) in [("bk_sdm_v2_tiny", 20), ("sd21", 26)] {
        maskov_fixtures::checkpoint::write(model, 0, &checkpoint.0).unwrap();
        let golden = repository(&format!("tests/fixtures/full_size/{model}_r16.safetensors"));
        for device in ["cpu", "gpu"] {
            let said = succeed(&["verify", &golden, "--model", folder, "--device", device]);
            assert!(said.contains(&format!("{comparisons} comparisons, all within their bounds")), "{said}");
        }
    }
}

#[test]
fn verify_passes_on_what_only_this_machine_has() {
    // A photo's golden file, and the embedded model's.
    for file in ["reference/photo_32.safetensors", "models/small-v1/golden_32.safetensors"] {
        let Some(file) = maskov_fixtures::shared(file) else { continue };
        for device in ["cpu", "gpu"] {
            let said = succeed(&["verify", file.to_str().unwrap(), "--device", device]);
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
    let dino = succeed(&["graph", &repository("tests/fixtures/dinov2_tiny/registers"), "--resolution", "10"]);
    assert!(dino.contains("photo to map, R = 10") && dino.contains("special_tokens"), "{dino}");
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
fn segment_writes_a_mask_for_every_stop_of_a_size() {
    let scratch = Scratch::new("sizes");
    let photo = scratch.write("photo.png", &common::png(120, 90));
    let (folder, file) = (scratch.path("results"), scratch.path("one.png"));
    let common = ["segment", &photo, "--resolution", "16", "--device", "cpu"];
    let run = |args: &[&str]| maskov(&[&common, args].concat());
    let output = run(&["--point", "60,45", "--sizes", "--out", &folder]);
    let said = stdout(&output);
    assert!(output.status.success(), "{}", stderr(&output));
    let lines: Vec<&str> = said.lines().collect();
    assert!((2..=5).contains(&lines.len()), "{said}");
    assert_eq!(said.matches("automatic").count(), 1, "{said}");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), lines.len(), "nothing else is left");
    let share = |path: &str| {
        let mask = image::open(path).unwrap().to_luma8();
        mask.pixels().filter(|pixel| pixel.0 == [255]).count() as f64 / f64::from(120 * 90)
    };
    let mut shares = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let path = format!("{folder}/photo_size{}.png", index + 1);
        shares.push(share(&path));
        let told = format!("object {:.1} %", 100.0 * shares[index]);
        assert!(line.starts_with(&path) && line.contains(&told) && line.contains("size 0."), "{line}");
    }
    assert!(shares.is_sorted(), "smallest first: {shares:?}");

    // A size of one's own gives the mask that the stop of that size has.
    let automatic = lines.iter().position(|line| line.contains("automatic")).unwrap();
    succeed(&[&common[..], &["--point", "60,45", "--out", &file]].concat());
    assert_eq!(share(&file), shares[automatic]);
    let output = run(&["--point", "60,45:size=2", "--force", "--out", &file]);
    assert!(output.status.success() && stderr(&output).contains("0.9 is taken"), "{}", stderr(&output));
    assert!(share(&file) > shares[automatic]);

    let output = run(&["--point", "60,45", "--point", "60,45:bg", "--sizes", "--out", &file]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stderr(&output).contains("two points at 60,45"), "{}", stderr(&output));
    assert!(Path::new(&scratch.path("one_size1.png")).exists(), "beside the file that --out names");

    let output = run(&["--point", "60,45:size=0.1", "--sizes", "--out", &file]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("Leave one of the two out"), "{}", stderr(&output));
    let output = run(&["--point", "60,45:size=big", "--out", &file]);
    assert!(stderr(&output).contains("no share of the photo"), "{}", stderr(&output));
    let output = run(&["--point", "60,45", "--sizes", "--cutout", "--out", &file]);
    assert!(stderr(&output).contains("cannot be used with"), "{}", stderr(&output));
    let output = run(&["--point", "200,45", "--sizes", "--out", &scratch.path("outside/mask.png")]);
    assert_eq!(output.status.code(), Some(1));
    assert!(!Path::new(&scratch.path("outside")).exists(), "nothing is written");
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
        let out = scratch.path(&format!("{quantize}.png"));
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
fn bench_counts_what_is_asked_of_a_gpu() {
    let scratch = Scratch::new("bench-counts");
    let photo = scratch.write("photo.png", &common::png(120, 90));
    let out = scratch.path("counts.json");
    let arguments = ["bench", "--counts", "--resolution", "16", "--photo", &photo];
    let said = succeed(&[&arguments[..], &["--device", "gpu", "--json", &out]].concat());
    let json: serde_json::Value = serde_json::from_slice(&fs::read(&out).unwrap()).unwrap();
    for part in ["opening the photo", "the first click", "a further click", "a hover"] {
        let row = said.lines().find(|line| line.starts_with(&format!("| {part} |"))).expect(part);
        let dispatches = json["counts"][part]["dispatches"].as_u64().unwrap();
        assert!(dispatches > 0 && row.contains(&dispatches.to_string()), "{row} {json}");
    }
    let refused = fail(&[&arguments[..], &["--device", "cpu"]].concat());
    assert!(refused.contains("Add --device gpu"), "{refused}");
}

#[test]
fn bench_roofline_compares_every_kernel_with_the_adapters_peaks() {
    let scratch = Scratch::new("bench-roofline");
    let out = scratch.path("roofline.json");
    let arguments = ["bench", "roofline", "--resolution", "16", "--tflops", "2.6", "--gb-per-s", "100"];
    let said = succeed(&[&arguments[..], &["--json", &out]].concat());
    assert!(said.contains("Predicted, not measured"), "{said}");
    let json: serde_json::Value = serde_json::from_slice(&fs::read(&out).unwrap()).unwrap();
    for peak in
        ["fma_f32_flop_per_s", "read_bytes_per_s", "workgroup_bytes_per_s", "dispatch_ms", "round_trip_ms"]
    {
        assert!(json["peaks"][peak].as_f64().unwrap() > 0.0, "{peak}: {json}");
    }
    assert_eq!(json["assumed"]["fma_f32_flop_per_s"], 2.6e12);
    let tasks = json.as_object().unwrap().values().filter_map(|task| task["kernels"].as_array());
    let kernels: Vec<_> = tasks.flatten().collect();
    for (name, multiplies) in
        [("linear_q8", true), ("conv2d_3x3_q8", true), ("attention", true), ("markov_step", false)]
    {
        let kernel = kernels.iter().find(|kernel| kernel["kernel"] == name).expect(name);
        assert!(kernel["share"].as_f64().unwrap() > 0.0, "{kernel}");
        assert_eq!(kernel["flop"].as_f64().unwrap() > 0.0, multiplies, "{kernel}");
    }
    let refused = fail(&["bench", "roofline", "--config", "nowhere.json@64"]);
    assert!(refused.contains("nowhere.json"), "{refused}");
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
