//! Fills an index with 100,000 runs (3 sub flows, 8 nodes and 6 links each, of 20 jobs) and says how long everything takes.
//!
//! `cargo run --release -p pypeline-history --example hundred_thousand [N] [URL]`; without a URL a SQLite file in a temporary
//! folder.

#![allow(clippy::disallowed_methods)] // A folder for a measurement.

use pypeline_engine::job_folder::JobFolder;
use pypeline_engine::project::Project;
use pypeline_history::{Filter, History, HistoryError, Place, RunBegin, RunState, time};
use pypeline_schema::link::PortRef;
use pypeline_schema::run_result::{LinkResult, NodeResult, RunResult, State, SubFlowResult};
use std::time::Instant;

const JOBS: u64 = 20;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let n: u64 = arguments.next().map_or(Ok(100_000), |n| n.parse())?;
    let folder = std::env::temp_dir().join(format!("pype-history-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let project = Project::at(&folder);
    let place = Place::parse(&arguments.next().unwrap_or_default(), &project)?;
    fill(&place, &project, n)?;
    if let Some(file) = place.file() {
        println!("the file has {} MB", std::fs::metadata(file)?.len() / 1_000_000);
    }
    ask(&place, &project)?;
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}

/// Times in milliseconds: the middle one, the one of a hundred, the longest.
fn said(what: &str, mut times: Vec<f64>) {
    times.sort_by(f64::total_cmp);
    let at = |part: f64| times.get((times.len() as f64 * part) as usize).or(times.last()).copied().unwrap_or_default();
    println!("{what:<58} {:>9.3} {:>9.3} {:>9.3} ms", at(0.5), at(0.99), at(1.0));
}

fn fill(place: &Place, project: &Project, n: u64) -> Result<(), HistoryError> {
    let mut history = History::open(place)?;
    let (mut begun, mut ended) = (Vec::new(), Vec::new());
    let first = time::now() as i64 - 40 * n as i64;
    println!("{:<58} {:>9} {:>9} {:>9}", "", "median", "99 %", "most");
    for at in 0..n {
        let job = JobFolder::new(project.jobs().join(format!("job{}", at % JOBS)), format!("job{}", at % JOBS));
        let started_at = time::rfc3339(first + 40 * at as i64);
        let run_id = format!("{}-{at:06x}", started_at.replace(['-', ':', 'Z'], ""));
        let begin = RunBegin {
            run_id: run_id.clone(),
            job: job.name().to_owned(),
            job_folder: job.path().to_path_buf(),
            project: project.root().to_path_buf(),
            started_at,
            fingerprint: "f".repeat(64),
        };
        let result = result(&job, &run_id, at);
        let since = Instant::now();
        history.begin(&begin)?;
        begun.push(since.elapsed().as_secs_f64() * 1e3);
        let since = Instant::now();
        history.record(&job, &result)?;
        ended.push(since.elapsed().as_secs_f64() * 1e3);
    }
    said("a run begins", begun);
    said("a run ends", ended);
    Ok(())
}

fn result(job: &JobFolder, run_id: &str, at: u64) -> RunResult {
    let state = if at.is_multiple_of(17) { State::Failed } else { State::Succeeded };
    let port = |node: usize, port: &str| PortRef { node: format!("node_{node}"), port: port.to_owned() };
    let node = |id: usize| NodeResult {
        id: format!("node_{id}"),
        module: "filter_mod".to_owned(),
        library: "libpype_rows.so".to_owned(),
        line: 1,
        state,
        rows_in: Some(1_000 + at % 50),
        rows_out: Some(900 + at % 50),
        rows_rejected: None,
        rows_filtered: None,
        seconds: Some(0.1 + (at % 7) as f64 / 100.0),
        stage: Some(1),
        fault: None,
    };
    let sub_flow = |name: &str, nodes: std::ops::Range<usize>| SubFlowResult {
        name: name.to_owned(),
        state,
        skipped: None,
        runs: 1,
        restored: 0,
        failed: 0,
        retries: 0,
        seconds: Some(0.3),
        nodes: nodes.map(node).collect(),
    };
    RunResult {
        format_version: 1,
        run_id: run_id.to_owned(),
        job: job.name().to_owned(),
        state,
        exit_code: 0,
        seconds: 1.0 + (at % 11) as f64 / 10.0,
        fault: None,
        peak_rss_bytes: 200_000_000,
        sub_flows: vec![sub_flow("orders", 0..4), sub_flow("paid", 4..7), sub_flow("notify", 7..8)],
        failures: Vec::new(),
        n_failures: u64::from(state == State::Failed),
        n_handled: 0,
        record: None,
        resumes: None,
        resume: None,
        links: (0..6).map(|at| LinkResult { from: port(at, "data"), to: port(at + 1, "input"), rows: 1_000 }).collect(),
    }
}

/// Each question by an index that was just opened, as a command does it.
fn ask(place: &Place, project: &Project) -> Result<(), HistoryError> {
    type Question = fn(&mut History, &Project) -> Result<(), HistoryError>;
    let questions: [(&str, Question); 10] = [
        ("open", |_, _| Ok(())),
        ("sync where nothing has changed", |history, project| history.sync(project).map(|_| ())),
        ("all jobs at a glance (`pype status`)", |history, project| {
            history.sync(project)?;
            history.jobs().map(|_| ())
        }),
        ("the 20 newest runs (`pype runs`)", |history, _| {
            history.runs(&Filter { limit: 20, ..Filter::default() }).map(|_| ())
        }),
        ("the 20 newest failed runs", |history, _| {
            history.runs(&Filter { state: Some(RunState::Failed), limit: 20, ..Filter::default() }).map(|_| ())
        }),
        ("the 20 newest runs that died, of which there are none", |history, _| {
            history.runs(&Filter { state: Some(RunState::Died), limit: 20, ..Filter::default() }).map(|_| ())
        }),
        ("the 20 newest failed runs of a job", |history, _| {
            let job = history.jobs_named("job7")?.pop();
            history.runs(&Filter { job, state: Some(RunState::Failed), limit: 20, ..Filter::default() }).map(|_| ())
        }),
        ("a job's latest run, with its parts", |history, _| {
            let job = history.jobs_named("job7")?.pop();
            job.map_or(Ok(()), |job| history.latest(&job).map(|_| ()))
        }),
        ("a run by its id, with its parts", |history, _| {
            let newest = history.runs(&Filter { limit: 1, ..Filter::default() })?.pop();
            newest.map_or(Ok(()), |run| history.run(&run.run_id).map(|_| ()))
        }),
        ("a job's last 100 runs over time (`pype stats`)", |history, _| {
            let job = history.jobs_named("job7")?.pop();
            job.map_or(Ok(()), |job| history.stats(&job, 100).map(|_| ()))
        }),
    ];
    for (what, question) in questions {
        let mut times = Vec::new();
        for _ in 0..20 {
            let since = Instant::now();
            question(&mut History::open(place)?, project)?;
            times.push(since.elapsed().as_secs_f64() * 1e3);
        }
        said(what, times);
    }
    Ok(())
}
