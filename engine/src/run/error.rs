//! Why a run did not begin, and the exit code that says so.

use super::job::JobError;
use super::templater::Problem;
use crate::job_folder::LockError;
use crate::secrets::SecretError;
use pypeline_schema::fault::Fault;
use std::path::PathBuf;

/// Why a run did not begin.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The job folder cannot be used.
    #[error(transparent)]
    Job(#[from] JobError),
    /// Another run or build holds the job.
    #[error(transparent)]
    Locked(#[from] LockError),
    /// Values that are missing, wrong or unknown, all of them.
    #[error("{}", lines("the run has not begun: its values are not complete", .0))]
    Values(Vec<Problem>),
    /// Secrets that are not to be had, all of them.
    #[error("{}", lines("the run has not begun: not all of its secrets are to be had", .0.iter().map(with_help)))]
    Secrets(Vec<SecretError>),
    /// There is no run that did not come to its end.
    #[error("nothing to resume: every run of this job has come to its end, or kept no checkpoints")]
    NothingToResume,
    /// What the unfinished run was given is no longer so.
    #[error("{}", changed(.run, .changes, .affected))]
    Changed {
        /// Id of the run.
        run: String,
        /// A line for each change.
        changes: Vec<String>,
        /// Sub flows that they concern.
        affected: Vec<String>,
    },
    /// The run has brought down one process after another.
    #[error(
        "run {run} has brought down {deaths} processes one after another without getting anywhere{}; look at what it does, \
         or go on all the same with `--force`",
        working(.at_work)
    )]
    CrashLoop {
        /// Id of the run.
        run: String,
        /// How many.
        deaths: u64,
        /// Sub flows that were at work, with their plugins.
        at_work: Vec<String>,
    },
    /// Some records of the unfinished run are damaged, and may be of what is not to be done twice.
    #[error(
        "{damaged} of the records of run {run} in `{}` are damaged, and {} may have been done already: going on may do it twice; look \
         what is there, and go on by `--force`, or run the job anew",
        .path.display(), working_on(.nodes)
    )]
    Damaged {
        /// Id of the run.
        run: String,
        /// Their journal.
        path: PathBuf,
        /// How many.
        damaged: u64,
        /// Nodes whose effect may be repeated.
        nodes: Vec<String>,
    },
    /// The checkpoints of the unfinished run cannot be used.
    #[error("the checkpoints in `{}` cannot be used: {why}; run the job anew, with its values, and remove them by `pype clean`", .path.display())]
    Unreadable {
        /// Their folder.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The checkpoints cannot be read.
    #[error("cannot read the checkpoints in `{}`: {source}", .path.display())]
    Checkpoints {
        /// Their folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The disk refuses what every run has to write.
    #[error("the run has not begun: {0}")]
    Disk(Box<Fault>),
    /// The system refused threads or signals.
    #[error("the run cannot be set up: {0}")]
    System(#[from] std::io::Error),
}

impl RunError {
    /// Exit code of `pype run`.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Values(problems) if problems.iter().all(Problem::is_usage) => 2,
            Self::NothingToResume => 0,
            Self::Job(_) | Self::Values(_) | Self::Changed { .. } | Self::Unreadable { .. } | Self::Damaged { .. } => 3,
            Self::Locked(LockError::Unsafe { .. }) => 3,
            Self::Locked(LockError::Held { .. }) => 4,
            Self::CrashLoop { .. } | Self::Checkpoints { .. } | Self::Disk(_) => 1,
            Self::Secrets(_) | Self::System(_) | Self::Locked(LockError::Io { .. }) => 1,
        }
    }
}

fn lines(title: &str, found: impl IntoIterator<Item = impl std::fmt::Display>) -> String {
    let lines: Vec<String> = found.into_iter().map(|one| format!("\n  - {one}")).collect();
    format!("{title}:{}", lines.concat())
}

fn changed(run: &str, changes: &[String], affected: &[String]) -> String {
    let affected = match affected {
        [] => "no sub flow".to_owned(),
        some => some.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
    };
    let title = format!("since run {run} began, this has changed");
    format!(
        "{}\n`--on-change rerun-affected` goes on and runs again what that concerns ({affected}); `--on-change accept` takes \
         what has landed as it is",
        lines(&title, changes)
    )
}

fn working_on(nodes: &[String]) -> String {
    let nodes: Vec<String> = nodes.iter().map(|node| format!("`{node}`")).collect();
    format!("what {} does", nodes.join(", "))
}

fn working(at_work: &[String]) -> String {
    if at_work.is_empty() { String::new() } else { format!(", with {} at work", at_work.join(", ")) }
}

pub(super) fn with_help(error: &SecretError) -> String {
    match &error.help {
        Some(help) => format!("{error}; {help}"),
        None => error.to_string(),
    }
}
