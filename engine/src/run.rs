//! Job folder to rows: open, prepare, schedule, report. Needs the job folder and the plugins alone: no YAML, no registry.

mod execution;
pub mod checkpoint;
pub mod clean;
pub mod context;
mod dependencies;
pub mod dry_run;
mod error;
pub mod explain;
mod frames;
pub mod job;
mod keys;
mod last_words;
pub mod lineage;
pub mod observe;
mod prepare;
mod refused;
mod report;
mod resume;
mod templater;

use crate::artifacts::{self, Artifact, ArtifactStore, Policy};
use crate::executor::Executor;
use crate::job_folder::JobLock;
use crate::memory::{self, Budget};
use crate::project::Project;
use crate::secrets::{Vault, net};
pub use error::RunError;
use execution::pool::Pool;
use execution::workers::{self, Workers};
use execution::{Cancel, Parts, Shared, conduct};
use job::Job;
use observe::Observer;
use observe::journal::Journal;
use observe::line_writer::LineWriter;
use observe::logging;
use pypeline_schema::run_result::{RunResult, State};
use resume::Start;
pub use resume::{Called, OnChange, Resume};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::Duration;
pub use templater::{Content, Given, Problem};
use templater::{Identity, Keeper, Values};

/// What a run is given besides its job.
#[derive(Debug, Clone, Default)]
pub struct RunOptions {
    /// Name of the context whose file is used besides the default one.
    pub context: Option<String>,
    /// Context variables given on the command line.
    pub set: Vec<(String, Value)>,
    /// Threads for blocking work; above `PYPELINE_THREADS` and `settings.threads`.
    pub threads: Option<usize>,
    /// The same by a job that runs this one: what looks like a reference to a secret is data, unless it was written so.
    pub set_by_job: Vec<(String, Content)>,
    /// Parameters given on the command line.
    pub params: Vec<(String, Value)>,
    /// Context variables that another job hands over: taken where this one knows them.
    pub inherited: Vec<(String, Given)>,
    /// Fuse nodes that lower; off, each runs as a stage of its own.
    pub fuse: bool,
    /// Bytes that the run may take; above `settings.memory_limit`.
    pub memory_limit: Option<u64>,
    /// A file that takes the event log too; `-` is stdout.
    pub events: Option<PathBuf>,
    /// Go on with the newest run that did not come to its end.
    pub resume: Option<Resume>,
    /// Another job runs this one.
    pub called: Option<Called>,
}

/// Who works for a run and looks on.
pub struct Tools {
    /// Does the work of fused stages.
    pub executor: Arc<dyn Executor>,
    /// Where secrets are, if there is such a place.
    pub vault: Option<Arc<dyn Vault>>,
    /// Is told what happens.
    pub observer: Arc<dyn Observer>,
}

/// What a run takes from whoever runs it: the process, or another job.
struct Host {
    pool: Pool,
    workers: Arc<Workers>,
    /// Of the job around it.
    grace: Option<Duration>,
    store: Arc<ArtifactStore>,
    executor: Arc<dyn Executor>,
    keeper: Arc<Keeper>,
    /// Jobs around it.
    depth: u32,
    caller: Option<Cancel>,
}

/// What was stopped has so long to let go at the very end.
const LET_GO: Duration = Duration::from_millis(100);

/// Runs a job to its end. What happens inside the run, failures too, is in the result; an error means that nothing ran.
pub fn run(project: &Project, folder: &Path, options: &RunOptions, tools: Tools) -> Result<RunResult, RunError> {
    memory::look_ahead();
    let taken = Taken::take(project, folder)?;
    let job = &taken.job;
    let threads = threads_of(options, job);
    artifacts::remove_leftovers(&std::env::temp_dir());
    let settings = &job.metadata.settings;
    let budget = Budget::of(settings, options.memory_limit);
    let store = ArtifactStore::new(Policy::of(settings, budget), &std::env::temp_dir()).within(budget);
    let store = Arc::new(store);
    let runtime = workers::runtime(cores(), threads)?;
    if let Some(vault) = tools.vault.clone() {
        // It ends with the runtime.
        drop(runtime.spawn(async move { vault.keep_alive().await }));
    }
    let workers = Arc::new(Workers::new(runtime.handle().clone()));
    let host = Host {
        pool: Pool::new(runtime.handle().clone(), threads)?,
        workers: Arc::clone(&workers),
        grace: None,
        store: Arc::clone(&store),
        executor: tools.executor,
        keeper: Arc::new(Keeper::new(tools.vault, project.root())),
        depth: 0,
        caller: None,
    };
    let ended = run_opened(project, taken, options, host, tools.observer);
    let has_let_go = ended.as_ref().is_ok_and(|(result, _)| result.state == State::Succeeded) && !workers.has_lost();
    workers.close();
    if has_let_go {
        // Nothing is at work any more: threads need not be waited for.
        runtime.shutdown_background();
    } else {
        // What was stopped cleans up after itself. A module's work that was abandoned after its grace period does not hold the end of the run.
        runtime.shutdown_timeout(LET_GO);
    }
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
    run_opened(project, Taken::take(project, folder)?, options, host, observer)
}

/// A job that is held for a run.
struct Taken {
    job: Job,
    identity: Identity,
    lock: JobLock,
}

impl Taken {
    fn take(project: &Project, folder: &Path) -> Result<Self, RunError> {
        let (found, identity) = (job::find(folder)?, Identity::now());
        let lock = found.lock_for_run(&identity.id)?;
        last_words::tell_of_death(&found, lock.last_run());
        Ok(Self { job: Job::open(project, folder)?, identity, lock })
    }
}

fn run_opened(
    project: &Project,
    taken: Taken,
    options: &RunOptions,
    host: Host,
    observer: Arc<dyn Observer>,
) -> Result<(RunResult, Returned), RunError> {
    // The lock is held until everything is written.
    let Taken { job, identity, lock: _lock } = taken;
    let start = Start::find(&job, options)?;
    let options = &start.options(&job, options);
    let opened = host.pool.lanes().block_on(Values::open(&job, options, host.keeper, start.identity(identity.clone())));
    let opened = opened.and_then(|values| {
        let (checkpoints, dependencies) = start.open(&job, &values, options)?;
        Ok((values, checkpoints, dependencies))
    });
    let (values, checkpoints, dependencies) = match opened {
        Ok(opened) => opened,
        Err(error) => {
            refused::record(&job, identity, observer, &error);
            return Err(error);
        }
    };
    let journal = Journal::new(observer);
    let record = job.folder.runs().join(values.run_id());
    let is_recorded = journal.record_in(&record).inspect_err(|error| {
        tracing::warn!("the run's record cannot be written to `{}`: {error}", record.display());
    });
    // A log that cannot be opened is told of, and missed; it stays open until everything is said.
    let _log = is_recorded
        .is_ok()
        .then(|| logging::open_run_log(values.run_id(), &record))
        .map(|opened| opened.inspect_err(|error| tracing::warn!("the run's log cannot be written: {error}")));
    if let Some(path) = options.events.as_ref().filter(|_| host.depth == 0) {
        let writer: Box<dyn std::io::Write + Send> = if path.as_os_str() == "-" {
            Box::new(std::io::stdout())
        } else {
            Box::new(pypeline_disk::talk::create(path, 0o666)?)
        };
        journal.record_to(Box::new(LineWriter::new(writer)?));
    }
    if host.depth == 0 {
        tracing::debug!("{}", host.store.policy().in_words());
    }
    let control = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let parts = Parts {
        project: project.clone(),
        threads: threads_of(options, &job),
        job,
        options: options.clone(),
        values,
        checkpoints,
        dependencies,
        store: host.store,
        executor: host.executor,
        journal,
        pool: host.pool,
        workers: host.workers,
        timers: control.handle().clone(),
        grace: host.grace,
        depth: host.depth,
        caller: host.caller,
    };
    let shared = Shared::new(parts);
    shared.journal.watch(&shared.links);
    let told = is_recorded.is_ok().then(|| record.display().to_string());
    let mut result = control.block_on(conduct(&shared, told));
    result.resumes = shared.values.identity().resumes.as_ref().map(|(id, _)| id.clone());
    if result.state != State::Succeeded && shared.checkpoints.is_on() && host.depth == 0 {
        result.resume = Some(resume::command(&shared.job, &shared.options));
    }
    result.each_text(&mut net::mask_text);
    if is_recorded.is_ok()
        && let Err(error) = write_result(&record, &result)
    {
        tracing::warn!("the run's result cannot be written to `{}`: {error}", record.display());
    }
    shared.claims.sweep();
    shared.journal.close();
    let returned = std::mem::take(&mut *shared.returned.lock().unwrap_or_else(PoisonError::into_inner));
    Ok((result, returned))
}

/// Rows that a job gives to the one that runs it, by name.
type Returned = BTreeMap<String, Arc<Artifact>>;

#[allow(clippy::disallowed_methods)]
fn write_result(record: &Path, result: &RunResult) -> std::io::Result<()> {
    let text = serde_json::to_string_pretty(result).map_err(std::io::Error::from)? + "\n";
    pypeline_disk::replace(&record.join("result.json"), text.as_bytes(), 0o600, false)
}

/// Threads that may be asked for.
const MOST_THREADS: usize = 1024;

fn threads_of(options: &RunOptions, job: &Job) -> usize {
    let variable = std::env::var("PYPELINE_THREADS").ok();
    let is_number = |text: &String| text.trim().parse().is_ok_and(|threads| (1..=MOST_THREADS).contains(&threads));
    if options.threads.is_none() && variable.as_ref().is_some_and(|text| !text.trim().is_empty() && !is_number(text)) {
        tracing::warn!("PYPELINE_THREADS is no number from 1 to {MOST_THREADS}, and is passed over");
    }
    threads(options.threads, variable.as_deref(), job.metadata.settings.threads, cores())
}

/// Threads for blocking work, by who asked for them: the command line, else the environment, else the flow, else twice the cores.
fn threads(asked: Option<usize>, variable: Option<&str>, setting: Option<u32>, cores: usize) -> usize {
    let from_env = || variable?.trim().parse().ok().filter(|threads| (1..=MOST_THREADS).contains(threads));
    let from_flow = || usize::try_from(setting?).ok();
    asked.or_else(from_env).or_else(from_flow).unwrap_or(2 * cores).max(1)
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

#[cfg(test)]
mod tests {
    use super::threads;

    #[test]
    fn there_are_twice_as_many_threads_as_cores_where_nobody_asks() {
        assert_eq!([1, 3, 64].map(|cores| threads(None, None, None, cores)), [2, 6, 128]);
    }

    #[test]
    fn the_nearest_who_asks_for_threads_gets_them() {
        assert_eq!(threads(None, None, Some(5), 3), 5);
        assert_eq!(threads(None, Some("4"), Some(5), 3), 4);
        assert_eq!(threads(Some(7), Some("4"), Some(5), 3), 7);
        assert_eq!(threads(Some(0), None, None, 3), 1, "work needs one");
        assert_eq!(threads(None, Some("many"), Some(5), 3), 5, "what is no number asks for nothing");
    }
}
