//! Where tests find their files.
//!
//! `tests/tests/browser_*.rs` run natively and in headless Chromium (`#[wasm_bindgen_test(unsupported = pollster::test)]`;
//! there is no file system there, so what they need is embedded by `include_bytes!`); every other file there runs natively
//! only. `tests/e2e` drives the built site. `cargo xtask test` runs them all.

#[cfg(not(target_arch = "wasm32"))]
pub mod sample;
#[cfg(not(target_arch = "wasm32"))]
pub mod still_life;

use std::path::{Path, PathBuf};

/// Path of a file of the repository.
pub fn repository(path: impl AsRef<Path>) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// Path of a file in `tests/fixtures`. Source: the repository, so it is always there.
///
/// # Panics
/// When the file is missing.
pub fn fixture(path: impl AsRef<Path>) -> PathBuf {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(path);
    assert!(file.exists(), "{} is missing: restore it from the repository", file.display());
    file
}

/// Path of a file or folder in `../shared` (beside the repository), which holds what may not be committed. `None` where
/// that folder is absent, with a line that says which check was skipped.
///
/// # Panics
/// When `../shared` is there and lacks the file: then the name is wrong, and the check must not be skipped unseen.
pub fn shared(path: impl AsRef<Path>) -> Option<PathBuf> {
    below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"), path.as_ref())
}

fn below(folder: &Path, path: &Path) -> Option<PathBuf> {
    if !folder.is_dir() {
        println!("skipped: ../shared/{} is absent", path.display());
        return None;
    }
    let file = folder.join(path);
    assert!(file.exists(), "../shared is there, but ../shared/{} is not", path.display());
    Some(file)
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;

    #[test]
    fn fixtures_are_found() {
        assert!(fixture("still_life/labels.json").is_file());
    }

    #[test]
    #[should_panic(expected = "no-such-fixture is missing")]
    fn a_missing_fixture_fails() {
        fixture("no-such-fixture");
    }

    #[test]
    fn an_absent_folder_is_none_and_a_file_of_it_is_found() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        assert_eq!(below(&here.join("no-such-folder"), Path::new("a")), None);
        assert_eq!(below(here, Path::new("Cargo.toml")), Some(here.join("Cargo.toml")));
    }

    #[test]
    #[should_panic(expected = "no-such-file is not")]
    fn a_wrong_name_in_a_folder_that_is_there_fails() {
        below(Path::new(env!("CARGO_MANIFEST_DIR")), Path::new("no-such-file"));
    }
}
