//! The index as its users see it: open, write, ask. What it says of a run that has not told of its end is checked when it is
//! asked, so that a dead run is never shown as running, nor a live one as dead.

use crate::error::HistoryError;
use crate::model::{Detail, JobLine, JobRef, Run, RunState};
use crate::place::Place;
use crate::record::{self, Live, Reading, Told};
use crate::stats::{self, Expected, Stats};
use crate::store::read::{self, Known, Which};
use crate::store::{Outcome, Postgres, Sqlite, Store, jobs, transaction, write};
use crate::{sync, time};
use pypeline_engine::job_folder::JobFolder;
use pypeline_engine::project::Project;
use pypeline_schema::run_result::{FailureResult, RunResult};
use std::path::{Path, PathBuf};

/// Runs that a job's share of successes is of.
const RECENT: usize = 20;

/// Successful runs that say what is usual.
const USUAL: usize = 10;

/// The index of runs.
pub struct History {
    pub(crate) store: Box<dyn Store>,
    /// None for an index in memory.
    place: Option<Place>,
    /// The index is this machine's own, and so are all its runs.
    pub(crate) is_local: bool,
    /// The name of this machine.
    pub(crate) host: String,
}

/// A run that has begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunBegin {
    /// Its id.
    pub run_id: String,
    /// The flow's name.
    pub job: String,
    /// Its job folder.
    pub job_folder: PathBuf,
    /// The root of its project.
    pub project: PathBuf,
    /// RFC 3339, UTC.
    pub started_at: String,
    /// Fingerprint of the built flow.
    pub fingerprint: String,
}

/// Which runs are asked for: all that is given must be so.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of this job.
    pub job: Option<JobRef>,
    /// In this state.
    pub state: Option<RunState>,
    /// Began then or later, in seconds since 1970.
    pub since: Option<i64>,
    /// Not more than these.
    pub limit: usize,
}

/// What comes of looking for a run by the beginning of its id.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// Exactly one.
    One(Box<Detail>),
    /// Several; the ids of the first of them.
    Several(Vec<String>),
    /// None.
    Nothing,
}

impl History {
    /// Opens the index. A file that is not there yet is an empty index; it is made when something is first written.
    ///
    /// It takes at most 3 seconds to find out that a server does not answer.
    pub fn open(place: &Place) -> Result<Self, HistoryError> {
        let shown = place.to_string();
        let (store, is_local): (Box<dyn Store>, bool) = match place {
            Place::Off => return Err(HistoryError::Off),
            Place::File(path) => (Box::new(Sqlite::at(path, shown)?), true),
            Place::Server(server) => (Box::new(Postgres::connect(server, shown)?), false),
        };
        Ok(Self { store, place: Some(place.clone()), is_local, host: host() })
    }

    /// An index that is made anew from the records, and gone with the process: for questions where no other is to be had.
    pub fn in_memory() -> Result<Self, HistoryError> {
        Ok(Self { store: Box::new(Sqlite::in_memory()?), place: None, is_local: true, host: host() })
    }

    /// Opens the index; a damaged file is put aside as `<file>.broken-<n>` first, and an empty index takes its place.
    /// With the index comes the new name of the damaged file.
    pub fn renew(place: &Place) -> Result<(Self, Option<PathBuf>), HistoryError> {
        let error = match Self::open(place).and_then(|mut history| history.check().map(|()| history)) {
            Ok(history) => return Ok((history, None)),
            Err(error @ HistoryError::Corrupt { .. }) => error,
            Err(error) => return Err(error),
        };
        let Some(path) = place.file() else { return Err(error) };
        let aside = put_aside(path)
            .map_err(|error| HistoryError::Refused { place: place.to_string(), why: error.to_string() })?;
        Ok((Self::open(place)?, Some(aside)))
    }

    /// Reads a little of every table.
    fn check(&mut self) -> Outcome<()> {
        let store = &mut *self.store;
        jobs::all(store)?;
        jobs::scans(store, "")?;
        let newest = read::runs(store, &Which::default(), 100)?;
        let keys: Vec<i64> = newest.iter().map(|known| known.key).collect();
        read::links_of(store, &keys)?;
        read::nodes_of(store, &keys)?;
        read::sub_flows_of(store, &keys).map(|_| ())
    }

    /// Where it is, for people; no password is in it.
    pub fn place(&self) -> String {
        self.place.as_ref().map_or_else(|| "in memory".to_owned(), Place::to_string)
    }

    /// A run of this process has begun. Repeating it changes nothing.
    pub fn begin(&mut self, begin: &RunBegin) -> Result<(), HistoryError> {
        let folder = absolute(&begin.job_folder);
        let job = JobRef { key: 0, name: begin.job.clone(), folder, project: begin.project.clone() };
        let mut run = record::blank(&job, &begin.run_id, RunState::Running);
        run.started_at.clone_from(&begin.started_at);
        run.fingerprint = Some(begin.fingerprint.clone());
        run.pid = Some(std::process::id());
        run.host = Some(self.host.clone());
        transaction(&mut *self.store, |store| {
            let key = jobs::ensure(store, &job.name, &job.folder, &job.project)?;
            write::begin(store, key, &run)
        })
    }

    /// A run has ended so. Repeating it changes nothing.
    pub fn record(&mut self, job: &JobFolder, result: &RunResult) -> Result<(), HistoryError> {
        let job = self.job_of(job)?;
        let begun = Told::begin_of(&record::folder(&job, &result.run_id));
        let mut detail = record::of_result(&job, &result.run_id, result, &begun);
        detail.run.has_record = result.record.is_some();
        self.put(&job, detail)
    }

    /// Reads a run's record into the index. Warnings about what is broken in it are given back.
    ///
    /// A record without an end is that of a run that goes on, if it still holds its job's lock; else of one that died.
    pub fn index(&mut self, job: &JobFolder, run_id: &str) -> Result<Vec<String>, HistoryError> {
        let job = self.job_of(job)?;
        let mut warnings = Vec::new();
        sync::index(self, &job, run_id, None, &mut warnings)?;
        Ok(warnings)
    }

    pub(crate) fn put(&mut self, job: &JobRef, mut detail: Detail) -> Outcome<()> {
        detail.run.host = Some(self.host.clone());
        transaction(&mut *self.store, |store| {
            let key = jobs::ensure(store, &job.name, &job.folder, &job.project)?;
            write::put(store, key, &detail)
        })
    }

    /// The job of a folder, as the index knows it or will.
    fn job_of(&mut self, job: &JobFolder) -> Outcome<JobRef> {
        let folder = absolute(job.path());
        if let Some(known) = jobs::at(&mut *self.store, &folder)?.filter(|known| known.name == job.name()) {
            return Ok(known);
        }
        let project = Project::locate_job(None, &folder).root().to_path_buf();
        Ok(JobRef { key: 0, name: job.name().to_owned(), folder, project })
    }

    /// The jobs that the index knows by this name, or by this path of a job folder.
    pub fn jobs_named(&mut self, name_or_path: &str) -> Result<Vec<JobRef>, HistoryError> {
        let path = Path::new(name_or_path);
        // A bare name is a path too, where such a folder is in the working folder.
        if let Some(job) = jobs::at(&mut *self.store, &absolute(path))? {
            return Ok(vec![job]);
        }
        jobs::named(&mut *self.store, name_or_path)
    }

    /// All jobs that the index knows, by name.
    pub fn all_jobs(&mut self) -> Result<Vec<JobRef>, HistoryError> {
        jobs::all(&mut *self.store)
    }

    /// Runs, newest first.
    pub fn runs(&mut self, filter: &Filter) -> Result<Vec<Run>, HistoryError> {
        sync::settle(self, &mut Vec::new())?;
        let job_key = filter.job.as_ref().map(|job| job.key);
        // One that goes on elsewhere is kept as running, and shown as unknown.
        let kept = filter.state.map(|state| if state == RunState::Unknown { RunState::Running } else { state });
        let which = Which { job_key, state: kept, since: filter.since };
        let found = read::runs(&mut *self.store, &which, filter.limit)?;
        let runs = found.into_iter().map(|known| self.shown(known));
        Ok(runs.filter(|run| filter.state.is_none_or(|state| run.state == state)).collect())
    }

    /// The run whose id begins so.
    pub fn run(&mut self, id: &str) -> Result<Found, HistoryError> {
        sync::settle(self, &mut Vec::new())?;
        let mut found = read::beginning(&mut *self.store, id, RECENT)?;
        if let Some(at) = found.iter().position(|known| known.run.run_id == id) {
            found = vec![found.swap_remove(at)];
        }
        match (found.len(), found.pop()) {
            (1, Some(known)) => Ok(Found::One(Box::new(self.detail(known)?))),
            (_, Some(last)) => {
                Ok(Found::Several(found.into_iter().chain([last]).map(|known| known.run.run_id).collect()))
            }
            (_, None) => Ok(Found::Nothing),
        }
    }

    /// A job's latest run.
    pub fn latest(&mut self, job: &JobRef) -> Result<Option<Detail>, HistoryError> {
        sync::settle(self, &mut Vec::new())?;
        let which = Which { job_key: Some(job.key), ..Which::default() };
        let found = read::runs(&mut *self.store, &which, 1)?.pop();
        found.map(|known| self.detail(known)).transpose()
    }

    fn detail(&mut self, known: Known) -> Outcome<Detail> {
        let store = &mut *self.store;
        let sub_flows = read::sub_flows(store, known.key)?;
        let nodes = read::nodes(store, known.key)?;
        let links = read::links(store, known.key)?;
        Ok(Detail { run: self.shown(known), sub_flows, nodes, links })
    }

    /// A line per job: its last run, and how many of its last 20 succeeded.
    pub fn jobs(&mut self) -> Result<Vec<JobLine>, HistoryError> {
        sync::settle(self, &mut Vec::new())?;
        let mut lines = Vec::new();
        for job in jobs::all(&mut *self.store)? {
            let which = Which { job_key: Some(job.key), ..Which::default() };
            let last = read::runs(&mut *self.store, &which, 1)?.pop().map(|known| self.shown(known));
            let states = read::states(&mut *self.store, job.key, RECENT)?;
            let count = |is: fn(&RunState) -> bool| states.iter().filter(|state| is(state)).count() as u64;
            let ended = count(|state| *state != RunState::Running);
            let succeeded = count(|state| *state == RunState::Succeeded);
            lines.push(JobLine { job, last, ended, succeeded });
        }
        Ok(lines)
    }

    /// A job's last `n` successful runs over time.
    pub fn stats(&mut self, job: &JobRef, n: usize) -> Result<Stats, HistoryError> {
        let (runs, keys) = self.successful(job, n)?;
        let links = read::links_of(&mut *self.store, &keys)?;
        let nodes = read::nodes_of(&mut *self.store, &keys)?;
        let with_parts = runs.into_iter().rev().map(|known| {
            let parts = (of_run(known.key, &links), of_run(known.key, &nodes));
            (known.run, parts)
        });
        Ok(stats::stats(job.clone(), with_parts.collect()))
    }

    /// What a job's next run will probably take.
    pub fn expected(&mut self, job: &JobRef) -> Result<Expected, HistoryError> {
        let (runs, keys) = self.successful(job, USUAL)?;
        let links = read::links_of(&mut *self.store, &keys)?;
        let nodes = read::nodes_of(&mut *self.store, &keys)?;
        let sub_flows = read::sub_flows_of(&mut *self.store, &keys)?;
        let with_parts = runs.into_iter().map(|known| {
            let parts = (of_run(known.key, &links), of_run(known.key, &nodes));
            (known.run.seconds, parts, of_run(known.key, &sub_flows))
        });
        Ok(stats::expected(&with_parts.collect::<Vec<_>>()))
    }

    fn successful(&mut self, job: &JobRef, n: usize) -> Outcome<(Vec<Known>, Vec<i64>)> {
        let which = Which { job_key: Some(job.key), state: Some(RunState::Succeeded), since: None };
        let runs = read::runs(&mut *self.store, &which, n)?;
        let keys = runs.iter().map(|known| known.key).collect();
        Ok((runs, keys))
    }

    /// All failures of a run, from its record; none if the record is not here.
    pub fn failures(&self, run: &Run) -> Vec<FailureResult> {
        record::failures(&job_of_run(run), &run.run_id)
    }

    /// What a run that goes on does now, from its record.
    pub fn live(&mut self, run: &Run) -> Result<(Detail, Live), HistoryError> {
        let job = job_of_run(run);
        let expected = match jobs::at(&mut *self.store, &job.folder)? {
            Some(known) => self.expected(&known)?,
            None => Expected::default(),
        };
        let (mut detail, live) = record::live(&job, &run.run_id, &expected, &mut Vec::new());
        (detail.run.pid, detail.run.host) = (run.pid, run.host.clone());
        Ok((detail, live))
    }

    /// A run as it may be shown. The index could not be brought up to date if it says "running" of one that is not.
    fn shown(&self, known: Known) -> Run {
        let mut run = known.run;
        if run.state == RunState::Running {
            run.state = match sync::judge(self, &run) {
                sync::Verdict::Live => RunState::Running,
                sync::Verdict::Elsewhere => RunState::Unknown,
                sync::Verdict::Over => match record::read(&job_of_run(&run), &run.run_id, &mut Vec::new()) {
                    Reading::Ended(detail) => detail.run.state,
                    Reading::Open(_) => RunState::Died,
                },
            };
        }
        run
    }

    /// Brings the index up to date with the records of a project's jobs, and of all other jobs that it knows. Cheap where
    /// nothing has changed: a look at one folder per job.
    pub fn sync(&mut self, project: &Project) -> Result<sync::Synced, HistoryError> {
        sync::sync(self, project, time::now())
    }

    /// Brings the index up to date with one job's records, wherever its folder is.
    pub fn sync_job(&mut self, project: &Project, job_folder: &Path) -> Result<sync::Synced, HistoryError> {
        sync::sync_job(self, project, job_folder, time::now())
    }

    /// The same as [`sync`](Self::sync), but reads every record anew. Runs whose records are gone stay.
    pub fn rebuild(&mut self, project: &Project) -> Result<sync::Synced, HistoryError> {
        sync::rebuild(self, project, time::now())
    }
}

/// The job that a run names.
pub(crate) fn job_of_run(run: &Run) -> JobRef {
    JobRef { key: 0, name: run.job.clone(), folder: run.job_folder.clone(), project: run.project.clone() }
}

fn of_run<T: Clone>(key: i64, parts: &[(i64, T)]) -> Vec<T> {
    // They come in the order of their runs' keys.
    let from = parts.partition_point(|(of, _)| *of < key);
    parts.iter().skip(from).take_while(|(of, _)| *of == key).map(|(_, part)| part.clone()).collect()
}

/// A folder by the one name that all its names lead to.
pub(crate) fn absolute(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_path_buf())
}

fn host() -> String {
    sysinfo::System::host_name().unwrap_or_else(|| "localhost".to_owned())
}

fn put_aside(path: &Path) -> std::io::Result<PathBuf> {
    let named = |end: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        PathBuf::from(name)
    };
    let free = (1_u32..).map(|n| named(&format!(".broken-{n}"))).find(|name| !name.exists());
    let aside = free.ok_or(std::io::ErrorKind::AlreadyExists)?;
    std::fs::rename(path, &aside)?;
    // What the damaged file had not taken in yet belongs to it, and would spoil the new one.
    for end in ["-wal", "-shm"] {
        let mut beside = aside.as_os_str().to_owned();
        beside.push(end);
        match std::fs::rename(named(end), beside) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(aside)
}
