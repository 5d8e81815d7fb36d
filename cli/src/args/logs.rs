//! What `pype logs` is asked for.

use clap::{Args, ValueEnum};
use pypeline_schema::log_line;

/// Which lines of which log.
#[derive(Debug, Args)]
pub struct LogsArgs {
    /// Id of a run or the beginning of one; or name or folder of a job, for its newest run
    #[arg(value_name = "RUN|JOB")]
    pub run: String,
    /// Go on until the run ends
    #[arg(short, long)]
    pub follow: bool,
    /// Only lines of this node, and of nodes whose names begin with it and a dot
    #[arg(long, value_name = "NODE")]
    pub node: Option<String>,
    /// Only lines that are as grave, or graver
    #[arg(long, value_enum, value_name = "LEVEL", ignore_case = true)]
    pub level: Option<Level>,
}

/// Levels of lines that are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Level {
    /// Failures
    Error,
    /// And oddities
    Warn,
    /// And what modules say
    Info,
    /// And what is for the curious
    Debug,
    /// Everything
    Trace,
}

impl Level {
    /// The same as lines have it.
    pub fn of_lines(self) -> log_line::LogLevel {
        match self {
            Self::Error => log_line::LogLevel::Error,
            Self::Warn => log_line::LogLevel::Warn,
            Self::Info => log_line::LogLevel::Info,
            Self::Debug => log_line::LogLevel::Debug,
            Self::Trace => log_line::LogLevel::Trace,
        }
    }
}
