//! Who takes part, and the command by which each does a work.

use crate::measure::Sample;
use crate::outputs::Output;
use crate::project;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

/// A contender's name on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// A built job
    Pype,
    /// The same job by another binary, where one is named
    #[value(skip)]
    Other,
    /// This program's own Polars
    Hand,
    /// Polars for Python, the newest
    Wheel,
    /// Polars for Python, of the release whose streaming engine is nearly the crate's
    Twin,
    /// DuckDB for Python
    Duckdb,
    /// pandas
    Pandas,
}

impl Kind {
    /// All, in the order of the first round.
    pub const ALL: [Self; 7] =
        [Self::Pype, Self::Other, Self::Hand, Self::Wheel, Self::Twin, Self::Duckdb, Self::Pandas];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pype => "pype",
            Self::Other => "other",
            Self::Hand => "hand",
            Self::Wheel => "wheel",
            Self::Twin => "twin",
            Self::Duckdb => "duckdb",
            Self::Pandas => "pandas",
        }
    }

    /// The Python package that it is, and what to import for it.
    pub fn package(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Pype | Self::Other | Self::Hand => None,
            Self::Wheel => Some(("polars", "import polars")),
            // The streaming engine of the crate 0.55.2 differs from this one's in some sixty lines, from that of 1.44 in more than a thousand.
            Self::Twin => Some(("polars==1.43.2", "import polars")),
            Self::Duckdb => Some(("duckdb", "import duckdb")),
            Self::Pandas => Some(("pandas", "import pandas, pyarrow.parquet")),
        }
    }

    /// Whose script it runs.
    pub fn script(self) -> Self {
        if self == Self::Twin { Self::Wheel } else { self }
    }

    /// It is built from this workspace: where it cannot be measured, something is broken.
    pub fn is_ours(self) -> bool {
        matches!(self, Self::Pype | Self::Other | Self::Hand)
    }
}

/// One that takes part in a race.
pub struct Contender {
    /// Its name in this race.
    pub name: String,
    /// Which one.
    pub kind: Kind,
    /// Its command and version, or why it cannot be measured.
    pub program: std::result::Result<Program, String>,
    /// The folder of its outputs, which is emptied before each run.
    pub folder: PathBuf,
    /// What it writes there.
    pub outputs: Vec<Output>,
    /// What it writes to stderr.
    pub log: PathBuf,
    /// The measured rounds.
    pub samples: Vec<Sample>,
    /// Size of its last outputs.
    pub output_bytes: u64,
}

/// A command that can be started again and again.
pub struct Program {
    /// Versions, for the report.
    pub version: String,
    /// The program.
    pub executable: PathBuf,
    /// What it is told.
    pub arguments: Vec<OsString>,
}

impl Program {
    /// The command, anew for each run.
    pub fn command(&self) -> Command {
        // Through `project` for everybody: the variable that it removes means nothing to the others.
        let mut command = project::command(&self.executable);
        command.args(&self.arguments);
        command
    }
}
