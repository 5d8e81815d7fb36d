//! Catching up with the records: what is there and not in the index is read; what was running is looked after.
//!
//! A job's folder of records is listed only if it has changed since this machine last looked. Of the names that were there then,
//! a number made of all of them tells whether they still are, so that 100,000 old records cost a listing and no questions.

mod look;
mod moved;
mod verdict;

pub(crate) use verdict::{Verdict, index, judge};

use crate::history::{History, absolute, job_of_run};
use crate::model::{JobRef, RunState};
use crate::record;
use crate::store::jobs::Scan;
use crate::store::read::{self, Which};
use crate::store::{Outcome, bulk, jobs, write};
use look::look;
use pypeline_engine::project::Project;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use verdict::{examine, keep};

/// Runs that are looked after because they have not told of their end.
const OPEN: usize = 10_000;

/// What catching up came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Synced {
    /// Jobs whose records were looked at.
    pub jobs: usize,
    /// Records that were read.
    pub indexed: usize,
    /// Runs whose records are gone since the last time.
    pub gone: usize,
    /// What is broken, in a sentence each.
    pub warnings: Vec<String>,
}

/// One catching up.
struct Round<'a> {
    history: &'a mut History,
    /// The root of the project that it is for.
    root: PathBuf,
    /// Seconds since 1970.
    now: f64,
    /// Every record is read.
    anew: bool,
    /// Jobs that have become others.
    dropped: BTreeSet<i64>,
    synced: Synced,
}

impl<'a> Round<'a> {
    fn new(history: &'a mut History, project: &Project, now: f64, anew: bool) -> Self {
        let root = absolute(project.root());
        Self { history, root, now, anew, dropped: BTreeSet::new(), synced: Synced::default() }
    }

    /// Whose eyes see the folders: in an index of several machines, each has its own.
    fn seer(&self) -> String {
        seer(self.history)
    }

    /// A run of this machine, whose record is gone if it is not here.
    fn is_ours(&self, host: Option<&str>) -> bool {
        self.history.is_local || host == Some(&self.history.host)
    }

    fn end(mut self) -> Outcome<Synced> {
        settle(self.history, &mut self.synced.warnings)?;
        Ok(self.synced)
    }
}

/// Looks after the runs that have not told of their end. Where the index cannot be written, it stays as it is.
pub(crate) fn settle(history: &mut History, warnings: &mut Vec<String>) -> Outcome<()> {
    let running = Which { state: Some(RunState::Running), ..Which::default() };
    let open = read::runs(&mut *history.store, &running, OPEN)?;
    let mut over = Vec::new();
    for known in open {
        if judge(history, &known.run) == Verdict::Over {
            let job = job_of_run(&known.run);
            let has_record = record::folder(&job, &known.run.run_id).is_dir();
            let examined = has_record.then(|| examine(&job, &known.run.run_id, known.run.pid, warnings));
            over.push((known, examined));
        }
    }
    if over.is_empty() {
        return Ok(());
    }
    let host = history.host.clone();
    let written = bulk(&mut *history.store, |store| {
        for (known, examined) in over {
            match examined {
                Some(examined) => keep(store, known.job_key, examined, &host)?,
                None => write::set_died(store, known.key)?,
            }
        }
        Ok(())
    });
    if let Err(error) = written {
        warnings.push(error.to_string());
    }
    Ok(())
}

/// Brings the index up to date.
pub(crate) fn sync(history: &mut History, project: &Project, now: f64) -> Outcome<Synced> {
    catch_up(history, project, now, false)
}

/// Brings the index up to date with one job.
pub(crate) fn sync_job(history: &mut History, project: &Project, folder: &Path, now: f64) -> Outcome<Synced> {
    let folder = absolute(folder);
    let known = jobs::at(&mut *history.store, &folder)?;
    let new = || Some(JobRef { key: 0, name: job_name(&folder)?, folder, project: project.root().to_path_buf() });
    let Some(job) = known.or_else(new) else { return Ok(Synced::default()) };
    let mut round = Round::new(history, project, now, false);
    let seer = round.seer();
    let scans = jobs::scans(&mut *round.history.store, &seer)?;
    let scan = scans.iter().find(|(key, _)| *key == job.key).map(|(_, scan)| scan);
    look(&mut round, &job, scan)?;
    round.end()
}

/// The same as [`sync`], but reads every record.
pub(crate) fn rebuild(history: &mut History, project: &Project, now: f64) -> Outcome<Synced> {
    let seer = seer(history);
    bulk(&mut *history.store, |store| jobs::forget_scans(store, &seer))?;
    catch_up(history, project, now, true)
}

/// Whose eyes see the folders: in an index of several machines, each has its own.
fn seer(history: &History) -> String {
    if history.is_local { String::new() } else { history.host.clone() }
}

fn catch_up(history: &mut History, project: &Project, now: f64, anew: bool) -> Outcome<Synced> {
    let known = jobs::all(&mut *history.store)?;
    let mut round = Round::new(history, project, now, anew);
    let seer = round.seer();
    let scans: BTreeMap<i64, Scan> = jobs::scans(&mut *round.history.store, &seer)?.into_iter().collect();
    let folders: BTreeSet<PathBuf> = known.iter().map(|job| job.folder.clone()).collect();
    let new = built(project).into_iter().filter(|job| !folders.contains(&job.folder));
    // What is there comes first: it may be what is gone elsewhere.
    let (there, gone): (Vec<JobRef>, Vec<JobRef>) =
        known.iter().cloned().chain(new).partition(|job| job.folder.join("runs").is_dir());
    for job in there.iter().chain(&gone) {
        look(&mut round, job, scans.get(&job.key))?;
    }
    round.end()
}

/// The jobs in a project's folder of jobs.
fn built(project: &Project) -> Vec<JobRef> {
    let entries = std::fs::read_dir(project.jobs()).into_iter().flatten().flatten();
    let folders = entries.map(|entry| entry.path()).filter(|path| path.join("runs").is_dir());
    let job = |folder: PathBuf| {
        let folder = absolute(&folder);
        let name = job_name(&folder)?;
        Some(JobRef { key: 0, name, folder, project: project.root().to_path_buf() })
    };
    let mut jobs: Vec<JobRef> = folders.filter_map(job).collect();
    jobs.sort_by(|a, b| a.folder.cmp(&b.folder));
    jobs
}

/// The job whose files are in a folder; where they are gone, the folder's own name.
fn job_name(folder: &Path) -> Option<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let built = names.filter_map(|name| name.strip_suffix("_dag.json").map(str::to_owned)).min();
    built.or_else(|| folder.file_name()?.to_str().map(str::to_owned))
}
