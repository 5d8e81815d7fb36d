//! What a run costs before any row moves: a job of two nodes that do nothing, and the other contenders as they start.

use crate::works::Setting;
use crate::{Result, project, venv};
use std::process::{Command, Stdio};
use std::time::Instant;

const RUNS: usize = 20;

/// Milliseconds of each run, by what is run.
pub struct Startup {
    /// Names and times.
    pub times: Vec<(String, Vec<f64>)>,
}

impl Startup {
    /// Builds the job and runs all commands in turn.
    pub fn measure(setting: &Setting) -> Result<Self> {
        let pype = project::binary()?;
        let job = project::build(&pype, &setting.scratch.join("startup"), "startup", project::STARTUP_FLOW)?;
        let mut run = project::command(&pype);
        run.arg("run").arg(&job).args(["--log-level", "warn"]);
        let mut version = project::command(&pype);
        version.arg("--version");
        let mut commands = vec![("pype run, two noop_solo".to_owned(), run), ("pype --version".to_owned(), version)];
        for kind in &setting.kinds {
            let Some((package, import)) = kind.package() else { continue };
            if let Ok((python, _)) = venv::package(&setting.work, package) {
                let mut command = Command::new(python);
                command.args(["-c", import]);
                commands.push((format!("{}: {import}", kind.name()), command));
            }
        }
        let mut times: Vec<(String, Vec<f64>)> = Vec::new();
        for (name, command) in &mut commands {
            milliseconds(command)?;
            times.push((name.clone(), Vec::with_capacity(RUNS)));
        }
        for _ in 0..RUNS {
            for ((_, command), (_, times)) in commands.iter_mut().zip(&mut times) {
                times.push(milliseconds(command)?);
            }
        }
        Ok(Self { times })
    }
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
