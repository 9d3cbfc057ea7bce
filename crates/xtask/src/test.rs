//! `cargo xtask test`: everything that CI runs, cheapest first, ending at the first failure.

use crate::setup::{Purpose, ensure};
use crate::skips::Skips;
use crate::toolbox::Toolbox;
use crate::{dist, steps};
use anyhow::{Result, bail};
use std::time::Instant;

struct Step {
    name: &'static str,
    what: &'static str,
    fix: &'static str,
    run: fn(&Toolbox) -> Result<()>,
}

const STEPS: [Step; 9] = [
    Step { name: "fmt", what: "the layout of the code", fix: "Run `cargo fmt`.", run: steps::fmt },
    Step {
        name: "clippy",
        what: "warnings, native and wasm",
        fix: "Mend what clippy named above; `cargo clippy --fix` does some of it.",
        run: steps::clippy,
    },
    Step {
        name: "doc",
        what: "the documentation builds",
        fix: "Mend the doc comments named above.",
        run: steps::doc,
    },
    Step {
        name: "native",
        what: "all tests, kernels on a software Vulkan driver",
        fix: "Repeat one by `cargo test -p CRATE NAME`.",
        run: steps::native,
    },
    Step {
        name: "browser",
        what: "kernels and golden files in headless Chromium",
        fix: "Repeat it by `cargo xtask test browser`.",
        run: steps::browser,
    },
    Step {
        name: "dist",
        what: "the site builds and is whole",
        fix: "Repeat it by `cargo xtask dist`.",
        run: dist::dist,
    },
    Step {
        name: "types",
        what: "the types of the built site's scripts",
        fix: "Mend in web/ what tsc named above in dist/, and repeat it by `cargo xtask dist && cargo xtask test types`.",
        run: steps::types,
    },
    Step {
        name: "cli",
        what: "the command line that the page is compared with",
        fix: "Repeat it by `cargo build -p maskov-cli`.",
        run: steps::cli,
    },
    Step {
        name: "e2e",
        what: "the built site in Chromium, its main loop in Firefox and WebKit, too",
        fix: "Repeat it by `cargo xtask test e2e` (after `cargo xtask dist`).",
        run: steps::e2e,
    },
];

/// Runs the steps named in `arguments`, or all; prints what each took.
///
/// # Errors
/// At the first step that fails, with what to do about it.
pub fn test(toolbox: &Toolbox, arguments: &[String]) -> Result<()> {
    let steps = chosen(arguments)?;
    let start = Instant::now();
    ensure(toolbox, Purpose::Test)?;
    let mut rows = vec![row("setup", "ok", start)];
    let skips = Skips::begin()?;
    let mut failure = None;
    for step in &steps {
        if failure.is_some() {
            rows.push(format!("  {:<8} {:>9}  not run", step.name, ""));
            continue;
        }
        println!("\n== {}: {}", step.name, step.what);
        let start = Instant::now();
        failure = (step.run)(toolbox).err().map(|error| (step, error));
        rows.push(row(step.name, if failure.is_none() { "ok" } else { "FAILED" }, start));
    }
    println!("\n{}", rows.join("\n"));
    println!("{}", row("all", if failure.is_none() { "ok" } else { "FAILED" }, start));
    match failure {
        Some((step, error)) => Err(error.context(format!("step {} failed. {}", step.name, step.fix))),
        None => skips.finish(&toolbox.root),
    }
}

fn row(name: &str, outcome: &str, start: Instant) -> String {
    format!("  {name:<8} {:>7.1} s  {outcome}", start.elapsed().as_secs_f64())
}

fn chosen(arguments: &[String]) -> Result<Vec<&'static Step>> {
    if let Some(unknown) = arguments.iter().find(|name| STEPS.iter().all(|step| step.name != **name)) {
        let names = STEPS.map(|step| step.name).join(", ");
        bail!("there is no step {unknown}; the steps are {names}");
    }
    let wanted = |step: &&Step| arguments.is_empty() || arguments.iter().any(|name| name == step.name);
    Ok(STEPS.iter().filter(wanted).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(arguments: &[&str]) -> Result<Vec<&'static str>> {
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        Ok(chosen(&arguments)?.iter().map(|step| step.name).collect())
    }

    #[test]
    fn no_names_mean_every_step_and_names_keep_the_order() {
        assert_eq!(names(&[]).unwrap().len(), STEPS.len());
        assert_eq!(names(&["e2e", "fmt"]).unwrap(), ["fmt", "e2e"]);
    }

    #[test]
    fn an_unknown_step_is_an_error_that_lists_the_steps() {
        let error = names(&["fmt", "speed"]).unwrap_err().to_string();
        assert!(error.contains("speed") && error.contains("browser"), "{error}");
    }
}
