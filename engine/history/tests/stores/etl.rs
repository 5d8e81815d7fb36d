//! A project with job folders and records, made by hand in the exact formats.

use pypeline_engine::job_folder::{JobFolder, JobLock};
use pypeline_engine::project::Project;
use pypeline_schema::event::{Event, EventLine};
use pypeline_schema::fault::{Fault, FaultKind};
use pypeline_schema::link::PortRef;
use pypeline_schema::run_result::{FailureResult, LinkResult, NodeResult, RunResult, State, SubFlowResult};
use serde_json::json;
use std::path::PathBuf;

/// A project in a temporary folder.
pub struct Etl {
    pub folder: tempfile::TempDir,
    pub project: Project,
}

impl Etl {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        std::fs::write(root.join("pype.toml"), "").unwrap();
        Self { project: Project::at(root), folder }
    }

    /// The folder of a job, as a build leaves it.
    pub fn job(&self, name: &str) -> JobFolder {
        let job = JobFolder::new(self.project.jobs().join(name), name);
        std::fs::create_dir_all(job.runs()).unwrap();
        let node = |id: &str, line: u32| json!({"id": id, "line": line, "module": {"name": format!("{id}_module")}});
        let end = |node: &str, port: &str| json!({"node": node, "port": port});
        let dag = json!({
            "nodes": [node("read", 3), node("write", 7)],
            "data_links": [{"from": end("read", "data"), "to": end("write", "input"), "line": 11}],
        });
        let metadata = json!({"fingerprint": FINGERPRINT, "sub_flows": [{"name": "read", "nodes": ["read", "write"]}]});
        std::fs::write(job.dag(), dag.to_string()).unwrap();
        std::fs::write(job.metadata(), metadata.to_string()).unwrap();
        job
    }
}

pub const FINGERPRINT: &str = "00ff";

/// The id of the n-th run; in the order of time.
pub fn id(n: u64) -> String {
    format!("20261101T{:02}{:02}{:02}-{n:06x}", n / 3600 % 24, n / 60 % 60, n % 60)
}

/// When it began.
pub fn started_at(n: u64) -> String {
    format!("2026-11-01T{:02}:{:02}:{:02}Z", n / 3600 % 24, n / 60 % 60, n % 60)
}

pub fn record(job: &JobFolder, run_id: &str) -> PathBuf {
    job.runs().join(run_id)
}

/// Holds a job as a run does.
pub fn hold(job: &JobFolder, run_id: &str) -> JobLock {
    let lock = job.lock("pype run").unwrap();
    let text = format!("pype run, process {}, run {run_id}", std::process::id());
    std::fs::write(job.path().join(".lock"), text).unwrap();
    lock
}

/// The result of a run that read and wrote so many rows.
pub fn result(job: &JobFolder, run_id: &str, rows: u64, state: State) -> RunResult {
    let failed = state == State::Failed;
    let node = |id: &str, rows_in: Option<u64>, rows_out: Option<u64>| NodeResult {
        id: id.to_owned(),
        module: format!("{id}_module"),
        library: "libx.so".to_owned(),
        line: 3,
        state,
        rows_in,
        rows_out,
        rows_rejected: None,
        rows_filtered: None,
        seconds: Some(0.25),
        stage: Some(1),
        fault: None,
    };
    let failure = FailureResult {
        sub_flow: "read".to_owned(),
        node: "read".to_owned(),
        line: 3,
        iter: Vec::new(),
        item: None,
        handled: false,
        fault: Fault::new(FaultKind::Io, "the file is not there"),
    };
    let port = |node: &str, port: &str| PortRef { node: node.to_owned(), port: port.to_owned() };
    RunResult {
        format_version: 1,
        run_id: run_id.to_owned(),
        job: job.name().to_owned(),
        state,
        exit_code: u8::from(failed),
        seconds: 0.5,
        fault: None,
        peak_rss_bytes: 1 << 20,
        sub_flows: vec![SubFlowResult {
            name: "read".to_owned(),
            state,
            skipped: None,
            runs: 1,
            restored: 0,
            failed: u64::from(failed),
            retries: 2,
            seconds: Some(0.375),
            nodes: vec![node("read", None, Some(rows)), node("write", Some(rows), (!failed).then_some(rows))],
        }],
        failures: if failed { vec![failure] } else { Vec::new() },
        n_failures: u64::from(failed),
        n_handled: 0,
        record: Some(record(job, run_id).display().to_string()),
        resumes: None,
        resume: None,
        links: vec![LinkResult { from: port("read", "data"), to: port("write", "input"), rows }],
    }
}

/// The lines of an event log, numbered.
pub fn log(events: Vec<Event>) -> String {
    let line = |(at, event): (usize, Event)| {
        let line = EventLine { seq: at as u64 + 1, t: at as f64 / 8.0, iter: Vec::new(), event };
        serde_json::to_string(&line).unwrap() + "\n"
    };
    events.into_iter().enumerate().map(line).collect()
}

pub fn run_started(job: &JobFolder, n: u64) -> Event {
    Event::RunStarted {
        format_version: 1,
        run_id: id(n),
        job: job.name().to_owned(),
        started_at: started_at(n),
        fingerprint: FINGERPRINT.to_owned(),
        resumes: None,
    }
}

pub fn sub_flow_started(sub_flow: &str) -> Event {
    Event::SubFlowStarted { sub_flow: sub_flow.to_owned(), attempt: 1 }
}

pub fn node_finished(node: &str, state: State, rows: u64) -> Event {
    let fault = (state == State::Failed).then(|| Fault::new(FaultKind::Data, "a bad row"));
    Event::NodeFinished {
        node: node.to_owned(),
        state,
        rows_in: (node == "write").then_some(rows),
        rows_out: Some(rows),
        rows_rejected: None,
        seconds: Some(0.25),
        fault,
    }
}

pub fn sub_flow_finished(sub_flow: &str, state: State) -> Event {
    Event::SubFlowFinished {
        sub_flow: sub_flow.to_owned(),
        state,
        skipped: None,
        attempts: Some(1),
        seconds: Some(0.375),
    }
}

/// Writes the record of a run that began, and perhaps went on so far.
pub fn write_log(job: &JobFolder, n: u64, mut events: Vec<Event>) {
    events.insert(0, run_started(job, n));
    let folder = record(job, &id(n));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("events.jsonl"), log(events)).unwrap();
}

/// Writes the whole record of the n-th run.
pub fn write_record(job: &JobFolder, n: u64, rows: u64, state: State) -> RunResult {
    let result = result(job, &id(n), rows, state);
    write_log(job, n, vec![Event::RunFinished { state, exit_code: result.exit_code, seconds: 0.5 }]);
    let text = serde_json::to_string_pretty(&result).unwrap();
    std::fs::write(record(job, &id(n)).join("result.json"), text).unwrap();
    result
}
