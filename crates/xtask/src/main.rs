//! `cargo xtask`: everything that a fresh machine needs to build, try and test Maskov.
//!
//! `serve` and `test` are the two commands of the README. Both begin by installing what is missing.

mod checkpoint;
mod dist;
mod looks;
mod peers;
mod process;
mod requirements;
mod serve;
mod setup;
mod site_check;
mod skips;
mod steps;
mod test;
mod toolbox;

use anyhow::{Result, bail};
use std::process::ExitCode;
use toolbox::Toolbox;

const HELP: &str = "\
Build, try and test Maskov. Every command first installs what it needs and says so.

Usage: cargo xtask <COMMAND>

Commands:
  serve    build the app in release, serve it and open the browser
  test     run everything that CI runs, cheapest first; with names, only those steps
  dist     write the site to dist/: plain files with relative URLs, for any static host
  shots    write a picture of every state of the page to target/shots; with names, only of those
  measure  print what the page weighs and how long one waits
  hour     open 40 photos, hover and click on each for about half an hour, and print what memory the page holds
  peers    print how long the network takes here and in onnxruntime-web; with backends or resolutions, only those
  checkpoint
           write a checkpoint of full size whose weights anyone can recompute, to verify against golden numbers
  setup    only install what the other commands need
  help     print this

Examples:
  cargo xtask serve
  cargo xtask serve --no-open --port 8081
  cargo xtask test
  cargo xtask test fmt clippy
  cargo xtask dist && python3 -m http.server --directory dist
  cargo xtask shots
  cargo xtask shots export device-lost
  cargo xtask measure
  cargo xtask hour
  cargo xtask hour --photos 8 --previews 50 --clicks 16 --device gpu
  cargo xtask peers
  cargo xtask peers wasm 32
  cargo xtask checkpoint sd21 --seed 0 --out target/sd21
  cargo xtask setup

Tools that are installed go to ~/.cache/maskov/tools (MASKOV_TOOLS names another folder); a tool of the right
version on PATH is used as it is. MASKOV_CHROMIUM, CHROMEDRIVER and MASKOV_FIREFOX name other browsers.
";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error}");
            error.chain().skip(1).for_each(|cause| eprintln!("because: {cause}"));
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) = match arguments.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("help", &[][..]),
    };
    if rest.iter().any(|argument| argument == "--help" || argument == "-h") {
        print!("{HELP}");
        return Ok(());
    }
    match command {
        "serve" => serve::serve(&Toolbox::find()?, rest),
        "test" => test::test(&Toolbox::find()?, rest),
        "dist" => {
            expect_no_arguments("dist", rest)?;
            let toolbox = Toolbox::find()?;
            setup::ensure(&toolbox, setup::Purpose::Build)?;
            dist::dist(&toolbox)
        }
        "shots" => looks::shots(&Toolbox::find()?, rest),
        "measure" => {
            expect_no_arguments("measure", rest)?;
            looks::measure(&Toolbox::find()?)
        }
        "hour" => looks::hour(&Toolbox::find()?, rest),
        "peers" => peers::peers(&Toolbox::find()?, rest),
        "checkpoint" => checkpoint::checkpoint(&Toolbox::find()?, rest),
        "setup" => {
            expect_no_arguments("setup", rest)?;
            setup::ensure(&Toolbox::find()?, setup::Purpose::Test)
        }
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            Ok(())
        }
        other => bail!("there is no command {other}; `cargo xtask help` lists them"),
    }
}

fn expect_no_arguments(command: &str, rest: &[String]) -> Result<()> {
    match rest.first() {
        Some(argument) => bail!("`cargo xtask {command}` takes no arguments, but got {argument}"),
        None => Ok(()),
    }
}
