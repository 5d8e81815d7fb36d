//! `pype runs`, `pype status` and `pype stats`: what past runs did, and what runs now.

mod detail;
mod lists;
mod open;
mod over_time;
mod words;

use crate::args::history::{RunsArgs, StatsArgs, StatusArgs};
use crate::args::{Global, Output};
use crate::exit::{Exit, Failure};
use crate::render;
use open::{Opened, failed};
use pypeline_history::{Filter, Found, HistoryError, RunState};
use serde_json::json;
use std::path::Path;

/// Lists runs, or with `--rebuild` reads all records anew.
pub fn runs(global: &Global, args: &RunsArgs) -> Result<u8, Failure> {
    if args.rebuild {
        return rebuild(global);
    }
    let mut opened = Opened::of(global, args.job.as_deref())?;
    let job = match &args.job {
        Some(job) => match opened.job(job)? {
            Some(job) => Some(job),
            None => {
                // It is there and has never run.
                lists::runs(global, opened.root(), &[]);
                return Ok(Exit::Success as u8);
            }
        },
        None => None,
    };
    let limit = usize::try_from(args.last).unwrap_or(usize::MAX);
    let filter = Filter { job, state: args.state, since: args.since, limit };
    let runs = opened.history.runs(&filter).map_err(failed)?;
    lists::runs(global, opened.root(), &runs);
    Ok(Exit::Success as u8)
}

fn rebuild(global: &Global) -> Result<u8, Failure> {
    let project = super::project_here(global);
    let (mut history, aside) = open::renew(&project)?;
    if let Some(aside) = &aside {
        render::warning(&format!("the damaged history is now `{}`", aside.display()));
    }
    let synced = history.rebuild(&project).map_err(failed)?;
    open::warn(&synced.warnings);
    if global.output == Output::Json {
        let place = history.place();
        render::json(&json!({"place": place.trim_matches('`'), "put_aside": aside, "rebuilt": synced}));
    } else {
        let records = render::count(synced.indexed, "record");
        let jobs = render::count(synced.jobs, "job");
        render::line(&format!("read {records} of {jobs} into the run history {}", history.place()));
    }
    Ok(Exit::Success as u8)
}

/// Shows all jobs with what runs now, or one run in detail.
pub fn status(global: &Global, args: &StatusArgs) -> Result<u8, Failure> {
    let mut opened = Opened::of(global, args.subject.as_deref())?;
    let Some(subject) = &args.subject else {
        return all_jobs(global, &mut opened);
    };
    let history = &mut opened.history;
    let mut detail = None;
    if history.jobs_named(subject).map_err(failed)?.is_empty() {
        match history.run(subject).map_err(failed)? {
            Found::One(found) => detail = Some(*found),
            Found::Several(ids) => {
                let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
                let ids = pypeline_engine::diagnostics::suggest::list(&ids);
                return Err(Failure::new(Exit::Usage, format!("several runs begin with `{subject}`: {ids}")));
            }
            Found::Nothing if open::may_be_run(subject) => return Err(opened.unknown_run(subject)?),
            Found::Nothing => {}
        }
    }
    let is_job = detail.is_none();
    if is_job && let Some(job) = opened.job(subject)? {
        detail = opened.history.latest(&job).map_err(failed)?;
    }
    match detail {
        Some(found) => detail::show(global, &mut opened.history, found, is_job).map_err(failed)?,
        None if global.output == Output::Json => {
            render::json(&json!({"run": null, "live": null, "failures": [], "resume": null}))
        }
        None => render::line(&format!("{subject} has not run yet")),
    }
    Ok(Exit::Success as u8)
}

fn all_jobs(global: &Global, opened: &mut Opened) -> Result<u8, Failure> {
    let show = |opened: &mut Opened| -> Result<(), HistoryError> {
        let history = &mut opened.history;
        let jobs = history.jobs()?;
        let at_work = Filter { state: Some(RunState::Running), limit: 1_000, ..Filter::default() };
        let running = history.runs(&at_work)?;
        let live = running.iter().map(|run| history.live(run)).collect::<Result<Vec<_>, _>>()?;
        lists::jobs(global, opened.root(), &jobs, &live);
        Ok(())
    };
    show(opened).map_err(failed)?;
    Ok(Exit::Success as u8)
}

/// Shows rows and seconds of a job's runs over time.
pub fn stats(global: &Global, args: &StatsArgs) -> Result<u8, Failure> {
    let mut opened = Opened::of(global, Some(&args.job))?;
    let Some(job) = opened.job(&args.job)? else {
        let name = Path::new(&args.job).display();
        return Err(Failure::new(Exit::Usage, format!("{name} has not run yet: there is nothing to add up")));
    };
    let last = usize::try_from(args.last).unwrap_or(usize::MAX);
    let stats = opened.history.stats(&job, last).map_err(failed)?;
    over_time::show(global, &stats);
    Ok(Exit::Success as u8)
}
