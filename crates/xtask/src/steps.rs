//! The steps of `cargo xtask test`, each by itself.

use crate::process::{run, run_and_read};
use crate::site_check::files_below;
use crate::skips::Skips;
use crate::toolbox::{Toolbox, built, lavapipe};
use crate::{dist, looks};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

const WASM: &str = "wasm32-unknown-unknown";
/// The crates that the page is made of.
const WASM_CRATES: [&str; 17] = [
    "maskov-weights",
    "maskov-parallel",
    "maskov-progress",
    "maskov-graph",
    "maskov-gpu",
    "maskov-kernels",
    "maskov-model",
    "maskov-diffusion",
    "maskov-dino",
    "maskov-runtime",
    "maskov-segment",
    "maskov-engine",
    "maskov-photo",
    "maskov-export",
    "maskov-web",
    "maskov-document",
    "maskov-page",
];

/// The layout of the code.
pub fn fmt(toolbox: &Toolbox) -> Result<()> {
    run(toolbox.cargo().args(["fmt", "--all", "--check"]))
}

/// Warnings as errors, in every target natively and in the page's crates for wasm.
pub fn clippy(toolbox: &Toolbox) -> Result<()> {
    run(toolbox.cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    let mut wasm = toolbox.cargo();
    wasm.args(["clippy", "--target", WASM]);
    for name in WASM_CRATES {
        wasm.args(["-p", name]);
    }
    run(wasm.args(["--", "-D", "warnings"]))
}

/// The documentation, with broken links as errors.
pub fn doc(toolbox: &Toolbox) -> Result<()> {
    run(toolbox.cargo().args(["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"))
}

/// Every test natively, the kernels on lavapipe.
pub fn native(toolbox: &Toolbox) -> Result<()> {
    // First which adapter there is: a missing one shall be known before the long tests.
    let adapter = ["--workspace", "--test", "browser_adapter", "--", "--nocapture"];
    for arguments in [&adapter[..], &["--workspace"]] {
        let mut cargo = toolbox.cargo();
        cargo.arg("test").args(arguments);
        set_adapter(&mut cargo)?;
        Skips::collect(&mut cargo)?;
        run(&mut cargo)?;
    }
    Ok(())
}

/// Makes lavapipe the only Vulkan driver, so that every machine tests on the same adapter. Elsewhere the system's own
/// adapter is the one that is tested.
fn set_adapter(cargo: &mut Command) -> Result<()> {
    if cfg!(not(target_os = "linux")) {
        return Ok(());
    }
    let driver = lavapipe().context("lavapipe is missing; `cargo xtask setup` installs it")?;
    // The second name is what loaders before 1.3.207 read.
    cargo.env("VK_DRIVER_FILES", &driver).env("VK_ICD_FILENAMES", &driver);
    if std::env::var_os("XDG_RUNTIME_DIR").is_none() {
        // Without it the driver prints an error for every device, though nothing is drawn to a screen.
        cargo.env("XDG_RUNTIME_DIR", std::env::temp_dir());
    }
    Ok(())
}

/// The kernels' tests and the golden files in headless Chromium.
pub fn browser(toolbox: &Toolbox) -> Result<()> {
    println!("Adapter: SwiftShader, Chromium's software renderer, in a dedicated worker");
    let tests: [&[&str]; 5] = [
        &["maskov-kernels", "--lib"],
        &["maskov-runtime", "--test", "networks", "--test", "dino"],
        &["maskov-segment", "--test", "goldens"],
        &["maskov-tests", "--test", "browser_*"],
        &["maskov-web", "--lib"],
    ];
    for tests in tests {
        let mut cargo = toolbox.cargo();
        cargo.args(["test", "--target", WASM, "-p"]).args(tests);
        set_browser(toolbox, &mut cargo)?;
        let passed = tests_passed(&run_and_read(&mut cargo)?);
        if passed == 0 {
            bail!("no test of {} ran in the browser: each needs #[wasm_bindgen_test]", tests[0]);
        }
        println!("{passed} tests of {} passed in Chromium.", tests[0]);
    }
    Ok(())
}

/// Names the browser and its driver to `wasm-bindgen-test-runner`. How it starts them is `tests/webdriver.json`; the mode
/// (a dedicated worker, as in the page) and the time limit are in `.cargo/config.toml`.
fn set_browser(toolbox: &Toolbox, cargo: &mut Command) -> Result<()> {
    let missing = "is missing; `cargo xtask setup` installs it";
    let chromium = toolbox.chromium().with_context(|| format!("Chromium {missing}"))?;
    let driver = toolbox.chromedriver().with_context(|| format!("chromedriver {missing}"))?;
    let options = std::fs::read_to_string(toolbox.root.join("tests/webdriver.json"))?;
    let file = built("webdriver.json")?;
    std::fs::write(&file, with_binary(&options, &chromium)?)?;
    cargo.env("CHROMEDRIVER", driver).env("WASM_BINDGEN_TEST_WEBDRIVER_JSON", file);
    Ok(())
}

fn with_binary(options: &str, chromium: &Path) -> Result<String> {
    let (before, after) =
        options.split_once("\"args\":").context("tests/webdriver.json has no \"args\": restore it")?;
    Ok(format!("{before}\"binary\": {:?},\n    \"args\":{after}", chromium.display().to_string()))
}

/// Sum of the "N passed" of every test binary in what cargo printed.
fn tests_passed(printed: &str) -> usize {
    let results = printed.lines().filter_map(|line| line.trim().strip_prefix("test result: ok. "));
    results.filter_map(|rest| rest.split(' ').next()?.parse::<usize>().ok()).sum()
}

/// The types of the built site's scripts, with those of the engine: the page's own, then the workers', which have no window.
pub fn types(toolbox: &Toolbox) -> Result<()> {
    dist::built_site(toolbox)?;
    for project in ["tsconfig.json", "tsconfig.worker.json"] {
        let mut node = toolbox.command("node");
        node.args(["node_modules/typescript/bin/tsc", "--project", project]);
        run(node.current_dir(toolbox.root.join("tests/e2e")))?;
    }
    Ok(())
}

/// The command line that the page is compared with.
pub fn cli(toolbox: &Toolbox) -> Result<()> {
    run(toolbox.cargo().args(["build", "-p", "maskov-cli"]))
}

/// The built site in Chromium, Firefox and WebKit, none of them on a screen.
pub fn e2e(toolbox: &Toolbox) -> Result<()> {
    let mut node = looks::node(toolbox)?;
    let folder = toolbox.root.join("tests/e2e");
    let is_test = |path: &PathBuf| {
        let inside = path.strip_prefix(&folder).unwrap_or(path);
        !inside.starts_with("node_modules") && inside.to_string_lossy().ends_with(".test.mjs")
    };
    let mut tests: Vec<PathBuf> = files_below(&folder)?.into_iter().filter(is_test).collect();
    // It takes as long as all others together: the photo is read again and again on a software adapter.
    tests.sort_by_key(|path| !path.ends_with("recovery.test.mjs"));
    if tests.is_empty() {
        bail!("tests/e2e holds no *.test.mjs");
    }
    // Two at a time: each has a browser that renders in software, and waits for much else.
    node.args(["--test", "--test-concurrency=2", "--test-reporter=spec"]).args(tests);
    Skips::collect(&mut node)?;
    node.env("MASKOV_CLI", built(&format!("maskov{}", std::env::consts::EXE_SUFFIX))?);
    run(&mut node)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passed_tests_are_counted_over_all_binaries() {
        let printed = "running 2 tests\ntest result: ok. 2 passed; 0 failed\nno tests to run!\n\
            test result: ok. 40 passed; 0 failed; finished in 1.2s\ntest result: FAILED. 3 passed; 1 failed\n";
        assert_eq!(tests_passed(printed), 42);
        assert_eq!(tests_passed("no tests to run!\n"), 0);
    }

    #[test]
    fn the_browser_is_named_in_the_options() {
        let options = include_str!("../../../tests/webdriver.json");
        let named = with_binary(options, Path::new("/usr/bin/chromium")).unwrap();
        assert!(
            named.contains("\"binary\": \"/usr/bin/chromium\",")
                && named.contains("--use-webgpu-adapter=swiftshader")
        );
        assert!(with_binary("{}", Path::new("/usr/bin/chromium")).is_err());
    }
}
