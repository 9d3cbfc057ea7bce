//! `maskov`: photo in, mask out, on the command line.

mod args;
mod bench;
mod caps;
mod configs;
mod eval;
mod files;
mod graph;
mod left_over;
mod model;
mod pack;
mod progress;
mod segment;
mod verify;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Click an object, get its mask: interactive segmentation by the attention of a diffusion model (M2N2).
#[derive(Parser)]
#[command(version, after_help = "Example:\n  maskov segment photo.jpg --point 320,200 --out mask.png")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Segment(segment::SegmentArgs),
    Verify(verify::VerifyArgs),
    Eval(eval::EvalArgs),
    Graph(graph::GraphArgs),
    Pack(pack::PackArgs),
    Caps(caps::CapsArgs),
    Bench(bench::BenchArgs),
}

/// Something that the command measured is beyond its bound.
const BEYOND_BOUND: u8 = 3;

fn main() -> ExitCode {
    end_quietly_when_nobody_reads();
    left_over::clear_when_stopped();
    let done = match Cli::parse().command {
        Command::Segment(args) => segment::run(args),
        Command::Verify(args) => match verify::run(args) {
            Ok(true) => Ok(()),
            Ok(false) => return ExitCode::from(BEYOND_BOUND),
            Err(error) => Err(error),
        },
        Command::Eval(args) => eval::run(args),
        Command::Graph(args) => graph::run(args),
        Command::Pack(args) => pack::run(args),
        Command::Caps(args) => caps::run(args),
        Command::Bench(args) => bench::run(args),
    };
    // A program that is being stopped has nothing more to say.
    let _held = left_over::hold();
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// `maskov graph CONFIG | head` closes our output early, on which printing panics: no error of anybody's.
fn end_quietly_when_nobody_reads() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if panic.payload_as_str().is_some_and(|message| message.starts_with("failed printing to stdout")) {
            left_over::clear_and_exit(0);
        }
        report(panic);
    }));
}
