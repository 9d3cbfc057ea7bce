//! `cargo xtask serve`: the app on this machine, rebuilt when a source changes.

use crate::process::run;
use crate::setup::{Purpose, ensure};
use crate::toolbox::{Toolbox, built};
use anyhow::{Context, Result, bail};
use std::io;
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

/// What the command line asks of `serve`.
#[derive(Debug, PartialEq, Eq)]
struct Options {
    open: bool,
    port: u16,
}

/// Builds the app in release, serves it on this machine alone and opens the browser.
///
/// # Errors
/// On wrong arguments, a tool that is missing, a port in use, or a failing build.
pub fn serve(toolbox: &Toolbox, arguments: &[String]) -> Result<()> {
    let options = parse(arguments)?;
    let port = options.port;
    if TcpListener::bind(("127.0.0.1", port)).is_err() {
        bail!("port {port} is in use; choose another: `cargo xtask serve --port {}`", other_port(port));
    }
    ensure(toolbox, Purpose::Build)?;
    println!("Building the app in release: a few minutes the first time, seconds after a change.");
    println!("It will be at http://127.0.0.1:{port}/ ; reload the page after a change; Ctrl-C ends it.");
    if options.open {
        std::thread::spawn(move || println!("{}", opened_once_served(port, |address| open::that(address))));
    }
    let mut trunk = toolbox.command("trunk");
    trunk.args(["serve", "--release", "--skip-version-check", "--port", &port.to_string()]);
    // It would call it an error where there is merely no browser.
    trunk.arg("--open=false");
    // Trunk's reloading script stands in the page itself, and the page allows no such scripts.
    trunk.arg("--no-autoreload");
    // Not into dist/: what is served while it is being rebuilt is not for hosts.
    trunk.arg("--dist").arg(built("served-site")?);
    run(&mut trunk).context("the app could not be served; what trunk said stands above")
}

/// Opens the app by `open` as soon as something listens on `port`, and returns what to say of it.
fn opened_once_served(port: u16, open: impl FnOnce(&str) -> io::Result<()>) -> String {
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        std::thread::sleep(Duration::from_millis(200));
    }
    let address = format!("http://127.0.0.1:{port}/");
    match open(&address) {
        Ok(()) => format!("The app is open in your browser: {address}"),
        Err(_) => {
            format!("The app is at {address} : open it in a browser; there is none here to open it in.")
        }
    }
}

fn parse(arguments: &[String]) -> Result<Options> {
    let mut options = Options { open: true, port: 8080 };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--no-open" => options.open = false,
            "--port" => {
                let value = rest.next().map(String::as_str).unwrap_or_default();
                options.port = value.parse().ok().filter(|port| *port > 0).with_context(|| {
                    format!(
                        "--port takes a number from 1 to 65535, for example --port 8081, but got {value:?}"
                    )
                })?;
            }
            other => bail!("`cargo xtask serve` knows --no-open and --port N, but got {other}"),
        }
    }
    Ok(options)
}

fn other_port(port: u16) -> u16 {
    port.checked_add(1).unwrap_or(8080)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Result<Options> {
        parse(&arguments.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    #[test]
    fn arguments_are_read() {
        assert_eq!(parsed(&[]).unwrap(), Options { open: true, port: 8080 });
        assert_eq!(parsed(&["--port", "9000", "--no-open"]).unwrap(), Options { open: false, port: 9000 });
    }

    #[test]
    fn wrong_arguments_are_errors_that_say_what_is_right() {
        for wrong in [&["--port"][..], &["--port", "0"], &["--port", "70000"], &["--port", "x"]] {
            assert!(parsed(wrong).unwrap_err().to_string().contains("1 to 65535"));
        }
        assert!(parsed(&["--fast"]).unwrap_err().to_string().contains("--no-open"));
    }

    #[test]
    fn without_a_browser_the_address_to_open_is_said() {
        let served = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = served.local_addr().unwrap().port();
        let address = format!("http://127.0.0.1:{port}/");
        let said = opened_once_served(port, |_| Err(io::Error::other("no browser")));
        assert!(said.contains(&address) && said.contains("open it in a browser"), "{said}");
        let said = opened_once_served(port, |asked| {
            assert_eq!(asked, address);
            Ok(())
        });
        assert!(said.contains("is open"), "{said}");
    }

    #[test]
    fn a_port_in_use_is_an_error_with_another() {
        let busy = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = busy.local_addr().unwrap().port().to_string();
        let toolbox = Toolbox { root: ".".into(), tools: ".".into() };
        let error = serve(&toolbox, &["--port".into(), port]).unwrap_err().to_string();
        assert!(error.contains("in use") && error.contains("--port"), "{error}");
    }
}
