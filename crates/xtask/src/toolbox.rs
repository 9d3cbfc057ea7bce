//! Where the repository, the tools and the browser are, and commands that find them.

use anyhow::{Context, Result};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Version of the wasm-bindgen command, equal to the crate's: the two speak a private format.
pub const WASM_BINDGEN: &str = "0.2.130";
/// Version of trunk: the newest that builds with the pinned Rust.
pub const TRUNK: &str = "0.21.14";
/// Version of the npm package that holds wasm-opt; `version_132` in Trunk.toml.
pub const BINARYEN: &str = "132.0.0";

/// WebKitGTK's driver, and the screen that nobody sees.
pub const WEBKIT_DRIVER: &str = "WebKitWebDriver";
/// See [`WEBKIT_DRIVER`].
pub const XVFB: &str = "Xvfb";

/// The repository and the tools that work on it.
pub struct Toolbox {
    /// The repository's root.
    pub root: PathBuf,
    /// Folder for the tools installed by `cargo xtask setup`. Not in `target/`: `cargo clean` would throw away minutes.
    pub tools: PathBuf,
}

impl Toolbox {
    /// The toolbox of the repository that this program was built from.
    ///
    /// # Errors
    /// When there is no home folder to keep tools in.
    pub fn find() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let root = root.canonicalize().with_context(|| {
            format!("{} is gone: run `cargo xtask` in the repository's folder", root.display())
        })?;
        let tools = match std::env::var_os("MASKOV_TOOLS") {
            Some(folder) => PathBuf::from(folder),
            None => cache_folder()?.join("maskov").join("tools"),
        };
        Ok(Self { root, tools })
    }

    /// Folder that `cargo install --root` is given for `name` of `version`: versions lie side by side.
    pub fn cargo_root(&self, name: &str, version: &str) -> PathBuf {
        self.tools.join(format!("{name}-{version}"))
    }

    /// Folder that npm installs binaryen into.
    pub fn binaryen_root(&self) -> PathBuf {
        self.tools.join(format!("binaryen-{BINARYEN}"))
    }

    /// `PATH` with the project's own tools first.
    pub fn path(&self) -> OsString {
        let own = [
            self.cargo_root("wasm-bindgen", WASM_BINDGEN).join("bin"),
            self.cargo_root("trunk", TRUNK).join("bin"),
            self.binaryen_root().join("node_modules").join(".bin"),
        ];
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::join_paths(own.into_iter().chain(std::env::split_paths(&path))).unwrap_or(path)
    }

    /// A command that runs in the repository's root with the tools on its `PATH`.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let program = program.as_ref();
        let found = program.to_str().and_then(|name| self.program(name));
        let mut command = Command::new(found.as_deref().map_or(program, Path::as_os_str));
        command.current_dir(&self.root).env("PATH", self.path());
        command
    }

    /// The cargo that runs this program.
    pub fn cargo(&self) -> Command {
        self.command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
    }

    /// Full path of a program on [`Toolbox::path`].
    pub fn program(&self, name: &str) -> Option<PathBuf> {
        let endings: &[&str] = if cfg!(windows) { &[".exe", ".cmd"] } else { &[""] };
        std::env::split_paths(&self.path())
            .flat_map(|folder| endings.iter().map(move |ending| folder.join(format!("{name}{ending}"))))
            .find(|path| path.is_file())
    }

    /// The Chromium that tests drive: `MASKOV_CHROMIUM`, or one in a usual place.
    pub fn chromium(&self) -> Option<PathBuf> {
        let usual = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
        let mac = Path::new("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome");
        match std::env::var_os("MASKOV_CHROMIUM") {
            Some(path) => Some(PathBuf::from(path)).filter(|path| path.is_file()),
            None => usual
                .iter()
                .find_map(|name| self.program(name))
                .or_else(|| mac.is_file().then(|| mac.to_owned())),
        }
    }

    /// The Firefox that tests drive: `MASKOV_FIREFOX`, or one in a usual place.
    pub fn firefox(&self) -> Option<PathBuf> {
        let mac = Path::new("/Applications/Firefox.app/Contents/MacOS/firefox");
        match std::env::var_os("MASKOV_FIREFOX") {
            Some(path) => Some(PathBuf::from(path)).filter(|path| path.is_file()),
            None => ["firefox-esr", "firefox"]
                .iter()
                .find_map(|name| self.program(name))
                .or_else(|| mac.is_file().then(|| mac.to_owned())),
        }
    }

    /// The driver of that Chromium: `CHROMEDRIVER`, or `chromedriver` on the `PATH`.
    pub fn chromedriver(&self) -> Option<PathBuf> {
        match std::env::var_os("CHROMEDRIVER") {
            Some(path) => Some(PathBuf::from(path)).filter(|path| path.is_file()),
            None => self.program("chromedriver"),
        }
    }
}

/// Path of `name` in the folder that cargo builds into, which is where this program lies.
///
/// # Errors
/// When the system does not tell where this program lies.
pub fn built(name: &str) -> Result<PathBuf> {
    let program = std::env::current_exe().context("the system does not tell where this program lies")?;
    Ok(program.with_file_name(name))
}

fn cache_folder() -> Result<PathBuf> {
    let named = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    named("XDG_CACHE_HOME")
        .or_else(|| named("LOCALAPPDATA"))
        .or_else(|| named("HOME").map(|home| home.join(".cache")))
        .context("there is no home folder for the tools: set MASKOV_TOOLS to a folder that may be written")
}

/// The loader file of lavapipe, Mesa's software Vulkan driver.
pub fn lavapipe() -> Option<PathBuf> {
    let named = std::env::var_os("MASKOV_LAVAPIPE").map(PathBuf::from);
    let folders = ["/usr/share/vulkan/icd.d", "/usr/local/share/vulkan/icd.d", "/etc/vulkan/icd.d"];
    let usual = folders.iter().filter_map(|folder| std::fs::read_dir(folder).ok()).flatten().flatten();
    named
        .into_iter()
        .chain(usual.map(|entry| entry.path()).filter(|path| is_lavapipe(path)))
        .find(|p| p.is_file())
}

fn is_lavapipe(path: &Path) -> bool {
    path.file_name()
        .and_then(OsStr::to_str)
        .is_some_and(|name| name.starts_with("lvp_icd") && name.ends_with(".json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tool_versions_are_those_of_the_manifests() {
        let trunk = include_str!("../../../Trunk.toml");
        assert!(trunk.contains(&format!("wasm_bindgen = \"{WASM_BINDGEN}\"")));
        let major = BINARYEN.split('.').next().unwrap();
        assert!(trunk.contains(&format!("wasm_opt = \"version_{major}\"")));
        let cargo = include_str!("../../../Cargo.toml");
        assert!(cargo.contains(&format!("wasm-bindgen = \"={WASM_BINDGEN}\"")));
    }

    #[test]
    fn own_tools_come_before_those_of_the_machine() {
        let toolbox = Toolbox { root: PathBuf::from("."), tools: PathBuf::from("/of/maskov") };
        let path = toolbox.path();
        let mut folders = std::env::split_paths(&path);
        let first = folders.next().unwrap();
        assert_eq!(first, Path::new("/of/maskov").join(format!("wasm-bindgen-{WASM_BINDGEN}")).join("bin"));
        assert!(folders.count() > 2);
    }

    #[test]
    fn only_lavapipe_is_taken_for_lavapipe() {
        assert!(is_lavapipe(Path::new("/usr/share/vulkan/icd.d/lvp_icd.x86_64.json")));
        assert!(!is_lavapipe(Path::new("/usr/share/vulkan/icd.d/radeon_icd.x86_64.json")));
    }
}
