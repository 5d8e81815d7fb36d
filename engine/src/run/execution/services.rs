//! What only the engine itself can do for a node: rows kept between sub flows, variables, rows for the caller, child jobs.

use super::pass::{Attempt, Work, lock};
use super::{Shared, child};
use crate::artifacts::Artifact;
use pypeline_schema::fault::{Fault, FaultKind};
use pypeline_schema::lowering::{CacheMode, ContextLoad, Lowering, OnUnknown, Service};
use serde_json::{Map, Value};
use std::sync::Arc;
use std::sync::atomic::Ordering;

type Fallible<T> = Result<T, Box<Fault>>;

/// What becomes visible when the attempt succeeds.
pub(super) enum Kept {
    /// Rows under a name.
    Cache { cache: String, mode: CacheMode, rows: Arc<Artifact> },
    /// Rows for the job that runs this one.
    Returned { name: String, rows: Arc<Artifact> },
    /// Context variables.
    Context(Map<String, Value>),
}

impl Kept {
    pub(super) fn publish(self, attempt: &Attempt) {
        let shared = &attempt.shared;
        match self {
            Self::Cache { cache, mode, rows } => {
                let holder = shared.job.metadata.caches.get(&cache).copied().flatten();
                attempt.pass.frame.keep(&cache, holder, mode, rows);
            }
            Self::Returned { name, rows } => shared.return_rows(name, rows),
            Self::Context(variables) => shared.values.load_context(variables),
        }
    }
}

impl Shared {
    /// Rows for the job that runs this one, behind others of that name.
    pub(super) fn return_rows(&self, name: String, rows: Arc<Artifact>) {
        lock(&self.returned)
            .entry(name)
            .and_modify(|before| *before = Artifact::joined([Arc::clone(before), Arc::clone(&rows)]))
            .or_insert(rows);
    }
}

/// Does the work of a node.
pub(super) async fn run(work: &Work, node: usize) -> Fallible<()> {
    let attempt = &work.attempt;
    let Some(Lowering::Service(service)) = work.plan.of(node).and_then(|ready| ready.lowering.as_ref()) else {
        return Err(Box::new(Fault::new(FaultKind::Contract, "the engine has no such service")));
    };
    match service {
        // Asked by the loop itself.
        Service::Items(_) => Ok(()),
        Service::CacheRead { cache } => read_cache(attempt, node, cache),
        Service::CacheWrite(write) => {
            let (cache, mode, rows) = (write.cache.clone(), write.mode, input(attempt, node)?);
            lock(&attempt.kept).push(Kept::Cache { cache, mode, rows });
            Ok(())
        }
        Service::ReturnRows { name } => {
            let (name, rows) = (name.clone(), input(attempt, node)?);
            lock(&attempt.kept).push(Kept::Returned { name, rows });
            Ok(())
        }
        Service::ContextLoad(load) => {
            let (rows, load) = (input(attempt, node)?, load.clone());
            let read = attempt.shared.pool.run(move || read_variables(&rows, &load)).await?;
            let variables = declared(attempt, node, read, load_rule(service))?;
            lock(&attempt.kept).push(Kept::Context(variables));
            Ok(())
        }
        Service::RunJob(job) => child::run(attempt, node, job).await,
    }
}

fn load_rule(service: &Service) -> OnUnknown {
    match service {
        Service::ContextLoad(load) => load.on_unknown,
        _ => OnUnknown::Warn,
    }
}

/// The table that reaches the node's only input.
fn input(attempt: &Attempt, node: usize) -> Fallible<Arc<Artifact>> {
    let job = &attempt.shared.job;
    let link = job.index.inputs.get(node).and_then(|links| links.first()).copied();
    let key =
        link.and_then(|link| Some((job.index.pairs.get(link)?.0, job.dag.data_links.get(link)?.from.port.clone())));
    let table = key.and_then(|key| lock(&attempt.tables).get(&key).cloned());
    table.ok_or_else(|| Box::new(Fault::new(FaultKind::Contract, "no rows for its input")))
}

fn read_cache(attempt: &Attempt, node: usize, cache: &str) -> Fallible<()> {
    let job = &attempt.shared.job;
    let holder = job.metadata.caches.get(cache).copied().flatten();
    let rows = attempt.pass.frame.kept(cache, holder).ok_or_else(|| {
        let fault = Fault::new(FaultKind::Data, format!("nothing was kept in the cache `{cache}`"));
        Box::new(fault.help("its cache_sink has not run, or not succeeded: look at the order of the control links"))
    })?;
    for link in job.index.outputs.get(node).into_iter().flatten() {
        attempt.counter(*link).store(rows.n_rows(), Ordering::Relaxed);
    }
    let port = job.dag.nodes.get(node).and_then(|node| node.module.output_ports.first().cloned()).unwrap_or_default();
    lock(&attempt.tables).insert((node, port), rows);
    Ok(())
}

fn read_variables(rows: &Artifact, load: &ContextLoad) -> Fallible<Map<String, Value>> {
    let mut variables = Map::new();
    for column in [&load.key_column, &load.value_column] {
        if rows.schema().field_with_name(column).is_err() {
            let names: Vec<&str> = rows.schema().fields().iter().map(|field| field.name().as_str()).collect();
            let fault = Fault::new(FaultKind::Data, format!("there is no column `{column}`"));
            return Err(Box::new(fault.with("columns", names.join(", "))));
        }
    }
    for batch in rows.to_stream()? {
        let batch = batch.map_err(|error| Box::new(Fault::new(FaultKind::Data, error.to_string())))?;
        for mut row in crate::rows_as_json::rows(&batch)? {
            let value = row.remove(&load.value_column).unwrap_or_default();
            let Some(Value::String(name)) = row.remove(&load.key_column) else {
                let text = format!("a row of `{}` names no variable", load.key_column);
                return Err(Box::new(Fault::new(FaultKind::Data, text).help("each row needs a text there")));
            };
            variables.insert(name, value);
        }
    }
    Ok(variables)
}

/// The variables that are taken, each as its declared type.
fn declared(
    attempt: &Attempt,
    node: usize,
    found: Map<String, Value>,
    rule: OnUnknown,
) -> Fallible<Map<String, Value>> {
    let shared = &attempt.shared;
    let mut taken = Map::new();
    for (name, value) in found {
        let metadata = &shared.job.metadata;
        let is_known = metadata.context.contains_key(&name) || metadata.uses.context.contains(&name);
        match (is_known, rule) {
            (true, _) => {}
            (false, OnUnknown::Ignore) => continue,
            (false, OnUnknown::Warn) => {
                let node_id = shared.node_id(node);
                tracing::warn!(node_id, "context variable `{name}` is declared nowhere; it is set all the same");
            }
            (false, OnUnknown::Fail) => {
                let fault = Fault::new(FaultKind::Data, format!("context variable `{name}` is declared nowhere"));
                return Err(Box::new(fault.help("declare it under `context:`, or set `on_unknown`")));
            }
        }
        let variable = metadata.context.get(&name);
        // A secret is kept as it is, and read as its type where it is used.
        let type_name = variable.filter(|variable| !variable.secret).and_then(|variable| variable.type_name);
        // The value may be a secret all the same: it stands in no message.
        let value = crate::typed::typed(type_name, value).ok_or_else(|| {
            let text = format!("the value for context variable `{name}` is not of its declared type");
            Box::new(Fault::new(FaultKind::Data, text))
        })?;
        taken.insert(name, value);
    }
    Ok(taken)
}
