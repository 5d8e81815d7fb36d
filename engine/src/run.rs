//! Job folder to rows: open, prepare, schedule, report. Needs the job folder and the plugins alone: no YAML, no registry.

mod execution;
pub mod explain;
pub mod job;
pub mod observe;
mod prepare;
mod report;
mod templater;

use crate::artifacts::{self, ArtifactStore, Policy};
use crate::executor::Executor;
use crate::job_folder::LockError;
use crate::project::Project;
use execution::Driver;
use job::{Job, JobError};
use observe::Observer;
use pypeline_schema::run_result::RunResult;
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;

/// What a run is given besides its job.
#[derive(Debug, Clone, Default)]
pub struct RunOptions {
    /// Name of the context whose file is used besides the default one.
    pub context: Option<String>,
    /// Context variables given on the command line.
    pub set: Vec<(String, Value)>,
    /// Threads for blocking work; above `PYPELINE_THREADS` and `settings.threads`.
    pub threads: Option<usize>,
    /// Fuse nodes that lower; off, each runs as a stage of its own.
    pub fuse: bool,
}

/// Why a run did not begin.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The job folder cannot be used.
    #[error(transparent)]
    Job(#[from] JobError),
    /// Another run or build holds the job.
    #[error(transparent)]
    Locked(#[from] LockError),
    /// Context variables or parameters without a value, all of them.
    #[error("{} needed and given nowhere: {}", .kind, .names.join(", "))]
    Missing {
        /// What they are.
        kind: &'static str,
        /// Their names.
        names: Vec<String>,
    },
    /// Variables given on the command line that nothing knows, all of them.
    #[error("--set names what no context file, no declaration and no template knows: {}", .0.join(", "))]
    UnknownSet(Vec<String>),
    /// A variable given by the environment or the command line that is not of its declared type. The value may be a secret.
    #[error("the value given for context variable `{0}` is not of its declared type")]
    WrongType(String),
    /// A context file cannot be used.
    #[error("context file `{path}`: {why}")]
    Context {
        /// The file.
        path: String,
        /// Why.
        why: String,
    },
    /// The system refused threads or signals.
    #[error("the run cannot be set up: {0}")]
    System(#[from] std::io::Error),
}

/// Runs a job to its end. What happens inside the run, failures too, is in the result; an error means that nothing ran.
pub fn run(
    project: &Project,
    folder: &Path,
    options: &RunOptions,
    executor: Arc<dyn Executor>,
    observer: Arc<dyn Observer>,
) -> Result<RunResult, RunError> {
    let job = Job::open(project, folder)?;
    let _lock = job.folder.lock("pype run")?;
    let values = templater::values(&job, options)?;
    artifacts::remove_leftovers(&std::env::temp_dir());
    let store = Arc::new(ArtifactStore::new(Policy::of(&job.metadata.settings), &std::env::temp_dir()));
    let threads = threads(options, &job);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        // Two at least: a module that computes for long must not keep timers and signals waiting.
        .worker_threads(cores().min(threads).max(2))
        .max_blocking_threads(threads)
        .thread_name("pype")
        .enable_all()
        .build()?;
    let driver =
        Driver::new(project.clone(), job, values, store, executor, observer, options.fuse, runtime.handle().clone());
    let result = runtime.block_on(driver.run());
    // A module's blocking work that was abandoned after its grace period does not hold the end of the run.
    runtime.shutdown_timeout(std::time::Duration::from_millis(100));
    Ok(result)
}

fn threads(options: &RunOptions, job: &Job) -> usize {
    let from_env = || std::env::var("PYPELINE_THREADS").ok()?.parse().ok();
    let from_flow = || usize::try_from(job.metadata.settings.threads?).ok();
    options.threads.or_else(from_env).or_else(from_flow).unwrap_or(2 * cores()).max(1)
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
