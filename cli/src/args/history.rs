//! The arguments of the commands that ask for past runs.

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use pypeline_history::{RunState, time};

/// Which runs to list.
#[derive(Debug, Args)]
pub struct RunsArgs {
    /// Only runs of this job: its name, or its job folder
    #[arg(value_name = "JOB")]
    pub job: Option<String>,
    /// Only runs in this state
    #[arg(long, value_name = "STATE", value_parser = states())]
    pub state: Option<RunState>,
    /// Not more than the newest of them
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub last: u32,
    /// Only runs that began then or later: 30m, 12h, 7d, 2w (ago) or 2026-11-01
    #[arg(long, value_name = "WHEN", value_parser = time::since)]
    pub since: Option<i64>,
    /// Read all records anew, and put a damaged history aside
    #[arg(long, conflicts_with_all = ["job", "state", "last", "since"])]
    pub rebuild: bool,
}

/// What to show.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// A run's id or the beginning of it, a job's name or its job folder; else all jobs
    #[arg(value_name = "RUN|JOB")]
    pub subject: Option<String>,
}

/// What to add up.
#[derive(Debug, Args)]
pub struct StatsArgs {
    /// The job: its name, or its job folder
    #[arg(value_name = "JOB")]
    pub job: String,
    /// How many of its last successful runs
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub last: u32,
}

fn states() -> impl TypedValueParser<Value = RunState> {
    let words = RunState::ALL.map(RunState::as_str);
    PossibleValuesParser::new(words).map(|word| RunState::of(&word).unwrap_or(RunState::Unknown))
}
