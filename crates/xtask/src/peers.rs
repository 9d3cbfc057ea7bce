//! `cargo xtask peers`: the network of the embedded model in Maskov and in other runtimes, in one browser.

use crate::looks::on_the_site;
use crate::process::run;
use crate::setup::Purpose;
use crate::toolbox::Toolbox;
use anyhow::{Result, bail};

const BACKENDS: [&str; 2] = ["wasm", "webgpu"];
const RESOLUTIONS: [&str; 2] = ["32", "48"];

/// Prints a Markdown table of what the network takes in Maskov and in onnxruntime-web. `arguments` name backends and
/// resolutions R; without any of a kind all of it are measured.
///
/// # Errors
/// When a word is neither, the site or the exporter does not build, or the maps differ.
pub fn peers(toolbox: &Toolbox, arguments: &[String]) -> Result<()> {
    let cells = cells(arguments)?;
    let mut node = on_the_site(toolbox, Purpose::Peers, &toolbox.root.join("benches/peers/peers.mjs"))?;
    // Below the repository's root, wherever cargo builds: the workers fetch it from there.
    let mut exporter = toolbox.cargo();
    exporter.args(["run", "--quiet", "-p", "maskov-benches", "--bin", "export-onnx", "--", "target/peers"]);
    run(exporter.args(&cells.resolutions))?;
    run(node.args(cells.backends).args(cells.resolutions))
}

#[derive(Debug, PartialEq)]
struct Cells {
    backends: Vec<String>,
    resolutions: Vec<String>,
}

fn cells(arguments: &[String]) -> Result<Cells> {
    let is_number = |argument: &&String| argument.parse::<usize>().is_ok();
    let (resolutions, backends): (Vec<_>, Vec<_>) = arguments.iter().partition(is_number);
    if let Some(other) = backends.iter().find(|backend| !BACKENDS.contains(&backend.as_str())) {
        bail!(
            "there is no backend {other}; there are {}, and numbers are resolutions R",
            BACKENDS.join(" and ")
        );
    }
    let or_all = |given: Vec<&String>, all: &[&str]| match given.is_empty() {
        true => all.iter().map(ToString::to_string).collect(),
        false => given.into_iter().cloned().collect(),
    };
    Ok(Cells { backends: or_all(backends, &BACKENDS), resolutions: or_all(resolutions, &RESOLUTIONS) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(arguments: &[&str]) -> Result<Cells> {
        cells(&arguments.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    #[test]
    fn what_is_not_named_is_measured_in_full() {
        let all = of(&[]).unwrap();
        assert_eq!(
            (&*all.backends, &*all.resolutions),
            (&BACKENDS.map(String::from)[..], &RESOLUTIONS.map(String::from)[..])
        );
        assert_eq!(of(&["16"]).unwrap(), Cells { resolutions: vec!["16".into()], ..all });
        let one = of(&["48", "wasm"]).unwrap();
        assert_eq!(one, Cells { backends: vec!["wasm".into()], resolutions: vec!["48".into()] });
    }

    #[test]
    fn an_unknown_backend_is_an_error_that_lists_them() {
        let error = of(&["wasm", "webgl"]).unwrap_err().to_string();
        assert!(error.contains("webgl") && error.contains("webgpu"), "{error}");
    }
}
