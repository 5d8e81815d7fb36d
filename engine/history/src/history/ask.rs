//! Questions to the index. What it says of a run that has not told of its end is checked when it is asked.

use super::{History, absolute, has_record, job_of_run, standing};
use crate::error::HistoryError;
use crate::model::{Detail, JobLine, JobRef, Resume, Run, RunState};
use crate::record::{self, Live, Reading};
use crate::stats::{self, Expected, Stats};
use crate::store::read::{self, Known, Which};
use crate::store::{Outcome, jobs};
use crate::sync::{self, Verdict};
use crate::time;
use pypeline_engine::job_folder::JobFolder;
use pypeline_engine::run::checkpoint::standing::Resumable;
use pypeline_schema::run_result::FailureResult;
use std::cmp::Reverse;
use std::path::Path;

/// Runs that a job's share of successes is of.
const RECENT: usize = 20;

/// Successful runs that say what is usual.
const USUAL: usize = 10;

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
        let mut which = Which { job_key, state: filter.state, since: filter.since };
        let mut found = read::runs(&mut *self.store, &which, filter.limit)?;
        if filter.state == Some(RunState::Unknown) {
            // One that goes on elsewhere is kept as running, and shown as unknown.
            which.state = Some(RunState::Running);
            found.extend(read::runs(&mut *self.store, &which, filter.limit)?);
            found.sort_by_cached_key(|known| Reverse((time::seconds(&known.run.started_at), known.key)));
        }
        let runs = found.into_iter().map(|known| self.shown(known));
        let runs = runs.filter(|run| filter.state.is_none_or(|state| run.state == state));
        let mut runs: Vec<Run> = runs.take(filter.limit).collect();
        standing::complete(runs.iter_mut());
        Ok(runs)
    }

    /// The run whose id begins so.
    pub fn run(&mut self, id: &str) -> Result<Found, HistoryError> {
        sync::settle(self, &mut Vec::new())?;
        let mut found = read::beginning(&mut *self.store, id, RECENT)?;
        // A record that was copied is known twice, and its run is one: the one whose record is there.
        found.sort_by_cached_key(|known| (known.run.run_id.clone(), !has_record(&known.run), !known.run.has_record));
        found.dedup_by(|later, first| later.run.run_id == first.run.run_id);
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
        let mut detail = Detail { run: self.shown(known), sub_flows, nodes, links };
        standing::complete(std::iter::once(&mut detail.run));
        standing::complete_restored(&mut detail);
        Ok(detail)
    }

    /// A line per job: its last run, and how many of its last 20 succeeded.
    pub fn jobs(&mut self) -> Result<Vec<JobLine>, HistoryError> {
        sync::settle(self, &mut Vec::new())?;
        let mut lines = Vec::new();
        for job in jobs::all(&mut *self.store)? {
            let which = Which { job_key: Some(job.key), ..Which::default() };
            let mut last = read::runs(&mut *self.store, &which, 1)?.pop().map(|known| self.shown(known));
            standing::complete(last.iter_mut());
            let states = read::states(&mut *self.store, job.key, RECENT)?;
            let count = |is: fn(&RunState) -> bool| states.iter().filter(|state| is(state)).count() as u64;
            let ended = count(|state| !matches!(state, RunState::Running | RunState::Unknown));
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
        Ok(stats::expected(&with_parts.collect::<Vec<stats::Whole>>()))
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

    /// How the run's job could go on: with this run, or with another before it.
    pub fn resume(&self, run: &Run) -> Option<Resume> {
        let job = JobFolder::new(&run.job_folder, &run.job);
        let found = Resumable::of(&job)?;
        Some(Resume { run_id: found.run_id().to_owned(), landed: found.landed(), command: found.command(&job) })
    }

    /// The run's record is here, and says nothing: neither how it ended, nor that it began.
    pub fn is_silent(&self, run: &Run) -> bool {
        let read = || record::read(&job_of_run(run), &run.run_id, &mut Vec::new());
        has_record(run) && matches!(read(), Reading::Open(told) if !told.has_lines)
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
                Verdict::Live => RunState::Running,
                Verdict::Elsewhere => RunState::Unknown,
                Verdict::Over => match record::read(&job_of_run(&run), &run.run_id, &mut Vec::new()) {
                    Reading::Ended(detail) => detail.run.state,
                    Reading::Open(_) if !has_record(&run) => RunState::Died,
                    Reading::Open(told) => told.without_end(),
                },
            };
        }
        run
    }
}

fn of_run<T: Clone>(key: i64, parts: &[(i64, T)]) -> Vec<T> {
    // They come in the order of their runs' keys.
    let from = parts.partition_point(|(of, _)| *of < key);
    parts.iter().skip(from).take_while(|(of, _)| *of == key).map(|(_, part)| part.clone()).collect()
}
