//! What building and testing need beyond Rust itself, and how each comes to a machine.

use crate::process::{run, text_of};
use crate::toolbox::{BINARYEN, TRUNK, Toolbox, WASM_BINDGEN, WEBKIT_DRIVER, XVFB, lavapipe};
use anyhow::{Result, bail};
use std::path::Path;

/// One thing that must be on the machine.
pub struct Requirement {
    /// Its name, with the version where that matters.
    pub name: String,
    /// Completes "it is needed ...".
    pub why: String,
    /// Completes "Installing it, ...": about how long on two cores.
    pub takes: String,
    /// What a person does where it cannot be installed from here.
    pub by_hand: String,
    /// What is there, in a few words; `None` when it is missing or of a wrong version.
    pub find: fn(&Toolbox) -> Option<String>,
    /// Installs it.
    pub install: fn(&Toolbox) -> Result<()>,
    /// Whether it is compiled here, for minutes, and in no other's way.
    pub is_compiled: bool,
}

/// The browsers, their drivers, a screen for WebKit and the software Vulkan driver, as Debian names them.
const DEBIAN: &str = "apt-get update && apt-get install -y --no-install-recommends \
    chromium chromium-driver firefox-esr webkit2gtk-driver xvfb libvulkan1 mesa-vulkan-drivers";
const DEBIAN_NODE: &str = "apt-get update && apt-get install -y --no-install-recommends nodejs npm";
/// playwright-core needs this one.
const NODE_MAJOR: u32 = 20;
/// Where the tests of the built site lie, and what they use, as its package.json names them.
const E2E: &str = "tests/e2e";
const NPM_PACKAGES: [&str; 4] = ["axe-core", "playwright-core", "typescript", "ws"];
/// The same of the comparison with other runtimes.
const PEERS: &str = "benches/peers";
const PEER_PACKAGES: [&str; 1] = ["onnxruntime-web"];

/// What `serve` and `dist` need.
pub fn for_building() -> Vec<Requirement> {
    let own_cargo = "With network, `cargo xtask setup` does it; by hand:";
    vec![
        Requirement {
            name: "wasm32-unknown-unknown".into(),
            why: "to build for browsers".into(),
            takes: "about 10 s".into(),
            by_hand: "With network, run `rustup target add wasm32-unknown-unknown` in the repository.".into(),
            find: wasm_target,
            install: |toolbox| {
                run(toolbox.command("rustup").args(["target", "add", "wasm32-unknown-unknown"]))
            },
            is_compiled: false,
        },
        Requirement {
            name: format!("wasm-bindgen {WASM_BINDGEN}"),
            why: "to join WebAssembly and JavaScript".into(),
            takes: "2 to 3 minutes".into(),
            by_hand: format!("{own_cargo} `cargo install wasm-bindgen-cli --version {WASM_BINDGEN}`."),
            find: wasm_bindgen,
            // Without --locked: its lock file names a crate version that a registry may lack. A little speed pays off: it
            // reads the unoptimised WebAssembly of every test.
            install: |toolbox| cargo_install(toolbox, "wasm-bindgen", WASM_BINDGEN, &["wasm-bindgen-cli"], 1),
            is_compiled: true,
        },
        Requirement {
            name: format!("trunk {TRUNK}"),
            why: "to build the site".into(),
            takes: "about 4 minutes".into(),
            by_hand: format!("{own_cargo} `cargo install --locked trunk --version {TRUNK}`."),
            find: |toolbox| version_on_path(toolbox, "trunk", &format!("trunk {TRUNK}")),
            install: |toolbox| cargo_install(toolbox, "trunk", TRUNK, &["trunk", "--locked"], 0),
            is_compiled: true,
        },
        Requirement {
            name: format!("node {NODE_MAJOR} or newer, with npm"),
            why: "for wasm-opt and the browser tests".into(),
            takes: "about a minute".into(),
            by_hand: format!("Install it from https://nodejs.org, or as root: `{DEBIAN_NODE}`."),
            find: node,
            install: |toolbox| apt_get(toolbox, DEBIAN_NODE),
            is_compiled: false,
        },
        Requirement {
            name: format!("wasm-opt {BINARYEN}"),
            why: "to make the engine small and fast".into(),
            takes: "about 10 s".into(),
            by_hand: format!("With network, `cargo xtask setup` gets npm's binaryen@{BINARYEN}."),
            find: |toolbox| {
                let major = BINARYEN.split('.').next().unwrap_or(BINARYEN);
                version_on_path(toolbox, "wasm-opt", &format!("wasm-opt version {major} "))
            },
            install: install_binaryen,
            is_compiled: false,
        },
    ]
}

/// What `test` needs beyond that.
pub fn for_testing() -> Vec<Requirement> {
    let as_root = format!("As root: `{DEBIAN}`");
    let browser = format!(
        "{as_root}; elsewhere install Chrome and the chromedriver of the same version \
         and name them by MASKOV_CHROMIUM and CHROMEDRIVER."
    );
    let mut all = vec![
        Requirement {
            name: "clippy and rustfmt".into(),
            why: "to check the code".into(),
            takes: "about 10 s".into(),
            by_hand: "With network, run `rustup component add clippy rustfmt` in the repository.".into(),
            find: |toolbox| {
                text_of(toolbox.cargo().args(["fmt", "--version"]))?;
                text_of(toolbox.cargo().args(["clippy", "--version"]))
            },
            install: |toolbox| run(toolbox.command("rustup").args(["component", "add", "clippy", "rustfmt"])),
            is_compiled: false,
        },
        Requirement {
            name: "Chromium".into(),
            why: "to run the kernels and the page in a browser".into(),
            takes: "about a minute".into(),
            by_hand: browser.clone(),
            find: |toolbox| text_of(toolbox.command(toolbox.chromium()?).arg("--version")),
            install: |toolbox| apt_get(toolbox, DEBIAN),
            is_compiled: false,
        },
        Requirement {
            name: "chromedriver".into(),
            why: "to run the kernels' tests in Chromium".into(),
            takes: "about a minute".into(),
            by_hand: browser,
            find: |toolbox| text_of(toolbox.command(toolbox.chromedriver()?).arg("--version")),
            install: |toolbox| apt_get(toolbox, DEBIAN),
            is_compiled: false,
        },
        Requirement {
            name: "Firefox".into(),
            why: "to run the page in its engine".into(),
            takes: "about a minute".into(),
            by_hand: format!("{as_root}; elsewhere install Firefox and name it by MASKOV_FIREFOX."),
            find: |toolbox| text_of(toolbox.command(toolbox.firefox()?).arg("--version")),
            install: |toolbox| apt_get(toolbox, DEBIAN),
            is_compiled: false,
        },
        Requirement {
            name: NPM_PACKAGES.join(", "),
            why: "to test the built site".into(),
            takes: "about 10 s".into(),
            by_hand: format!("With network, run `npm ci` in {E2E}."),
            find: |toolbox| npm_packages(toolbox, E2E, &NPM_PACKAGES),
            install: |toolbox| npm_ci(toolbox, E2E),
            is_compiled: false,
        },
    ];
    // Elsewhere the system's own driver runs the native tests, and there is no WebKitGTK.
    if cfg!(target_os = "linux") {
        all.push(for_webkit(WEBKIT_DRIVER, "to run the page in WebKit", |toolbox| {
            place_on_path(toolbox, WEBKIT_DRIVER)
        }));
        all.push(for_webkit(XVFB, "to give WebKit a screen", |toolbox| place_on_path(toolbox, XVFB)));
        all.push(Requirement {
            name: "lavapipe".into(),
            why: "to run the kernels natively without a GPU".into(),
            takes: "about a minute".into(),
            by_hand: format!(
                "{as_root}; elsewhere install Mesa's software Vulkan driver and name its .json file by MASKOV_LAVAPIPE."
            ),
            find: |_| lavapipe().map(|path| path.display().to_string()),
            install: |toolbox| apt_get(toolbox, DEBIAN),
            is_compiled: false,
        });
    }
    all
}

/// What `peers` needs beyond that.
pub fn for_peers() -> Vec<Requirement> {
    vec![Requirement {
        name: PEER_PACKAGES.join(", "),
        why: "to be measured beside Maskov".into(),
        takes: "about 20 s for 150 MB".into(),
        by_hand: format!("With network, run `npm ci` in {PEERS}."),
        find: |toolbox| npm_packages(toolbox, PEERS, &PEER_PACKAGES),
        install: |toolbox| npm_ci(toolbox, PEERS),
        is_compiled: false,
    }]
}

fn for_webkit(name: &str, why: &str, find: fn(&Toolbox) -> Option<String>) -> Requirement {
    Requirement {
        name: name.into(),
        why: why.into(),
        takes: "about a minute".into(),
        by_hand: format!("As root: `{DEBIAN}`; elsewhere install WebKitGTK's driver and Xvfb, both on PATH."),
        find,
        install: |toolbox| apt_get(toolbox, DEBIAN),
        is_compiled: false,
    }
}

/// Of a program that does not tell its version.
fn place_on_path(toolbox: &Toolbox, program: &str) -> Option<String> {
    toolbox.program(program).map(|path| path.display().to_string())
}

fn wasm_target(toolbox: &Toolbox) -> Option<String> {
    let mut rustc = toolbox.command("rustc");
    rustc.args(["--print", "target-libdir", "--target", "wasm32-unknown-unknown"]);
    text_of(&mut rustc).filter(|folder| Path::new(folder).is_dir())
}

fn wasm_bindgen(toolbox: &Toolbox) -> Option<String> {
    version_on_path(
        toolbox,
        "wasm-bindgen-test-runner",
        &format!("wasm-bindgen-test-runner {WASM_BINDGEN}"),
    )?;
    version_on_path(toolbox, "wasm-bindgen", &format!("wasm-bindgen {WASM_BINDGEN}"))
}

/// Where `program` lies when its version line begins as wanted and goes on with no further digit.
fn version_on_path(toolbox: &Toolbox, program: &str, wanted: &str) -> Option<String> {
    let path = toolbox.program(program)?;
    let printed = text_of(toolbox.command(&path).arg("--version"))?;
    let rest = printed.strip_prefix(wanted)?;
    (!rest.starts_with(|c: char| c.is_ascii_digit() || c == '.')).then(|| path.display().to_string())
}

fn node(toolbox: &Toolbox) -> Option<String> {
    toolbox.program("npm")?;
    let version = text_of(toolbox.command("node").arg("--version"))?;
    let major: u32 = version.strip_prefix('v')?.split('.').next()?.parse().ok()?;
    (major >= NODE_MAJOR).then_some(version)
}

/// Installs what the lock file in `folder` names. No package that is used here needs a script of its own to be run.
fn npm_ci(toolbox: &Toolbox, folder: &str) -> Result<()> {
    let mut npm = toolbox.command("npm");
    npm.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]);
    run(npm.current_dir(toolbox.root.join(folder)))
}

/// The versions of `packages` in `folder`, when all are those that the lock file names.
fn npm_packages(toolbox: &Toolbox, folder: &str, packages: &[&str]) -> Option<String> {
    let folder = toolbox.root.join(folder);
    let version_in = |path: &str, after: &str| {
        let text = std::fs::read_to_string(folder.join(path)).ok()?;
        let rest = text.split_once(after)?.1.split_once("\"version\": \"")?.1;
        Some(rest.split('"').next()?.to_owned())
    };
    let version = |package: &str| {
        let wanted = version_in("package-lock.json", &format!("\"node_modules/{package}\""))?;
        let there = version_in(&format!("node_modules/{package}/package.json"), "{")?;
        (there == wanted).then_some(there)
    };
    packages.iter().map(|package| version(package)).collect::<Option<Vec<_>>>().map(|all| all.join(", "))
}

/// Installs a tool that runs seconds a build, so that building it takes no minutes: without the TLS of downloads, which
/// Trunk.toml forbids, and without what its own release profile asks for (trunk's: one unit, whole-program optimisation).
fn cargo_install(
    toolbox: &Toolbox,
    name: &str,
    version: &str,
    arguments: &[&str],
    opt_level: u8,
) -> Result<()> {
    let mut cargo = toolbox.cargo();
    cargo.arg("install").args(arguments).args(["--version", version, "--no-default-features", "--root"]);
    cargo.arg(toolbox.cargo_root(name, version));
    for (setting, value) in [("LTO", "off"), ("CODEGEN_UNITS", "16"), ("OPT_LEVEL", &opt_level.to_string())] {
        cargo.env(format!("CARGO_PROFILE_RELEASE_{setting}"), value);
    }
    // Not in the repository: its flags and its target folder are not the tool's.
    std::fs::create_dir_all(&toolbox.tools)?;
    run(cargo.current_dir(&toolbox.tools).env_remove("CARGO_TARGET_DIR"))
}

fn install_binaryen(toolbox: &Toolbox) -> Result<()> {
    let folder = toolbox.binaryen_root();
    std::fs::create_dir_all(&folder)?;
    let package = format!("binaryen@{BINARYEN}");
    let mut npm = toolbox.command("npm");
    npm.args(["install", "--no-audit", "--no-fund", "--prefix"]).arg(&folder).arg(package);
    run(npm.current_dir(&folder))
}

/// Runs a line of apt-get, which needs Debian and root.
fn apt_get(toolbox: &Toolbox, line: &str) -> Result<()> {
    if toolbox.program("apt-get").is_none() {
        bail!("this system has no apt-get");
    }
    if text_of(toolbox.command("id").arg("-u")).as_deref() != Some("0") {
        bail!("only root may install packages; run `sudo sh -c '{line}'`, then this command again");
    }
    run(toolbox.command("sh").args(["-c", line]).env("DEBIAN_FRONTEND", "noninteractive"))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    /// A toolbox whose trunk prints `version`.
    fn with_trunk(folder: &Path, version: &str) -> Toolbox {
        let toolbox = Toolbox { root: folder.to_owned(), tools: folder.to_owned() };
        let bin = toolbox.cargo_root("trunk", TRUNK).join("bin");
        std::fs::create_dir_all(&bin).unwrap();
        let trunk = bin.join("trunk");
        std::fs::write(&trunk, format!("#!/bin/sh\necho '{version}'\n")).unwrap();
        std::fs::set_permissions(&trunk, std::fs::Permissions::from_mode(0o755)).unwrap();
        toolbox
    }

    #[test]
    fn only_the_exact_version_will_do() {
        let folder = std::env::temp_dir().join(format!("maskov-xtask-{}", std::process::id()));
        let found = |printed: &str| version_on_path(&with_trunk(&folder, printed), "trunk", "trunk 0.21.14");
        assert!(found("trunk 0.21.14").is_some());
        assert!(found("trunk 0.21.14 (of today)").is_some());
        assert!(found("trunk 0.21.140").is_none());
        assert!(found("trunk 0.22.1").is_none());
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_tool_that_is_not_there_is_not_found() {
        let nowhere = Toolbox { root: "/".into(), tools: "/nowhere".into() };
        assert_eq!(version_on_path(&nowhere, "no-such-program-of-maskov", "1"), None);
        assert_eq!(npm_packages(&nowhere, E2E, &NPM_PACKAGES), None);
    }

    #[test]
    fn all_npm_packages_must_be_those_of_the_lock_file() {
        let root = std::env::temp_dir().join(format!("maskov-npm-{}", std::process::id()));
        let toolbox = Toolbox { root: root.clone(), tools: root.clone() };
        let found = || npm_packages(&toolbox, E2E, &NPM_PACKAGES);
        let write = |name: &str, text: String| {
            let path = root.join(E2E).join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        let locked =
            NPM_PACKAGES.map(|name| format!("\"node_modules/{name}\": {{ \"version\": \"1.2.3\" }}"));
        write("package-lock.json", locked.join(",\n"));
        for name in NPM_PACKAGES {
            assert_eq!(found(), None, "{name} is missing");
            write(&format!("node_modules/{name}/package.json"), "{ \"version\": \"1.2.3\" }".into());
        }
        assert_eq!(found().as_deref(), Some(&*["1.2.3"; NPM_PACKAGES.len()].join(", ")));
        for name in NPM_PACKAGES {
            write(&format!("node_modules/{name}/package.json"), "{ \"version\": \"1.2.30\" }".into());
            assert_eq!(found(), None, "{name} is another");
            write(&format!("node_modules/{name}/package.json"), "{ \"version\": \"1.2.3\" }".into());
        }
        std::fs::remove_dir_all(&root).unwrap();
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn every_browser_that_tests_drive_is_required_with_its_debian_package() {
        let all = for_testing();
        for (name, package) in [
            ("Chromium", "chromium"),
            ("Firefox", "firefox-esr"),
            (WEBKIT_DRIVER, "webkit2gtk-driver"),
            (XVFB, "xvfb"),
        ] {
            let browser = all.iter().find(|requirement| requirement.name == name).unwrap();
            assert!(browser.by_hand.contains(&format!(" {package} ")), "{}", browser.by_hand);
        }
    }

    #[test]
    fn every_package_of_the_manifest_is_looked_for() {
        for (manifest, packages) in [
            (include_str!("../../../tests/e2e/package.json"), &NPM_PACKAGES[..]),
            (include_str!("../../../benches/peers/package.json"), &PEER_PACKAGES),
        ] {
            let named = manifest.split_once("\"devDependencies\"").unwrap().1.matches("\": \"").count();
            assert_eq!(named, packages.len());
            assert!(packages.iter().all(|name| manifest.contains(&format!("\"{name}\": \""))));
        }
    }
}
