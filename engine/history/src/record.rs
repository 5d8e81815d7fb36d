//! A run's record, `<job folder>/runs/<run id>`: the truth about the run. Read here, written by the run alone.

mod holder;
mod last_said;
mod live;
mod shape;
mod told;

pub(crate) use holder::is_live;
pub(crate) use live::live;
pub use live::{Live, LiveLoop, LiveSubFlow};
pub(crate) use told::Told;

use crate::model::{Detail, JobRef, Link, Node, Run, RunState, SubFlow};
use crate::time;
use pypeline_schema::FORMAT_VERSION;
use pypeline_schema::run_result::{FailureResult, RunResult};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What a record says.
pub(crate) enum Reading {
    /// The run has ended.
    Ended(Box<Detail>),
    /// The run has not told of its end.
    Open(Box<Told>),
}

/// The folder of a record.
pub(crate) fn folder(job: &JobRef, run_id: &str) -> PathBuf {
    job.folder.join("runs").join(run_id)
}

/// Reads a record. What is broken in it is skipped, and said in `warnings`.
pub(crate) fn read(job: &JobRef, run_id: &str, warnings: &mut Vec<String>) -> Reading {
    let folder = folder(job, run_id);
    if let Some(result) = result(&folder, warnings) {
        let begun = Told::begin_of(&folder);
        return Reading::Ended(Box::new(of_result(job, run_id, &result, &begun)));
    }
    let told = Told::read(&folder, warnings);
    match told.end {
        Some((state, exit_code, seconds)) => {
            let mut detail = of_told(job, run_id, &told, RunState::of_end(state));
            detail.run.exit_code = Some(exit_code);
            detail.run.seconds = Some(seconds);
            Reading::Ended(Box::new(detail))
        }
        None => Reading::Open(Box::new(told)),
    }
}

/// The result of a run that has ended; none if it is not there or not whole.
pub(crate) fn result(folder: &Path, warnings: &mut Vec<String>) -> Option<RunResult> {
    let path = folder.join("result.json");
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
        Err(error) => {
            warnings.push(format!("`{}` cannot be read: {error}", path.display()));
            return None;
        }
    };
    match serde_json::from_slice::<RunResult>(&bytes) {
        Ok(result) if result.format_version == FORMAT_VERSION => Some(result),
        Ok(result) => {
            let version = result.format_version;
            warnings.push(format!("`{}` is of format version {version}, and is skipped", path.display()));
            None
        }
        // The place is enough: the message of the parser may repeat what stands there.
        Err(error) => {
            let (line, column) = (error.line(), error.column());
            warnings.push(format!("`{}` is not whole (line {line}, column {column}), and is skipped", path.display()));
            None
        }
    }
}

/// All failures that a record tells, at most 1,000.
pub(crate) fn failures(job: &JobRef, run_id: &str) -> Vec<FailureResult> {
    let (folder, mut warnings) = (folder(job, run_id), Vec::new());
    match result(&folder, &mut warnings) {
        Some(result) => result.failures,
        None => {
            let told = Told::read(&folder, &mut warnings);
            shape::failures(job, &told)
        }
    }
}

/// A run's row in which nothing is known but that there is a record.
pub(crate) fn blank(job: &JobRef, run_id: &str, state: RunState) -> Run {
    Run {
        run_id: run_id.to_owned(),
        job: job.name.clone(),
        job_folder: job.folder.clone(),
        project: job.project.clone(),
        state,
        exit_code: None,
        started_at: time::rfc3339(time::of_run_id(run_id).unwrap_or_default()),
        seconds: None,
        rows: None,
        n_failures: 0,
        n_handled: 0,
        failed_node: None,
        failed_message: None,
        peak_rss_bytes: None,
        fingerprint: None,
        pid: None,
        host: None,
        has_record: true,
        resumes: None,
        resumable: false,
    }
}

/// What a result and the beginning of its event log say.
pub(crate) fn of_result(job: &JobRef, run_id: &str, result: &RunResult, begun: &Told) -> Detail {
    let nodes = result.sub_flows.iter().flat_map(|sub_flow| {
        sub_flow.nodes.iter().map(|node| Node {
            id: node.id.clone(),
            sub_flow: Some(sub_flow.name.clone()),
            module: Some(node.module.clone()),
            state: node.state,
            rows_in: node.rows_in,
            rows_out: node.rows_out,
            rows_rejected: node.rows_rejected,
            seconds: node.seconds,
        })
    });
    let nodes: Vec<Node> = nodes.collect();
    let sub_flow = |part: &pypeline_schema::run_result::SubFlowResult| SubFlow {
        name: part.name.clone(),
        state: part.state,
        runs: part.runs,
        restored: part.restored,
        failed: part.failed,
        retries: part.retries,
        seconds: part.seconds,
    };
    let sources: BTreeSet<&str> = result.links.iter().map(|link| link.from.node.as_str()).collect();
    let targets: BTreeSet<&str> = result.links.iter().map(|link| link.to.node.as_str()).collect();
    let first = result.failures.iter().find(|failure| !failure.handled).or(result.failures.first());
    let mut run = blank(job, run_id, RunState::of_end(result.state));
    run.exit_code = Some(result.exit_code);
    run.seconds = Some(result.seconds);
    run.rows = Some(written(&nodes, &sources, &targets));
    (run.n_failures, run.n_handled) = (result.n_failures, result.n_handled);
    run.failed_node = first.map(|failure| failure.node.clone());
    let message = first.map(|failure| failure.fault.message.clone());
    run.failed_message = message.or_else(|| result.fault.as_ref().map(|fault| fault.message.clone()));
    run.peak_rss_bytes = Some(result.peak_rss_bytes).filter(|bytes| *bytes > 0);
    begun.complete(&mut run);
    let links = result.links.iter();
    let links = links.map(|link| Link { from: link.from.to_string(), to: link.to.to_string(), rows: link.rows });
    Detail { run, sub_flows: result.sub_flows.iter().map(sub_flow).collect(), nodes, links: links.collect() }
}

/// What an event log says; no more is known of a run that died.
pub(crate) fn of_told(job: &JobRef, run_id: &str, told: &Told, state: RunState) -> Detail {
    let mut run = blank(job, run_id, state);
    told.complete(&mut run);
    run.seconds = told.last_t;
    if state == RunState::Died {
        run.seconds = lived(&run.started_at, told.last_t, last_said::last_said(&folder(job, run_id)));
    }
    (run.n_failures, run.n_handled) = (told.n_failures, told.n_handled);
    let first = told.failures.first();
    run.failed_node = first.map(|failure| failure.node.clone());
    run.failed_message = first.map(|failure| failure.fault.message.clone());
    let run_seconds = run.seconds.unwrap_or_default();
    let mut detail =
        Detail { run, sub_flows: told.sub_flows(state, run_seconds), nodes: told.nodes.clone(), links: Vec::new() };
    shape::complete(job, told, &mut detail);
    detail
}

/// Seconds from a run's beginning to the last that is heard of it. The beginning is known to the second, so that a line of the log
/// within one second of the last event is no news.
fn lived(started_at: &str, last_t: Option<f64>, last_said: Option<f64>) -> Option<f64> {
    let said = time::exact(started_at).zip(last_said).map(|(began, said)| said - began);
    match (last_t, said.filter(|said| *said >= 0.0)) {
        (Some(told), Some(said)) if said <= told + 1.0 => Some(told),
        (told, said) => said.or(told),
    }
}

/// Rows that sinks have written: nodes with links in and none out that gave on all that they took.
fn written(nodes: &[Node], sources: &BTreeSet<&str>, targets: &BTreeSet<&str>) -> u64 {
    let is_sink = |node: &&Node| targets.contains(node.id.as_str()) && !sources.contains(node.id.as_str());
    nodes.iter().filter(is_sink).filter_map(|node| node.rows_out).sum()
}
