//! Runs the program and makes photos.

#![allow(dead_code, reason = "every test file uses some of these")]

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};

/// A folder of its own, gone with the test.
pub struct Scratch(pub PathBuf);

impl Scratch {
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("maskov-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// The path of a file in it.
    pub fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    /// Writes a file.
    pub fn write(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.path(name);
        fs::create_dir_all(Path::new(&path).parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

pub fn repository(path: &str) -> String {
    format!("{}/../../{path}", env!("CARGO_MANIFEST_DIR"))
}

pub fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_maskov"));
    command.args(args).env_remove("MASKOV_MODEL");
    command
}

pub fn maskov(args: &[&str]) -> Output {
    command(args).output().unwrap()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Its standard output, once it is known to have succeeded.
pub fn succeed(args: &[&str]) -> String {
    let output = maskov(args);
    assert!(output.status.success(), "{args:?}: {}", stderr(&output));
    stdout(&output)
}

/// What it says on failing, with exit code 1 and without a panic.
pub fn fail(args: &[&str]) -> String {
    let output = maskov(args);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{args:?}: {said}");
    assert!(said.contains("error: ") && !said.contains("panicked"), "{said}");
    said
}

/// A disc on a slope.
pub fn picture(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let (dx, dy) = (x.abs_diff(width / 2), y.abs_diff(height / 2));
        let inside = (dx * dx + dy * dy) * 9 < width.min(height).pow(2);
        if inside { Rgb([220, 60, 40]) } else { Rgb([(x * 90 / width) as u8, 120, (y * 90 / height) as u8]) }
    })
}

pub fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

pub fn png(width: u32, height: u32) -> Vec<u8> {
    encoded(&picture(width, height).into(), ImageFormat::Png)
}

/// The shipped pack's folder: the only one.
pub fn shipped_pack() -> PathBuf {
    let packs = fs::read_dir(repository("web/models")).unwrap();
    packs
        .map(|entry| entry.unwrap().path())
        .find(|path| path.join("pack.json").is_file())
        .expect("the shipped pack")
}
