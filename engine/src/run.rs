//! Job folder to rows: open, prepare, schedule, report. Needs the job folder and the plugins alone: no YAML, no registry.

mod execution;
pub mod explain;
mod frames;
pub mod job;
pub mod observe;
mod prepare;
mod report;
mod templater;

use crate::artifacts::{self, Artifact, ArtifactStore, Policy};
use crate::executor::Executor;
use crate::job_folder::LockError;
use crate::project::Project;
use execution::workers::{self, Workers};
use execution::{Cancel, Parts, Shared, conduct};
use job::{Job, JobError};
use observe::Observer;
use observe::journal::Journal;
use observe::line_writer::LineWriter;
use pypeline_schema::run_result::RunResult;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;

/// What a run is given besides its job.
#[derive(Debug, Clone, Default)]
pub struct RunOptions {
    /// Name of the context whose file is used besides the default one.
    pub context: Option<String>,
    /// Context variables given on the command line.
    pub set: Vec<(String, Value)>,
    /// Threads for blocking work; above `PYPELINE_THREADS` and `settings.threads`.
    pub threads: Option<usize>,
    /// Context variables that another job hands over: taken where this one knows them.
    pub inherited: Vec<(String, Value)>,
    /// Fuse nodes that lower; off, each runs as a stage of its own.
    pub fuse: bool,
    /// A file that takes the event log too; `-` is stdout.
    pub events: Option<PathBuf>,
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

/// What a run takes from whoever runs it: the process, or another job.
struct Host {
    runtime: Handle,
    workers: Arc<Workers>,
    /// Of the job around it.
    grace: Option<Duration>,
    store: Arc<ArtifactStore>,
    executor: Arc<dyn Executor>,
    /// Jobs around it.
    depth: u32,
    caller: Option<Cancel>,
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
    let threads = threads(options, &job);
    artifacts::remove_leftovers(&std::env::temp_dir());
    let store = Arc::new(ArtifactStore::new(Policy::of(&job.metadata.settings), &std::env::temp_dir()));
    let runtime = workers::runtime(cores(), threads)?;
    let workers = Arc::new(Workers::new(runtime.handle().clone()));
    let host = Host {
        runtime: runtime.handle().clone(),
        workers: Arc::clone(&workers),
        grace: None,
        store: Arc::clone(&store),
        executor,
        depth: 0,
        caller: None,
    };
    let ended = run_opened(project, job, options, host, observer);
    // A module's work that was abandoned after its grace period does not hold the end of the run.
    workers.close();
    runtime.shutdown_timeout(std::time::Duration::from_millis(100));
    store.close();
    ended.map(|(result, _)| result)
}

/// The same for a job that another runs, on the other's host; the rows that it returns too.
fn begin(
    project: &Project,
    folder: &Path,
    options: &RunOptions,
    host: Host,
    observer: Arc<dyn Observer>,
) -> Result<(RunResult, Returned), RunError> {
    run_opened(project, Job::open(project, folder)?, options, host, observer)
}

fn run_opened(
    project: &Project,
    job: Job,
    options: &RunOptions,
    host: Host,
    observer: Arc<dyn Observer>,
) -> Result<(RunResult, Returned), RunError> {
    let _lock = job.folder.lock("pype run")?;
    let values = templater::values(&job, options)?;
    let journal = Journal::new(observer);
    let record = job.folder.runs().join(values.run_id());
    let is_recorded = journal.record_in(&record).inspect_err(|error| {
        tracing::warn!("the run's record cannot be written to `{}`: {error}", record.display());
    });
    if let Some(path) = options.events.as_ref().filter(|_| host.depth == 0) {
        let writer: Box<dyn std::io::Write + Send> =
            if path.as_os_str() == "-" { Box::new(std::io::stdout()) } else { Box::new(std::fs::File::create(path)?) };
        journal.record_to(Box::new(LineWriter::new(writer)?));
    }
    let control = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let parts = Parts {
        project: project.clone(),
        threads: threads(options, &job),
        job,
        options: options.clone(),
        values,
        store: host.store,
        executor: host.executor,
        journal,
        runtime: host.runtime,
        workers: host.workers,
        timers: control.handle().clone(),
        grace: host.grace,
        depth: host.depth,
        caller: host.caller,
    };
    let shared = Shared::new(parts);
    shared.journal.watch(&shared.links);
    let told = is_recorded.is_ok().then(|| record.display().to_string());
    let result = control.block_on(conduct(&shared, told));
    if is_recorded.is_ok()
        && let Err(error) = write_result(&record, &result)
    {
        tracing::warn!("the run's result cannot be written to `{}`: {error}", record.display());
    }
    shared.journal.close();
    let returned = std::mem::take(&mut *shared.returned.lock().unwrap_or_else(PoisonError::into_inner));
    Ok((result, returned))
}

/// Rows that a job gives to the one that runs it, by name.
type Returned = BTreeMap<String, Arc<Artifact>>;

fn write_result(record: &Path, result: &RunResult) -> std::io::Result<()> {
    let text = serde_json::to_string_pretty(result).map_err(std::io::Error::from)?;
    std::fs::write(record.join("result.json"), text + "\n")
}

fn threads(options: &RunOptions, job: &Job) -> usize {
    let from_env = || std::env::var("PYPELINE_THREADS").ok()?.parse().ok();
    let from_flow = || usize::try_from(job.metadata.settings.threads?).ok();
    options.threads.or_else(from_env).or_else(from_flow).unwrap_or(2 * cores()).max(1)
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
