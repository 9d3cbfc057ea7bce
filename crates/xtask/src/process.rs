//! Running other programs: what is run is shown, what it prints streams through, and a failure names the command.

use anyhow::{Context, Result, bail};
use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

/// The command as one would type it.
pub fn shown(command: &Command) -> String {
    let quoted = |part: &OsStr| {
        let part = part.to_string_lossy();
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:@,+%~".contains(c);
        if !part.is_empty() && part.chars().all(plain) { part.into_owned() } else { format!("'{part}'") }
    };
    std::iter::once(command.get_program()).chain(command.get_args()).map(quoted).collect::<Vec<_>>().join(" ")
}

/// Runs `command` with its output on ours.
///
/// # Errors
/// When it cannot be started or exits with anything but 0; the message holds the command.
pub fn run(command: &mut Command) -> Result<()> {
    let line = shown(command);
    println!("$ {line}");
    let status = command.status().with_context(|| format!("`{line}` could not be started"))?;
    if !status.success() {
        bail!("`{line}` failed ({status})");
    }
    Ok(())
}

/// Runs `command` as [`run`] does and also returns what it printed to its standard output.
///
/// # Errors
/// As [`run`].
pub fn run_and_read(command: &mut Command) -> Result<String> {
    let line = shown(command);
    println!("$ {line}");
    let mut child =
        command.stdout(Stdio::piped()).spawn().with_context(|| format!("`{line}` could not be started"))?;
    let mut printed = String::new();
    if let Some(stdout) = child.stdout.take() {
        let mut reader = BufReader::new(stdout);
        let mut bytes = Vec::new();
        while reader.read_until(b'\n', &mut bytes)? > 0 {
            let text = String::from_utf8_lossy(&bytes);
            print!("{text}");
            printed.push_str(&text);
            bytes.clear();
        }
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("`{line}` failed ({status})");
    }
    Ok(printed)
}

/// What `command` prints, trimmed; `None` when it cannot be started or fails.
pub fn text_of(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_shown_as_typed() {
        let mut command = Command::new("cargo");
        command.args(["test", "--", "two words", ""]);
        assert_eq!(shown(&command), "cargo test -- 'two words' ''");
    }

    #[cfg(unix)]
    #[test]
    fn a_failing_command_is_an_error_that_names_it() {
        let error = run(Command::new("sh").args(["-c", "exit 3"])).unwrap_err();
        assert!(error.to_string().contains("sh -c 'exit 3'"), "{error}");
        assert!(run_and_read(Command::new("sh").args(["-c", "echo seen; exit 3"])).is_err());
    }

    #[test]
    fn a_missing_program_is_an_error_that_names_it() {
        let error = run(&mut Command::new("no-such-program-of-maskov")).unwrap_err();
        assert!(error.to_string().contains("no-such-program-of-maskov"), "{error}");
        assert_eq!(text_of(&mut Command::new("no-such-program-of-maskov")), None);
    }

    #[cfg(unix)]
    #[test]
    fn what_was_printed_is_returned() {
        let printed = run_and_read(Command::new("sh").args(["-c", "echo one; echo two"])).unwrap();
        assert_eq!(printed, "one\ntwo\n");
    }
}
