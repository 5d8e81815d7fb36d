//! The `pype` binary: a file of its own, since the same program is built with planted bugs too.

use std::process::ExitCode;

fn main() -> ExitCode {
    pype_cli::main()
}
