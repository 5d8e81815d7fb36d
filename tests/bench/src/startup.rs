//! What a run costs before any row moves: a job of two nodes that do nothing, beside the bare start of the binary.

use crate::{Result, project};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

const RUNS: usize = 20;

/// Milliseconds of each run.
pub struct Startup {
    /// `pype run` of the empty job.
    pub run_ms: Vec<f64>,
    /// `pype --version`.
    pub version_ms: Vec<f64>,
}

/// Builds the job and runs both commands in turn.
pub fn measure(scratch: &Path) -> Result<Startup> {
    let pype = project::binary()?;
    let job = project::build(&pype, &scratch.join("startup"), "startup", project::STARTUP_FLOW)?;
    let mut run = project::command(&pype);
    run.arg("run").arg(&job).args(["--log-level", "warn"]);
    let mut version = project::command(&pype);
    version.arg("--version");

    let mut startup = Startup { run_ms: Vec::with_capacity(RUNS), version_ms: Vec::with_capacity(RUNS) };
    milliseconds(&mut run)?;
    milliseconds(&mut version)?;
    for _ in 0..RUNS {
        startup.run_ms.push(milliseconds(&mut run)?);
        startup.version_ms.push(milliseconds(&mut version)?);
    }
    Ok(startup)
}

/// Not by `measure`: on times this short, its looks at the process would show.
fn milliseconds(command: &mut Command) -> Result<f64> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let start = Instant::now();
    let status = command.status()?;
    let elapsed = start.elapsed();
    if !status.success() {
        return Err(format!("{command:?}: {status}").into());
    }
    Ok(elapsed.as_secs_f64() * 1e3)
}
