//! `cargo xtask checkpoint`: a checkpoint of full size with weights that anyone can recompute.

use crate::process::run;
use crate::toolbox::Toolbox;
use anyhow::{Context, Result, bail};
use std::path::PathBuf;

/// What the command line asks of `checkpoint`.
#[derive(Debug, PartialEq)]
struct Options {
    model: String,
    seed: u64,
    out: PathBuf,
}

/// Writes the checkpoint. `arguments` are MODEL, `--out DIR` and, for other weights, `--seed S`.
///
/// # Errors
/// On wrong arguments, or where the folder cannot be written.
pub fn checkpoint(toolbox: &Toolbox, arguments: &[String]) -> Result<()> {
    let Options { model, seed, out } = parse(arguments)?;
    let out = std::path::absolute(out)?;
    let mut writer = toolbox.cargo();
    writer.args([
        "run",
        "--quiet",
        "-p",
        "maskov-fixtures",
        "--bin",
        "checkpoint",
        "--",
        &model,
        &seed.to_string(),
    ]);
    run(writer.arg(&out))?;
    println!("The checkpoint is in {}: `maskov verify GOLDEN --model {}`", out.display(), out.display());
    Ok(())
}

fn parse(arguments: &[String]) -> Result<Options> {
    let (mut model, mut seed, mut out) = (None, 0, None);
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().with_context(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "--seed" => {
                let text = value()?;
                seed = text.parse().with_context(|| format!("--seed takes a whole number, not {text}"))?;
            }
            "--out" => out = Some(PathBuf::from(value()?)),
            option if option.starts_with('-') => {
                bail!("there is no option {option}; there are --seed and --out")
            }
            _ if model.is_some() => bail!("one model at a time, not {argument} too"),
            _ => model = Some(argument.clone()),
        }
    }
    let model = model.context("which model? For example `cargo xtask checkpoint sd21 --out target/sd21`")?;
    let out = out.context("where to? For example `--out target/sd21`")?;
    Ok(Options { model, seed, out })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(arguments: &str) -> Result<Options> {
        parse(&arguments.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn a_model_a_folder_and_perhaps_a_seed() {
        let options = |seed| Options { model: "sd21".into(), seed, out: "x".into() };
        assert_eq!(of("sd21 --out x").unwrap(), options(0));
        assert_eq!(of("--seed 7 --out x sd21").unwrap(), options(7));
    }

    #[test]
    fn what_is_missing_or_too_much_is_named() {
        for (arguments, word) in [
            ("", "which model"),
            ("sd21", "where to"),
            ("sd21 --out", "--out needs"),
            ("sd21 --seed seven --out x", "seven"),
            ("sd21 sd15 --out x", "sd15"),
            ("sd21 --ldm --out x", "--ldm"),
        ] {
            let error = of(arguments).unwrap_err().to_string();
            assert!(error.contains(word), "{arguments}: {error}");
        }
    }
}
