//! Outputs: nothing is replaced that nobody gave up, and a run that is stopped or killed leaves the old or the new, never
//! half of one.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use common::{Scratch, command, fail, maskov, png, repository, shipped_pack, stderr, stdout, succeed};

const CHECKPOINT: &str = "tests/fixtures/diffusers_tiny/sd1_shaped";

/// Every file below a folder, by its path, with its bytes.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            files.insert(format!("{name}/"), Vec::new());
            files
                .extend(contents(&path).into_iter().map(|(inner, bytes)| (format!("{name}/{inner}"), bytes)));
        } else {
            files.insert(name, fs::read(path).unwrap());
        }
    }
    files
}

fn copy(from: &Path, to: &Path) {
    for (name, bytes) in contents(from) {
        match name.strip_suffix('/') {
            Some(folder) => fs::create_dir_all(to.join(folder)).unwrap(),
            None => {
                fs::create_dir_all(to.join(&name).parent().unwrap()).unwrap();
                fs::write(to.join(name), bytes).unwrap();
            }
        }
    }
}

#[test]
fn numbers_do_not_take_the_place_of_what_is_read() {
    let scratch = Scratch::new("json-outputs");
    let photo = scratch.write("photo.png", &png(60, 40));
    copy(&shipped_pack(), &scratch.0.join("model"));
    let image = scratch.write("set/images/a.png", &png(60, 40));
    let mask = scratch.write("set/masks/a.png", &png(60, 40));
    let list = scratch.write("list.csv", b"part,image,mask\nA,a.png,a.png\n");
    let former = scratch.write("former.json", b"somebody's own");
    let (set, model) = (scratch.path("set"), scratch.path("model"));
    let before = contents(&scratch.0);
    let common = ["--device", "cpu", "--resolution", "16", "--model", &model];
    let eval = ["eval", &set, "--list", &list, "--clicks", "1"];
    let bench = ["bench", "--photo", &photo, "--runs", "1"];
    let manifest = scratch.path("model/pack.json");
    for (command, json, want) in [
        (&eval[..], list.as_str(), "is read and would be overwritten. Choose another --json"),
        (&eval, &image, "images, which is read"),
        (&eval, &mask, "masks, which is read"),
        (&eval, &manifest, "model, which is read"),
        (&bench, &photo, "is read and would be overwritten"),
        (&bench, &manifest, "model, which is read"),
        (&bench, &set, "is a folder. Give a file to --json"),
        (&bench, "-", "standard output is taken"),
    ] {
        let said = fail(&[command, &common, &["--force", "--json", json]].concat());
        assert!(said.contains(want), "{command:?} --json {json}: {said}");
    }
    for command in [&eval[..], &bench] {
        let said = fail(&[command, &common, &["--json", &former]].concat());
        assert!(said.contains("former.json is there already. Choose another --json"), "{said}");
    }
    assert_eq!(contents(&scratch.0), before, "nothing is written");
    for command in [&eval[..], &bench] {
        succeed(&[command, &common, &["--force", "--json", &former]].concat());
        assert!(fs::read(&former).unwrap().starts_with(b"{"), "{command:?}");
    }
    assert_eq!(contents(&scratch.0).len(), before.len(), "nothing else is left");
}

#[test]
fn a_pack_replaces_no_source_and_nothing_that_is_no_pack() {
    let scratch = Scratch::new("pack-outputs");
    let source = scratch.0.join("checkpoints/tiny");
    copy(Path::new(&repository(CHECKPOINT)), &source);
    let (source, pack) = (source.to_str().unwrap(), scratch.path("packs/mine"));
    succeed(&["pack", source, "--out", &pack]);
    scratch.write("packs/mine/NOTICE", b"somebody's own");
    scratch.write("photos/cat.png", &png(6, 4));
    scratch.write("file", b"");
    let before = contents(&scratch.0);
    let parent = scratch.path("checkpoints");
    let inner = format!("{source}/unet");
    for (from, out, want) in [
        (source, source, "is read and would be overwritten. Choose another --out"),
        (&pack, &pack, "is read and would be overwritten"),
        (source, &parent, "is read and would be overwritten"),
        (source, &inner, "which is no part of a pack"),
        (source, &scratch.path("photos"), "holds cat.png, which is no part of a pack"),
        (source, &scratch.path("packs"), "holds mine, which is no part of a pack"),
        (source, &scratch.path("file"), "is a file. Give a folder"),
        (source, "-", "a pack is a folder"),
    ] {
        let said = fail(&["pack", from, "--force", "--out", out]);
        assert!(said.contains(want), "{out}: {said}");
    }
    let said = fail(&["pack", source, "--quantize", "f16", "--out", &pack]);
    assert!(said.contains("is there already. Choose another --out, or replace it with --force"), "{said}");
    assert_eq!(contents(&scratch.0), before, "nothing is written");

    succeed(&["pack", source, "--quantize", "f16", "--force", "--out", &pack]);
    let after = contents(&scratch.0);
    assert!(before.keys().eq(after.keys()), "{:?}", after.keys());
    assert_eq!(after["packs/mine/NOTICE"], b"somebody's own");
    assert_ne!(after["packs/mine/pack.json"], before["packs/mine/pack.json"]);
}

#[cfg(unix)]
#[test]
fn a_link_to_a_pack_stays_a_link() {
    let scratch = Scratch::new("pack-link");
    let (source, pack, link) = (repository(CHECKPOINT), scratch.path("v1"), scratch.path("current"));
    succeed(&["pack", &source, "--out", &pack]);
    std::os::unix::fs::symlink(&pack, &link).unwrap();
    let said = fail(&["pack", &pack, "--force", "--out", &link]);
    assert!(said.contains("is read and would be overwritten"), "{said}");
    let before = contents(Path::new(&pack));
    succeed(&["pack", &source, "--quantize", "f16", "--force", "--out", &link]);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_ne!(contents(Path::new(&pack)), before);
}

#[test]
fn a_source_that_proves_damaged_leaves_the_old_pack() {
    let scratch = Scratch::new("pack-damaged");
    let source = scratch.0.join("tiny");
    copy(Path::new(&repository(CHECKPOINT)), &source);
    let (pack, fresh) = (scratch.path("pack"), scratch.path("new/folders/pack"));
    succeed(&["pack", source.to_str().unwrap(), "--out", &pack]);
    // The text encoder is read last: by then everything else is written.
    let weights = source.join("text_encoder/model.safetensors");
    let mut bytes = fs::read(&weights).unwrap();
    let len = bytes.len();
    bytes[len - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    fs::write(&weights, bytes).unwrap();
    let before = contents(&scratch.0);
    for out in [&pack, &fresh] {
        let said = fail(&["pack", source.to_str().unwrap(), "--force", "--out", out]);
        assert!(said.contains("not a number"), "{said}");
        assert_eq!(contents(&scratch.0), before, "the old pack, and no folder on the way to a new one");
    }
}

#[test]
fn a_mask_goes_to_standard_output_alone() {
    let scratch = Scratch::new("standard-output");
    let photo = scratch.write("photo.png", &png(60, 40));
    let other = scratch.write("other.png", &png(60, 40));
    let common = ["--point", "30,20", "--device", "cpu", "--resolution", "16", "--out"];
    let file = scratch.path("mask.png");
    succeed(&[&["segment", &photo], &common[..], &[&file]].concat());
    // A folder of its own, to see that no file is made.
    let empty = scratch.0.join("empty");
    fs::create_dir(&empty).unwrap();
    let args = [&["segment", &photo], &common[..], &["-"]].concat();
    let output = command(&args).current_dir(&empty).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(output.stdout, fs::read(&file).unwrap(), "the PNG and nothing else");
    for (more, want) in [
        (vec![other.as_str()], "there are 2 photos"),
        (vec!["--cutout"], "Leave --cutout out"),
        (vec!["--overlay"], "Leave --overlay out"),
        (vec!["--sizes"], "Leave --sizes out"),
    ] {
        let output = command(&[args.clone(), more].concat()).current_dir(&empty).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr(&output).contains(want) && output.stdout.is_empty(), "{}", stderr(&output));
    }
    assert_eq!(fs::read_dir(&empty).unwrap().count(), 0, "nothing is written");
}

#[test]
fn a_folder_made_for_nothing_goes_again() {
    let scratch = Scratch::new("made-folders");
    let photo = scratch.write("photo.png", &png(60, 40));
    let attention = scratch.write("none.safetensors", b"12345678");
    let out = scratch.path("some/new/mask.png");
    let args = ["segment", &photo, "--point", "30,20", "--device", "cpu", "--attention", &attention];
    fail(&[&args[..], &["--out", &out]].concat());
    let output = maskov(&["bench", "--photo", &attention, "--device", "cpu", "--json", &out]);
    assert_eq!(output.status.code(), Some(1), "{}", stdout(&output));
    assert!(!scratch.0.join("some").exists(), "{}", stderr(&output));
}

/// What stops a program, on systems that have signals.
#[cfg(unix)]
mod stopped {
    use std::process::{Child, Stdio};
    use std::thread::sleep;
    use std::time::{Duration, Instant};

    use super::*;

    /// Numbers that are the same each time.
    struct Random(u64);

    impl Random {
        fn below(&mut self, bound: Duration) -> Duration {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            bound.mul_f64((self.0 >> 11) as f64 / (1u64 << 53) as f64)
        }
    }

    fn spawn(args: &[&str]) -> Child {
        command(args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// Kills the program at random times around the one where it puts its files in their places: `check` says whether
    /// the new ones are there, and the next time is later where they are not. So a busy machine shifts the times, too.
    fn kill(args: &[&str], times: usize, mut check: impl FnMut() -> bool) {
        let start = Instant::now();
        succeed(args);
        let (mut middle, mut random, mut seen) = (start.elapsed(), Random(17), [0, 0]);
        assert!(check(), "a run that nobody kills replaces them");
        for _ in 0..times {
            let mut child = spawn(args);
            sleep(middle.mul_f64(0.6) + random.below(middle.mul_f64(0.8)));
            child.kill().unwrap();
            child.wait().unwrap();
            let is_new = check();
            seen[usize::from(is_new)] += 1;
            middle = middle.mul_f64(if is_new { 1.0 / 1.15 } else { 1.15 });
        }
        println!("old {}, new {}, the last around {middle:?}", seen[0], seen[1]);
    }

    #[test]
    fn killed_masks_are_old_or_new() {
        let scratch = Scratch::new("killed-masks");
        let photo = scratch.write("photo.png", &png(640, 480));
        let (mask, results) = (scratch.path("results/mask.png"), scratch.0.join("results"));
        let args = [
            "segment",
            &photo,
            "--point",
            "320,240",
            "--device",
            "cpu",
            "--resolution",
            "16",
            "--cutout",
            "--overlay",
            "--force",
            "--out",
            &mask,
        ];
        succeed(&args);
        let new = contents(&results);
        assert_eq!(new.len(), 3);
        let begin_anew = || new.keys().for_each(|name| fs::write(results.join(name), b"old").unwrap());
        begin_anew();
        kill(&args, 25, || {
            let mut replaced = false;
            for (name, bytes) in &new {
                let found = fs::read(results.join(name)).unwrap();
                assert!(&found == bytes || found == b"old", "{name} has {} bytes", found.len());
                replaced |= &found == bytes;
            }
            begin_anew();
            replaced
        });
        succeed(&args);
        assert_eq!(contents(&results), new, "and what the killed runs left is gone");
    }

    #[test]
    fn killed_packs_are_old_or_new() {
        let scratch = Scratch::new("killed-packs");
        let source = repository(CHECKPOINT);
        let (q4, f16, pack) = (scratch.path("q4"), scratch.path("f16"), scratch.path("packs/pack"));
        succeed(&["pack", &source, "--quantize", "q4", "--out", &q4]);
        succeed(&["pack", &source, "--quantize", "f16", "--out", &f16]);
        let (old, new) = (contents(Path::new(&q4)), contents(Path::new(&f16)));
        let begin_anew = || copy(Path::new(&q4), Path::new(&pack));
        begin_anew();
        let args = ["pack", &source, "--quantize", "f16", "--force", "--out", &pack];
        kill(&args, 25, || {
            let found = contents(Path::new(&pack));
            let replaced = found == new;
            assert!(replaced || found == old, "{:?}", found.keys());
            begin_anew();
            replaced
        });
        succeed(&args);
        assert_eq!(contents(Path::new(&pack)), new);
        assert_eq!(contents(&scratch.0.join("packs")).len(), new.len() + 1, "what killed runs left is gone");
    }

    /// Waits until there is a file or folder of that ending below a folder.
    fn wait_for(folder: &Path, ending: &str, child: &mut Child) {
        loop {
            let is_there = folder.is_dir()
                && contents(folder).keys().any(|name| name.trim_end_matches('/').ends_with(ending));
            if is_there {
                return;
            }
            assert!(child.try_wait().unwrap().is_none(), "it ended before {ending} was seen");
            sleep(Duration::from_millis(1));
        }
    }

    /// Stopped while its files are on their way: nothing stays, and the code is the signal's.
    #[test]
    fn a_stopped_run_leaves_nothing_behind() {
        let scratch = Scratch::new("stopped");
        let photo = scratch.write("photo.png", &png(2000, 1500));
        scratch.write("set/images/a.png", &png(60, 40));
        scratch.write("set/masks/a.png", &png(60, 40));
        let (work, set) = (scratch.0.join("work"), scratch.path("set"));
        let out = |name: &str| scratch.path(&format!("work/{name}"));
        let (mask, scores, times) = (out("masks/new/mask.png"), out("scores.json"), out("new/times.json"));
        let segment = ["segment", &photo, "--point", "320,240", "--cutout", "--out", &mask];
        let eval = ["eval", &set, "--clicks", "100", "--all-clicks", "--sizes", "--json", &scores];
        let bench = ["bench", "--photo", &photo, "--runs", "1000", "--json", &times];
        for (signal, code) in [("INT", 130), ("TERM", 143)] {
            for args in [&segment[..], &eval, &bench] {
                fs::create_dir_all(&work).unwrap();
                let mut child = spawn(&[args, &["--device", "cpu", "--resolution", "16"]].concat());
                wait_for(&work, ".partial", &mut child);
                stop(&child, signal);
                assert_eq!(child.wait().unwrap().code(), Some(code), "{args:?}");
                let left: Vec<String> = contents(&work).into_keys().collect();
                // A stopped evaluation keeps what it goes on with.
                assert!(left.is_empty() || left == ["scores.json.state"], "{args:?}: {left:?}");
                fs::remove_dir_all(&work).unwrap();
            }
        }
    }

    #[test]
    fn a_stopped_pack_leaves_the_old_one_and_nothing_else() {
        let scratch = Scratch::new("stopped-pack");
        // Of a size that takes a while.
        let source = shipped_pack();
        let (work, pack) = (scratch.0.join("work"), scratch.path("work/new/pack"));
        let mut stopped = 0;
        for signal in ["INT", "TERM", "INT", "TERM", "INT", "TERM"] {
            fs::create_dir_all(&work).unwrap();
            let mut child = spawn(&["pack", source.to_str().unwrap(), "--quantize", "q4", "--out", &pack]);
            wait_for(&work, ".partial", &mut child);
            stop(&child, signal);
            // It may have been so quick that it was done.
            match child.wait().unwrap().code() {
                Some(0) => assert_eq!(contents(&work.join("new")).len(), 3),
                code => {
                    assert_eq!(code, Some(if signal == "INT" { 130 } else { 143 }));
                    assert!(contents(&work).is_empty(), "{:?}", contents(&work).keys());
                    stopped += 1;
                }
            }
            fs::remove_dir_all(&work).unwrap();
        }
        assert!(stopped > 0, "no run was stopped in time");
    }

    fn stop(child: &Child, signal: &str) {
        let pid = child.id().to_string();
        let sent = std::process::Command::new("kill").args(["-s", signal, &pid]).status().unwrap();
        assert!(sent.success());
    }
}
