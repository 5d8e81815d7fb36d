//! What a record says of its run: ended, going on, or dead.

use crate::history::History;
use crate::model::{Detail, JobRef, Run, RunState};
use crate::record::{self, Reading};
use crate::store::{Outcome, Store, jobs, transaction, write};

/// What has become of a run that has not told of its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It goes on.
    Live,
    /// It has ended, however.
    Over,
    /// Only another machine can tell.
    Elsewhere,
}

/// Whether a run that has not told of its end goes on.
pub(crate) fn judge(history: &History, run: &Run) -> Verdict {
    let is_ours = history.is_local || run.host.as_ref() == Some(&history.host);
    let is_here = is_ours || run.job_folder.join("runs").join(&run.run_id).is_dir();
    if !is_here {
        return Verdict::Elsewhere;
    }
    match record::is_live(&run.job_folder, &run.run_id, run.pid.filter(|_| is_ours)) {
        Some(true) => Verdict::Live,
        Some(false) => Verdict::Over,
        None => Verdict::Elsewhere,
    }
}

/// What a record is to the index.
pub(super) enum Examined {
    Ended(Box<Detail>),
    Running(Box<Run>),
}

/// Reads a record, and finds out whether a run without an end goes on.
pub(super) fn examine(job: &JobRef, run_id: &str, process: Option<u32>, warnings: &mut Vec<String>) -> Examined {
    let mut heard = Vec::new();
    let told = match record::read(job, run_id, &mut heard) {
        Reading::Ended(detail) => {
            warnings.append(&mut heard);
            return Examined::Ended(detail);
        }
        Reading::Open(told) => told,
    };
    if record::is_live(&job.folder, run_id, process) != Some(false) {
        // What it has not finished writing is not broken.
        let mut run = record::blank(job, run_id, RunState::Running);
        told.complete(&mut run);
        run.pid = process;
        return Examined::Running(Box::new(run));
    }
    // It may have ended just now: its result is there before it lets go of the lock.
    match record::read(job, run_id, warnings) {
        Reading::Ended(detail) => Examined::Ended(detail),
        Reading::Open(told) => Examined::Ended(Box::new(record::of_told(job, run_id, &told, told.without_end()))),
    }
}

/// Reads one record into the index.
pub(crate) fn index(
    history: &mut History,
    job: &JobRef,
    run_id: &str,
    process: Option<u32>,
    warnings: &mut Vec<String>,
) -> Outcome<()> {
    let examined = examine(job, run_id, process, warnings);
    let host = history.host.clone();
    transaction(&mut *history.store, |store| {
        let key = jobs::ensure(store, &job.name, &job.folder, &job.project)?;
        keep(store, key, examined, &host)
    })
}

/// Writes what a record is to the index.
pub(super) fn keep(store: &mut dyn Store, job_key: i64, examined: Examined, host: &str) -> Outcome<()> {
    match examined {
        Examined::Ended(mut detail) => {
            detail.run.host = Some(host.to_owned());
            write::put(store, job_key, &detail)
        }
        Examined::Running(mut run) => {
            run.host = Some(host.to_owned());
            write::begin(store, job_key, &run)
        }
    }
}
