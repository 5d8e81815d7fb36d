//! The `pype` binary with bugs planted on purpose, by which the tests of crashes prove that they see. Never installed.

use std::process::ExitCode;

fn main() -> ExitCode {
    pype_cli::main()
}
