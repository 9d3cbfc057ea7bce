//! Puts the shipped model pack into the binary, so that `maskov segment` works from anywhere. The pack is whichever one
//! lies under `web/models`: no code knows a model by name. Without one the binary still builds, and asks for `--model`.

use std::error::Error;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let models = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../../web/models");
    println!("cargo::rerun-if-changed={}", models.display());
    let packs = packs(&models)?;
    if packs.len() > 1 {
        return Err(format!("{packs:?}: one model pack is shipped; remove the others").into());
    }
    let mut files = String::new();
    for pack in &packs {
        println!("cargo::rerun-if-changed={}", pack.display());
        for entry in fs::read_dir(pack)? {
            let path = entry?.path().canonicalize()?;
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name == "pack.json" || name.ends_with(".bin") {
                writeln!(files, "    ({name:?}, include_bytes!({path:?}).as_slice()),")?;
            }
        }
    }
    let table = format!("static SHIPPED: &[(&str, &[u8])] = &[\n{files}];\n");
    Ok(fs::write(Path::new(&env::var("OUT_DIR")?).join("shipped.rs"), table)?)
}

fn packs(models: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    if !models.is_dir() {
        return Ok(Vec::new());
    }
    let mut packs = Vec::new();
    for entry in fs::read_dir(models)? {
        let path = entry?.path();
        if path.join("pack.json").is_file() {
            packs.push(path);
        }
    }
    Ok(packs)
}
