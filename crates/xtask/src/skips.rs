//! Checks that were skipped: counted and named at the end of a run, and a failure where nobody has listed them.

use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::toolbox::built;

/// Where tests find [`Skips::file`]: `maskov_fixtures::SKIPS`.
const VARIABLE: &str = "MASKOV_SKIPS";

/// What the tests of a run have skipped.
pub struct Skips {
    file: PathBuf,
}

impl Skips {
    /// None yet.
    pub fn begin() -> Result<Self> {
        let file = built("skips.txt")?;
        std::fs::write(&file, "").with_context(|| file.display().to_string())?;
        Ok(Self { file })
    }

    /// Tells a command's tests where to say what they skip.
    pub fn collect(command: &mut Command) -> Result<()> {
        command.env(VARIABLE, std::path::absolute(built("skips.txt")?)?);
        Ok(())
    }

    /// Names them.
    ///
    /// # Errors
    /// Under `CI=true`, where one is not in `tests/skips.txt`.
    pub fn finish(self, root: &Path) -> Result<()> {
        let told = std::fs::read_to_string(&self.file).with_context(|| self.file.display().to_string())?;
        let listed = root.join("tests/skips.txt");
        let listed = std::fs::read_to_string(&listed).with_context(|| listed.display().to_string())?;
        let skips = read(&told, &listed);
        println!("  {} checks were skipped{}", skips.len(), if skips.is_empty() { "" } else { ":" });
        for Skip { test, absent, reason } in &skips {
            println!("    {test}: {absent} is absent ({})", reason.as_deref().unwrap_or("NOT LISTED"));
        }
        let is_ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
        if is_ci && skips.iter().any(|skip| skip.reason.is_none()) {
            bail!(
                "checks were skipped that tests/skips.txt does not list: bring their files, or list them with the reason"
            );
        }
        Ok(())
    }
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Skip {
    test: String,
    absent: String,
    reason: Option<String>,
}

/// What was told, each once, with the reasons of the list.
fn read(told: &str, listed: &str) -> Vec<Skip> {
    let entries =
        || listed.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('\t'));
    let reason =
        |absent: &str| entries().find(|(path, _)| *path == absent).map(|(_, reason)| reason.to_owned());
    let skip = |(test, absent): (&str, &str)| Skip {
        test: test.to_owned(),
        absent: absent.to_owned(),
        reason: reason(absent),
    };
    let mut skips: Vec<Skip> = told.lines().filter_map(|line| line.split_once('\t')).map(skip).collect();
    skips.sort();
    skips.dedup();
    skips
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skips_are_named_once_and_with_their_reasons() {
        let told = "b\t../shared/two\na\t../shared/one\nb\t../shared/two\n";
        let skips = read(told, "# a comment\t../shared/two\n../shared/one\tnot ours\n");
        let skip = |test: &str, absent: &str, reason: Option<&str>| Skip {
            test: test.to_owned(),
            absent: absent.to_owned(),
            reason: reason.map(str::to_owned),
        };
        assert_eq!(skips, [skip("a", "../shared/one", Some("not ours")), skip("b", "../shared/two", None)]);
        assert!(read("", "").is_empty());
    }
}
