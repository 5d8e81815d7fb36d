//! Who takes part, and the command by which each does the work.

use crate::data::Input;
use crate::measure::Sample;
use crate::{Result, project, venv};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

const WHEEL: &str = "\
import sys, polars as pl
pl.scan_csv(sys.argv[1]).filter(pl.col('age') > 18).sink_parquet(sys.argv[2])
";

// COPY takes no parameters for its target, hence the quoting.
const DUCKDB: &str = r#"
import sys, duckdb
source, target = ("'" + path.replace("'", "''") + "'" for path in sys.argv[1:3])
duckdb.execute(f"COPY (SELECT * FROM read_csv({source}) WHERE age > 18) TO {target} (FORMAT parquet, COMPRESSION zstd)")
"#;

/// A contender's name on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// A built job
    Pype,
    /// This program's own Polars
    Hand,
    /// Polars for Python
    Wheel,
    /// DuckDB for Python
    Duckdb,
}

impl Kind {
    /// All, in the order of the first round.
    pub const ALL: [Self; 4] = [Self::Pype, Self::Hand, Self::Wheel, Self::Duckdb];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pype => "pype",
            Self::Hand => "hand",
            Self::Wheel => "wheel",
            Self::Duckdb => "duckdb",
        }
    }

    /// It is built from this workspace: where it cannot be measured, something is broken.
    pub fn is_ours(self) -> bool {
        matches!(self, Self::Pype | Self::Hand)
    }
}

/// One that takes part.
pub struct Contender {
    /// Which one.
    pub kind: Kind,
    /// Its command and version, or why it cannot be measured.
    pub program: std::result::Result<Program, String>,
    /// The Parquet file that it writes.
    pub output: PathBuf,
    /// What it writes to stderr.
    pub log: PathBuf,
    /// The measured rounds.
    pub samples: Vec<Sample>,
    /// Size of its last output.
    pub output_bytes: u64,
}

/// A command that can be started again and again.
pub struct Program {
    /// Versions, for the report.
    pub version: String,
    executable: PathBuf,
    arguments: Vec<OsString>,
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

/// Makes everything ready that is not part of the work.
pub fn prepare(kinds: &[Kind], work: &Path, scratch: &Path, input: &Input) -> Vec<Contender> {
    let contender = |kind: &Kind| {
        let file = |extension: &str| scratch.join(format!("{}.{extension}", kind.name()));
        let output = file("parquet");
        let program = program(*kind, work, scratch, &input.path, &output).map_err(|error| error.to_string());
        Contender { kind: *kind, program, output, log: file("log"), samples: Vec::new(), output_bytes: 0 }
    };
    kinds.iter().map(contender).collect()
}

fn program(kind: Kind, work: &Path, scratch: &Path, input: &Path, output: &Path) -> Result<Program> {
    let paths = [input.as_os_str().to_owned(), output.as_os_str().to_owned()];
    match kind {
        Kind::Pype => {
            let executable = project::binary()?;
            let flow = project::bench_flow(input, output)?;
            let job = project::build(&executable, &scratch.join("project"), "bench", &flow)?;
            let mut arguments = vec![OsString::from("run"), job.into_os_string()];
            arguments.extend(["--log-level", "warn"].map(OsString::from));
            Ok(Program { version: project::version(&executable)?, executable, arguments })
        }
        Kind::Hand => {
            let arguments = std::iter::once(OsString::from("hand")).chain(paths).collect();
            let version = format!("polars crate {}", polars::VERSION);
            Ok(Program { version, executable: std::env::current_exe()?, arguments })
        }
        Kind::Wheel => python(work, "polars", WHEEL, paths),
        Kind::Duckdb => python(work, "duckdb", DUCKDB, paths),
    }
}

fn python(work: &Path, package: &str, script: &str, paths: [OsString; 2]) -> Result<Program> {
    let (executable, version) = venv::package(work, package)?;
    let arguments = ["-c", script].map(OsString::from).into_iter().chain(paths).collect();
    Ok(Program { version: format!("{package} {version} for Python"), executable, arguments })
}
