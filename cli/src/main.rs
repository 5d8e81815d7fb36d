//! The `pype` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    pype_cli::main()
}
