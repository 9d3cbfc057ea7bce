//! Installs what is missing: look first, say what comes and how long it takes, install, look again.

use crate::requirements::{self, Requirement};
use crate::toolbox::Toolbox;
use anyhow::{Context, Result, bail};
use std::time::Instant;

/// What the machine is being prepared for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Building the site.
    Build,
    /// Building the site and running every test.
    Test,
    /// That, and measuring other runtimes beside it.
    Peers,
}

/// Makes sure that everything for `purpose` is there.
///
/// # Errors
/// At the first thing that is missing and cannot be installed; the message says what to do.
pub fn ensure(toolbox: &Toolbox, purpose: Purpose) -> Result<()> {
    let building = requirements::for_building().into_iter();
    let testing = if purpose == Purpose::Build { Vec::new() } else { requirements::for_testing() };
    let measuring = if purpose == Purpose::Peers { requirements::for_peers() } else { Vec::new() };
    println!("What is needed on this machine:");
    let all = building.chain(testing).chain(measuring);
    let (compiled, others): (Vec<_>, Vec<_>) = all.partition(|one| one.is_compiled);
    // Beside each other: a download leaves the cores idle, and a build its second one at its end.
    std::thread::scope(|scope| {
        let compiling =
            compiled.iter().map(|one| scope.spawn(|| ensure_one(toolbox, one))).collect::<Vec<_>>();
        let mut all = others.iter().try_for_each(|one| ensure_one(toolbox, one));
        for one in compiling {
            all = all.and(one.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        all
    })?;
    println!();
    Ok(())
}

fn ensure_one(toolbox: &Toolbox, requirement: &Requirement) -> Result<()> {
    let name = &requirement.name;
    if let Some(found) = (requirement.find)(toolbox) {
        println!("  {name}: {found}");
        return Ok(());
    }
    println!("  {name}: missing; it is needed {}. Installing it, {}.", requirement.why, requirement.takes);
    let start = Instant::now();
    (requirement.install)(toolbox)
        .with_context(|| format!("{name} could not be installed. {}", requirement.by_hand))?;
    match (requirement.find)(toolbox) {
        Some(found) => {
            println!("  {name}: {found}, installed in {:.0} s", start.elapsed().as_secs_f64());
            Ok(())
        }
        None => bail!("{name} is still missing after it was installed. {}", requirement.by_hand),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn requirement(find: fn(&Toolbox) -> Option<String>, install: fn(&Toolbox) -> Result<()>) -> Requirement {
        Requirement {
            name: "a thing".into(),
            why: "to test".into(),
            takes: "at once".into(),
            by_hand: "Run `get thing`.".into(),
            find,
            install,
            is_compiled: false,
        }
    }

    fn toolbox() -> Toolbox {
        Toolbox { root: PathBuf::from("."), tools: PathBuf::from("tools") }
    }

    #[test]
    fn what_is_there_is_not_installed_again() {
        let there = requirement(|_| Some("1.0".into()), |_| bail!("must not be called"));
        ensure_one(&toolbox(), &there).unwrap();
    }

    #[test]
    fn what_cannot_be_installed_is_an_error_with_the_command() {
        let missing = requirement(|_| None, |_| bail!("no network"));
        let error = format!("{:#}", ensure_one(&toolbox(), &missing).unwrap_err());
        assert!(error.contains("get thing") && error.contains("no network"), "{error}");
    }

    #[test]
    fn an_installation_that_brought_nothing_is_an_error() {
        let missing = requirement(|_| None, |_| Ok(()));
        let error = format!("{:#}", ensure_one(&toolbox(), &missing).unwrap_err());
        assert!(error.contains("still missing"), "{error}");
    }
}
