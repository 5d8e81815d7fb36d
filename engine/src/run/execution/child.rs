//! A job run by another: the same process, workers and temporary folder; a scheduler, a lock and a record of its own.

use super::pass::{Attempt, lock};
use crate::artifacts::Artifact;
use crate::run::keys;
use crate::run::observe::Silent;
use crate::run::{Called, Content, Host, RunOptions, begin};
use crate::secrets::Reference;
use pypeline_schema::fault::{Fault, FaultKind};
use pypeline_schema::lowering::{CacheMode, RunJob};
use pypeline_schema::run_result::{RunResult, State};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

type Fallible<T> = Result<T, Box<Fault>>;

/// Jobs within jobs, at most: one that runs itself is stopped by its own lock, a long ring of jobs by this.
const DEEPEST: u32 = 32;

/// Runs a job to its end, and hands over what came of it.
pub(super) async fn run(attempt: &Arc<Attempt>, node: usize, job: &RunJob) -> Fallible<()> {
    let shared = &attempt.shared;
    if shared.depth >= DEEPEST {
        return Err(Box::new(Fault::new(FaultKind::Config, format!("jobs run one another more than {DEEPEST} deep"))));
    }
    let config = shared.job.dag.nodes.get(node).map(|node| &node.config);
    let content = |value: &Value| {
        // What a template has made is data; a reference that stands in the flow is meant.
        let written = value
            .as_str()
            .filter(|text| config.is_some_and(|config| config.values().any(|part| stands_in(part, text))));
        let reference = written.and_then(Reference::parse).and_then(Result::ok);
        reference.map_or_else(|| Content::Plain(value.clone()), Content::At)
    };
    let set = job.set.iter().map(|(name, value)| (name.clone(), content(value)));
    let inherited = if job.pass_context { shared.values.context() } else { BTreeMap::new() };
    let inherited = inherited.into_iter().filter(|(name, _)| !job.set.contains_key(name));
    let options = RunOptions {
        context: job.context.clone(),
        inherited: inherited.collect(),
        set: Vec::new(),
        set_by_job: set.collect(),
        params: Vec::new(),
        called: called(attempt, node),
        ..shared.options.clone()
    };
    let host = Host {
        pool: shared.pool.clone(),
        workers: Arc::clone(&shared.workers),
        grace: Some(shared.grace),
        store: Arc::clone(&shared.store),
        executor: Arc::clone(&shared.executor),
        keeper: Arc::clone(shared.values.secrets().keeper()),
        depth: shared.depth + 1,
        caller: Some(attempt.cancel.clone()),
    };
    let (project, folder) = (shared.project.clone(), shared.project.resolve(&job.job));
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let run = move || {
        let ended = begin(&project, &folder, &options, host, Arc::new(Silent));
        // A caller that is gone has been abandoned itself.
        let _ = sender.send(ended);
    };
    let no_thread = |error| Box::new(Fault::new(FaultKind::Io, "no thread to be had").caused_by(&error));
    std::thread::Builder::new().name("pype-job".to_owned()).spawn(run).map_err(no_thread)?;
    let ended =
        receiver.await.map_err(|_| Box::new(Fault::new(FaultKind::Panic, "the job's thread ended without a word")))?;
    let (result, returned) = ended.map_err(|error| {
        let fault = Fault::new(FaultKind::Config, format!("job `{}` cannot be run", job.job));
        Box::new(fault.caused_by(&error))
    })?;
    publish(attempt, node, job, &result, returned)
}

/// How the job finds what it had done, if this run is resumed.
fn called(attempt: &Attempt, node: usize) -> Option<Called> {
    let by = attempt.shared.checkpoints.run_id()?;
    let key = keys::sub_flow(&attempt.pass.frame.key, attempt.shared.node_id(node));
    Some(Called { by: by.to_owned(), name: format!("{by}-{}", keys::hex(&key)) })
}

/// A text stands in the configuration as it was written.
fn stands_in(value: &Value, wanted: &str) -> bool {
    match value {
        Value::String(text) => text == wanted,
        Value::Array(items) => items.iter().any(|item| stands_in(item, wanted)),
        Value::Object(map) => map.values().any(|item| stands_in(item, wanted)),
        _ => false,
    }
}

fn publish(
    attempt: &Arc<Attempt>,
    node: usize,
    job: &RunJob,
    result: &RunResult,
    returned: BTreeMap<String, Arc<Artifact>>,
) -> Fallible<()> {
    let id = attempt.shared.node_id(node);
    let first = result.failures.iter().find(|failure| !failure.handled);
    let reason = result.fault.as_ref().or_else(|| first.map(|failure| &failure.fault));
    let globals = [
        ("exit_code", Value::from(result.exit_code)),
        ("run_id", Value::from(result.run_id.clone())),
        ("state", Value::from(result.state.as_str())),
        ("error_message", reason.map_or(Value::Null, |fault| Value::from(fault.message.clone()))),
    ];
    for (name, value) in globals {
        attempt.set_global(id, name, value);
    }
    if result.state != State::Succeeded && !job.ignore_failure {
        if attempt.cancel.is_cancelled() {
            return Err(Box::new(Fault::new(FaultKind::Cancelled, "the run is stopping")));
        }
        let mut fault = Fault::new(FaultKind::Other, format!("job `{}` {}", result.job, result.state.as_str()));
        fault.transient = reason.is_some_and(|reason| reason.transient);
        fault = fault.with("run", &result.run_id).with("exit code", result.exit_code);
        if let Some(failure) = first {
            fault = fault.with("node", &failure.node);
        }
        fault.causes.extend(reason.map(ToString::to_string));
        return Err(Box::new(fault));
    }
    let n_tables = returned.len();
    for (name, rows) in returned {
        // With one table the caller's name is the name; with several each goes by its own.
        let cache = job.rows.clone().filter(|_| n_tables == 1).unwrap_or(name);
        let mode = CacheMode::Overwrite;
        lock(&attempt.kept).push(super::services::Kept::Cache { cache, mode, rows });
    }
    Ok(())
}
