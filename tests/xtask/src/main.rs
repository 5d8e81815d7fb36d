//! The project's own commands, `cargo xtask <command>`: what would else be a shell script or a page of instructions.
//!
//! In reading order: [`commands`] says what each command does, [`steps`] runs one program, [`places`] knows the folders.

#![allow(clippy::disallowed_methods)] // What it writes is built anew.

mod commands;
mod places;
mod steps;

use places::Places;
use std::ffi::OsString;
use std::process::ExitCode;
use steps::Failed;

const USAGE: &str = "\
Usage: cargo xtask <command>

  demo                 build pype and run a small job with it; the place to begin
  setup [--portable]   build pype and its plugins, tuned for CPUs of 2013 and later; --portable for any x86-64
  test [-- <args>]     setup, then all tests; <args> go to `cargo test`
  nightly [-- <args>]  setup, then the long part of the tests of reliability; <args> go to the test program
  check                formatting and lints
  bench [<args>]       setup, then the benchmark; `cargo xtask bench --help` lists its options";

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    let command = args.next().unwrap_or_default();
    let args: Vec<OsString> = args.collect();
    match run(&command.to_string_lossy(), &args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failed { message, code }) => {
            eprintln!("{message}");
            ExitCode::from(code)
        }
    }
}

fn run(command: &str, args: &[OsString]) -> Result<(), Failed> {
    let places = Places::find()?;
    match (command, args) {
        ("demo", []) => commands::demo::run(&places),
        ("setup", []) => commands::setup::tuned(&places),
        ("setup", [flag]) if flag == "--portable" => commands::setup::portable(&places),
        ("test", []) => commands::test::run(&places, &[]),
        ("test", [dashes, args @ ..]) if dashes == "--" => commands::test::run(&places, args),
        ("nightly", []) => commands::nightly::run(&places, &[]),
        ("nightly", [dashes, args @ ..]) if dashes == "--" => commands::nightly::run(&places, args),
        ("check", []) => commands::check::run(&places),
        ("bench", args) => commands::bench::run(&places, args),
        _ => Err(Failed { message: USAGE.to_owned(), code: 2 }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_shows_the_usage() {
        for (command, args) in [("", vec![]), ("dance", vec![]), ("demo", vec!["--fast"]), ("setup", vec!["--tuned"])] {
            let args: Vec<OsString> = args.into_iter().map(OsString::from).collect();
            let failed = run(command, &args).unwrap_err();
            assert_eq!(failed.code, 2);
            assert!(failed.message.starts_with("Usage:"));
        }
    }
}
