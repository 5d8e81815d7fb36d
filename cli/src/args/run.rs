//! What a run is given: the job, its values, and where it tells what it does.

use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// What to run.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// The job folder
    #[arg(value_name = "JOB_FOLDER")]
    pub job: PathBuf,
    /// Its values.
    #[command(flatten)]
    pub values: ValueArgs,
    /// Go on with the newest run that did not come to its end: what has landed is not run again
    #[arg(long)]
    pub resume: bool,
    /// What to do if the flow, a plugin, a value or an input file has changed since that run began; without it, nothing is run
    #[arg(long, value_name = "HOW", requires = "resume")]
    pub on_change: Option<OnChangeArg>,
    /// Resume also a run that has brought down one process after another
    #[arg(long, requires = "resume")]
    pub force: bool,
    /// Threads for blocking work; else PYPELINE_THREADS, else `settings.threads`, else twice the cores
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Write the event log there too, one JSON object a line; `-` is stdout, in place of the result
    #[arg(long, value_name = "FILE")]
    pub events: Option<PathBuf>,
    /// Write the run in numbers there, as text for Prometheus, every 5 seconds and at its end
    #[arg(long, value_name = "FILE")]
    pub metrics_file: Option<PathBuf>,
    /// Where nobody looks at a terminal, log how far the run is every so many seconds; 0 for never
    #[arg(long, value_name = "SECONDS", default_value_t = 10.0, value_parser = seconds)]
    pub progress_every: f64,
    /// Show stages and their plans, and run nothing
    #[arg(long)]
    pub explain: bool,
    /// Run every node as a stage of its own
    #[arg(long)]
    pub no_fuse: bool,
    /// What the run may take, as `512MB` or `2GiB`; more is worked off in parts, on disk. Above `settings.memory_limit`
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub memory_limit: Option<u64>,
}

/// A size in bytes, large enough for any run.
fn size(text: &str) -> Result<u64, String> {
    let bytes = pypeline_engine::memory::bytes(text)?;
    if bytes < pypeline_engine::memory::LEAST {
        return Err("less than any run needs: 64MiB at least".to_owned());
    }
    Ok(bytes)
}

/// How a resumed run takes changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OnChangeArg {
    /// Run again what the change concerns, and all that hangs on it
    RerunAffected,
    /// Take what has landed as it is
    Accept,
}

/// Whose values to show.
#[derive(Debug, Args)]
pub struct ContextArgs {
    /// The job folder
    #[arg(value_name = "JOB_FOLDER")]
    pub job: PathBuf,
    /// Its values.
    #[command(flatten)]
    pub values: ValueArgs,
    /// Fetch every secret too, and say which are not to be had
    #[arg(long)]
    pub check: bool,
}

/// Values of context variables and parameters.
#[derive(Debug, Args)]
pub struct ValueArgs {
    /// Name of the context to use besides the default one
    #[arg(long, value_name = "NAME")]
    pub context: Option<String>,
    /// Set a context variable; above all other places
    #[arg(long, value_name = "NAME=VALUE", value_parser = assignment)]
    pub set: Vec<(String, String)>,
    /// Set a parameter
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = assignment)]
    pub param: Vec<(String, String)>,
    /// Set parameters by a JSON object; `--param` stands above it
    #[arg(long, value_name = "JSON", value_parser = object)]
    pub params: Option<serde_json::Map<String, serde_json::Value>>,
}

fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().to_owned(), value.to_owned())),
        _ => Err("write it as NAME=VALUE".to_owned()),
    }
}

fn object(text: &str) -> Result<serde_json::Map<String, serde_json::Value>, String> {
    serde_json::from_str(text).map_err(|error| format!("no JSON object: {error}"))
}

fn seconds(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|_| "give seconds, as 10 or 0.5".to_owned())?;
    if (0.0..=86_400.0).contains(&seconds) { Ok(seconds) } else { Err("give seconds from 0 to 86400".to_owned()) }
}
