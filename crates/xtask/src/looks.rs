//! `cargo xtask shots`, `measure` and `hour`: the built site as it looks, in all three browser engines, and what it costs.

use crate::dist;
use crate::process::run;
use crate::setup::{Purpose, ensure};
use crate::site_check::files_below;
use crate::toolbox::{Toolbox, WEBKIT_DRIVER, XVFB};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

/// What the site is built from.
const SOURCES: [&str; 6] = ["web", "crates", "shaders", "Cargo.toml", "Cargo.lock", "Trunk.toml"];

/// Writes a picture of every state of the page, or of those named in `states`, to `target/shots`.
///
/// # Errors
/// When the site does not build, a state is unknown or cannot be reached.
pub fn shots(toolbox: &Toolbox, states: &[String]) -> Result<()> {
    let folder = toolbox.root.join("target/shots");
    std::fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let mut node = on_the_site(toolbox, Purpose::Test, Path::new("shots.mjs"))?;
    run(node.args(states).env("MASKOV_SHOTS", folder))
}

/// Prints a Markdown table of what the page weighs and how long one waits.
///
/// # Errors
/// When the site does not build, the page does not work or the engine is heavier than it may be.
pub fn measure(toolbox: &Toolbox) -> Result<()> {
    run(&mut on_the_site(toolbox, Purpose::Test, Path::new("measure.mjs"))?)
}

/// Prints a Markdown table of what the page holds after every photo of a scripted hour; `arguments` say how many there are.
///
/// # Errors
/// When the site does not build, the page does not work or something grows with the photos.
pub fn hour(toolbox: &Toolbox, arguments: &[String]) -> Result<()> {
    run(on_the_site(toolbox, Purpose::Test, Path::new("hour.mjs"))?.args(arguments))
}

/// Node running a script, by its path or by its name in tests/e2e, on a site that is as new as its sources.
///
/// # Errors
/// When something that `purpose` needs is missing, or the site does not build.
pub fn on_the_site(toolbox: &Toolbox, purpose: Purpose, script: &Path) -> Result<Command> {
    ensure(toolbox, purpose)?;
    if is_stale(&toolbox.root)? {
        println!("dist/ is missing or older than its sources: building it");
        dist::dist(toolbox)?;
    }
    let mut node = node(toolbox)?;
    node.arg(script);
    Ok(node)
}

/// Node in tests/e2e, told where the browsers and the site are.
///
/// # Errors
/// When there is no site or a browser is missing.
pub fn node(toolbox: &Toolbox) -> Result<Command> {
    let site = dist::built_site(toolbox)?;
    let mut browsers = vec![
        ("MASKOV_CHROMIUM", "Chromium", toolbox.chromium()),
        ("MASKOV_FIREFOX", "Firefox", toolbox.firefox()),
    ];
    if cfg!(target_os = "linux") {
        browsers.push(("MASKOV_WEBKIT_DRIVER", WEBKIT_DRIVER, toolbox.program(WEBKIT_DRIVER)));
        browsers.push(("MASKOV_XVFB", XVFB, toolbox.program(XVFB)));
    }
    let mut node = toolbox.command("node");
    node.env("MASKOV_SITE", site);
    for (variable, name, found) in browsers {
        let program = found.with_context(|| format!("{name} is missing; `cargo xtask setup` installs it"))?;
        node.env(variable, program);
    }
    node.current_dir(toolbox.root.join("tests/e2e"));
    Ok(node)
}

/// Whether the site in `root` is missing or any source was changed after it was written.
fn is_stale(root: &Path) -> Result<bool> {
    let Some(built) = changed_at(&root.join("dist/index.html")) else { return Ok(true) };
    let mut files = Vec::new();
    for source in SOURCES.map(|name| root.join(name)) {
        if source.is_dir() { files.extend(files_below(&source)?) } else { files.push(source) }
    }
    Ok(files.iter().filter_map(|file: &PathBuf| changed_at(file)).any(|changed| changed > built))
}

fn changed_at(file: &Path) -> Option<SystemTime> {
    file.metadata().ok()?.modified().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{File, create_dir_all, remove_dir_all, write};
    use std::time::Duration;

    #[test]
    fn a_site_is_stale_when_missing_or_older_than_any_source() {
        let root = std::env::temp_dir().join(format!("maskov-looks-{}", std::process::id()));
        let nested = root.join("crates/page/src/lib.rs");
        create_dir_all(nested.parent().unwrap()).unwrap();
        write(&nested, "").unwrap();
        assert!(is_stale(&root).unwrap());
        let site = root.join("dist/index.html");
        create_dir_all(site.parent().unwrap()).unwrap();
        write(&site, "").unwrap();
        let later = |file: &Path, seconds| {
            let now = SystemTime::now() + Duration::from_secs(seconds);
            File::options().append(true).open(file).unwrap().set_modified(now).unwrap();
        };
        later(&site, 10);
        assert!(!is_stale(&root).unwrap());
        later(&nested, 20);
        assert!(is_stale(&root).unwrap());
        remove_dir_all(&root).unwrap();
    }

    #[test]
    fn without_a_site_the_error_says_how_to_build_it() {
        let nowhere = Toolbox { root: "/nowhere".into(), tools: "/nowhere".into() };
        assert!(node(&nowhere).unwrap_err().to_string().contains("cargo xtask dist"));
    }
}
