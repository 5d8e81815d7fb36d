//! The index as its users see it: open, write, ask. What it says of a run that has not told of its end is checked when it is
//! asked, so that a dead run is never shown as running, nor a live one as dead.

mod ask;
mod standing;

pub use ask::{Filter, Found};

use crate::error::HistoryError;
use crate::model::{Detail, JobRef, Run, RunState};
use crate::place::{self, Place};
use crate::record::{self, Told};
use crate::store::read::{self, Which};
use crate::store::{Outcome, Postgres, Sqlite, Store, jobs, transaction, write};
use crate::{sync, time};
use pypeline_disk::talk;
use pypeline_engine::job_folder::JobFolder;
use pypeline_engine::project::Project;
use pypeline_schema::run_result::RunResult;
use std::path::{Path, PathBuf};

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

    /// Opens the index; a damaged file is put aside as `<file>.broken-<n>` first, and an empty index takes its place. A file that
    /// is no index is left alone: the place may have been named by mistake.
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

    /// It is the file that the project at `root` has for itself.
    pub(crate) fn is_own_of(&self, root: &Path) -> bool {
        let file = self.place.as_ref().and_then(Place::file);
        file.is_some_and(|file| absolute(file) == absolute(&root.join(place::DEFAULT)))
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

/// A run's record is in its job folder.
fn has_record(run: &Run) -> bool {
    record::folder(&job_of_run(run), &run.run_id).is_dir()
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
    talk::rename(path, &aside)?;
    // What the damaged file had not taken in yet belongs to it, and would spoil the new one.
    for end in ["-wal", "-shm"] {
        let mut beside = aside.as_os_str().to_owned();
        beside.push(end);
        match talk::rename(&named(end), beside.as_ref()) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(aside)
}
