//! Lists of runs and of jobs.

use super::words::{RESUMABLE, failures, opt_count, opt_seconds, progress, standing, table};
use crate::args::{Global, Output};
use crate::render;
use pypeline_history::{Detail, JobLine, Live, Run, RunState, time};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;

/// Runs, newest first; `root` is the project that they were looked for in.
pub fn runs(global: &Global, root: &Path, runs: &[Run]) {
    if global.output == Output::Json {
        render::json(&json!({"runs": runs}));
        return;
    }
    if runs.is_empty() {
        render::line(&format!("no runs in the project `{}`", root.display()));
        return;
    }
    let hosts: BTreeSet<_> = runs.iter().filter_map(|run| run.host.as_deref()).collect();
    let (has_hosts, has_gone) = (hosts.len() > 1, runs.iter().any(|run| !run.has_record));
    let has_notes = runs.iter().any(|run| run.resumable || run.resumes.is_some());
    let row = |run: &Run| {
        let mut row = vec![
            run.run_id.clone(),
            run.job.clone(),
            run.state.as_str().to_owned(),
            time::local(&run.started_at),
            opt_seconds(run.seconds),
            opt_count(run.rows),
            failures(run),
        ];
        if has_notes {
            row.push(standing(run));
        }
        if has_hosts {
            row.push(run.host.clone().unwrap_or_default());
        }
        if has_gone {
            row.push(if run.has_record { "" } else { "gone" }.to_owned());
        }
        row
    };
    let mut header = vec!["run", "job", "state", "started", "seconds", "rows", "failures"];
    header.extend(has_notes.then_some("resume"));
    header.extend(has_hosts.then_some("host"));
    header.extend(has_gone.then_some("record"));
    table(&header, runs.iter().map(row).collect(), &[4, 5, 6]);
}

/// All jobs with their last runs, and what runs now; `root` is the project that they were looked for in.
pub fn jobs(global: &Global, root: &Path, jobs: &[JobLine], running: &[(Detail, Live)]) {
    if global.output == Output::Json {
        let running: Vec<Value> = running.iter().map(|(detail, live)| json!({"run": detail, "live": live})).collect();
        render::json(&json!({"jobs": jobs, "running": running}));
        return;
    }
    if jobs.is_empty() {
        render::line(&format!("no runs in the project `{}`", root.display()));
        return;
    }
    let has_notes = jobs.iter().filter_map(|line| line.last.as_ref()).any(|run| run.resumable);
    let names: BTreeSet<&str> = jobs.iter().map(|line| line.job.name.as_str()).collect();
    let has_twins = names.len() < jobs.len();
    let row = |line: &JobLine| {
        let last = line.last.as_ref();
        let of_last = |text: &dyn Fn(&Run) -> String| last.map_or_else(String::new, text);
        let mut row = vec![
            line.job.name.clone(),
            of_last(&|run| run.state.as_str().to_owned()),
            of_last(&|run| time::local(&run.started_at)),
            of_last(&|run| if run.state == RunState::Running { String::new() } else { opt_seconds(run.seconds) }),
            of_last(&|run| opt_count(run.rows)),
            if line.ended == 0 { String::new() } else { format!("{}/{}", line.succeeded, line.ended) },
            of_last(&|run| run.run_id.clone()),
        ];
        if has_notes {
            row.push(of_last(&|run| if run.resumable { RESUMABLE.to_owned() } else { String::new() }));
        }
        if has_twins {
            row.push(line.job.folder.display().to_string());
        }
        row
    };
    let mut header = vec!["job", "last run", "started", "seconds", "rows", "succeeded", "run"];
    header.extend(has_notes.then_some("resume"));
    header.extend(has_twins.then_some("folder"));
    table(&header, jobs.iter().map(row).collect(), &[3, 4, 5]);
    for (detail, live) in running {
        render::line(&format!("{} is running: {}, run {}", detail.run.job, progress(live), detail.run.run_id));
    }
}
