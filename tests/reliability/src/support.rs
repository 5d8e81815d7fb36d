//! What every test needs: a project that is ready to run, copies of it that may be broken, the binary run in them with
//! faults, and what it has left.

pub mod attempt;
pub mod log;
pub mod process;
pub mod seed;
pub mod tally;
pub mod template;
pub mod tree;
pub mod trial;
pub mod workers;

use std::path::PathBuf;

/// What a look at something says: nothing, or what is wrong with it.
pub type Check = Result<(), String>;

/// Where `cargo xtask test` says that a thing is.
pub fn place(variable: &str) -> PathBuf {
    match std::env::var_os(variable).filter(|value| !value.is_empty()) {
        Some(path) => PathBuf::from(path),
        None => panic!("{variable} is not set: run `cargo xtask test`"),
    }
}

/// The binary that is looked at, and the bug that is planted in it.
#[derive(Debug, Clone)]
pub struct Pype {
    /// The program.
    pub binary: PathBuf,
    /// The name of the bug.
    pub bug: Option<String>,
}

impl Pype {
    /// The binary that users get.
    pub fn released() -> Self {
        Self { binary: place("PYPE_BIN"), bug: None }
    }

    /// The binary in which bugs can be switched on, with one of them, or none.
    pub fn planted(bug: Option<&str>) -> Self {
        Self { binary: place("PYPE_PLANTED_BIN"), bug: bug.map(str::to_owned) }
    }
}
