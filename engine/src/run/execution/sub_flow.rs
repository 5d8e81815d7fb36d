//! One sub flow: attempts, waves of units, and at the end everything published or nothing.

use super::Shared;
use super::cancel::Cancel;
use super::module;
use super::publish::Publication;
use super::wiring::{self, Tables};
use crate::run::observe::Event;
use crate::run::prepare::{self, NodeFault, Prepared, Unit};
use crate::run::report::counts;
use crate::scheduling::Outcome;
use pypeline_schema::fault::{Fault, FaultKind};
use pypeline_schema::lowering::Lowering;
use pypeline_schema::manifest::Effect;
use pypeline_schema::run_result::State;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Attempts after the first where the flow does not say.
const DEFAULT_RETRIES: u64 = 1;

/// Seconds before the second attempt where the flow does not say.
const DEFAULT_DELAY: f64 = 1.0;

/// Longest pause between two attempts, in seconds.
const MAX_DELAY: f64 = 300.0;

/// Runs a sub flow until it succeeds, or its last attempt has failed.
pub(super) async fn run(shared: Arc<Shared>, index: usize, cancel: Cancel) -> Outcome {
    let name = shared.sub_flow_name(index);
    shared.ledger.set_sub_flow(index, State::Running, None);
    shared.observer.event(&Event::SubFlowStarted { index, name: name.clone() });
    let mut failures: BTreeMap<usize, u64> = BTreeMap::new();
    loop {
        let started = Instant::now();
        reset(&shared, index);
        let faults = match attempt(&shared, index, &cancel).await {
            Ok(()) => {
                shared.ended(index, State::Succeeded, Some(started.elapsed().as_secs_f64()));
                return Outcome::Succeeded;
            }
            Err(faults) => faults,
        };
        let cancelled = cancel.is_cancelled();
        if let Some(delay) = retry_delay(&shared, index, &faults, &mut failures).filter(|_| !cancelled) {
            let reason = faults.first().map_or_else(String::new, |(_, fault)| fault.to_string());
            shared.observer.event(&Event::SubFlowRetried { name: name.clone(), delay, reason });
            tokio::select! {
                () = tokio::time::sleep(Duration::from_secs_f64(delay)) => continue,
                () = cancel.cancelled() => {}
            }
        }
        record(&shared, index, faults, cancelled);
        let seconds = Some(started.elapsed().as_secs_f64());
        let (state, outcome) =
            if cancelled { (State::Cancelled, Outcome::Cancelled) } else { (State::Failed, Outcome::Failed) };
        shared.ended(index, state, seconds);
        return outcome;
    }
}

/// One attempt; faults of all nodes that failed.
async fn attempt(shared: &Arc<Shared>, index: usize, cancel: &Cancel) -> Result<(), Vec<NodeFault>> {
    let nodes = shared.nodes(index);
    let prepared = prepare::prepare(&shared.job, &shared.project, &nodes, shared.values.scope())?;
    let units = prepare::units(&prepared, &shared.pairs, shared.fuse);
    let publications = plan_publications(shared, &prepared)?;
    let attempt = Arc::new(Attempt {
        shared: Arc::clone(shared),
        prepared,
        publications,
        tables: Mutex::default(),
        cancel: cancel.clone(),
    });
    let mut left: Vec<(u32, Unit)> = (1..).zip(units).collect();
    while !left.is_empty() {
        if cancel.is_cancelled() {
            return Err(Vec::new());
        }
        let done_nodes: Vec<usize> = left.iter().flat_map(|(_, unit)| unit.nodes().to_vec()).collect();
        let is_ready = |unit: &Unit| {
            let from_left = |node: &usize| {
                shared
                    .pairs
                    .iter()
                    .any(|(from, to)| to == node && done_nodes.contains(from) && !unit.nodes().contains(from))
            };
            !unit.nodes().iter().any(from_left)
        };
        let (wave, later): (Vec<_>, Vec<_>) = left.into_iter().partition(|(_, unit)| is_ready(unit));
        left = later;
        if wave.is_empty() {
            let fault = Fault::new(FaultKind::Contract, "the job's data links form a cycle; build it again");
            return Err(vec![(nodes.first().copied().unwrap_or_default(), Box::new(fault))]);
        }
        let mut running = JoinSet::new();
        for (number, unit) in wave {
            running.spawn(run_unit(Arc::clone(&attempt), number, unit));
        }
        let mut faults = Vec::new();
        while let Some(ended) = running.join_next().await {
            match ended {
                Ok(Ok(())) => {}
                Ok(Err(mut found)) => faults.append(&mut found),
                Err(error) => {
                    let fault = Fault::new(FaultKind::Panic, format!("the engine panicked: {error}"));
                    faults.push((nodes.first().copied().unwrap_or_default(), Box::new(fault)));
                }
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        attempt.drop_read_tables(&left);
    }
    if cancel.is_cancelled() {
        return Err(Vec::new());
    }
    publish(attempt).await
}

/// What the units of one attempt share.
pub(super) struct Attempt {
    pub shared: Arc<Shared>,
    pub prepared: Vec<Prepared>,
    pub publications: BTreeMap<usize, Publication>,
    pub tables: Mutex<Tables>,
    pub cancel: Cancel,
}

impl Attempt {
    /// Tables that no later unit reads are given up.
    fn drop_read_tables(&self, left: &[(u32, Unit)]) {
        let is_read = |node: usize| {
            let readers = self.shared.pairs.iter().filter(|(from, _)| *from == node).map(|(_, to)| to);
            readers.into_iter().any(|reader| left.iter().any(|(_, unit)| unit.nodes().contains(reader)))
        };
        self.tables.lock().unwrap_or_else(PoisonError::into_inner).retain(|(node, _), _| is_read(*node));
    }
}

async fn run_unit(attempt: Arc<Attempt>, number: u32, unit: Unit) -> Result<(), Vec<NodeFault>> {
    let started = Instant::now();
    let ids: Vec<&str> =
        unit.nodes().iter().filter_map(|node| Some(attempt.shared.job.dag.nodes.get(*node)?.id.as_str())).collect();
    tracing::debug!(stage = number, nodes = ids.join(", "), "unit started");
    for &node in unit.nodes() {
        attempt.shared.ledger.set_node(node, |node| {
            node.state = State::Running;
            node.stage = Some(number);
        });
    }
    let result = match &unit {
        Unit::Stage(nodes) => wiring::run_stage(&attempt, nodes).await,
        Unit::Module(node) => module::run(&attempt, *node).await.map_err(|fault| vec![(*node, fault)]),
    };
    let seconds = started.elapsed().as_secs_f64();
    for &node in unit.nodes() {
        attempt.shared.ledger.set_node(node, |node| {
            node.seconds = Some(seconds);
            if result.is_ok() {
                node.state = State::Succeeded;
            }
        });
    }
    result
}

/// The places of all file sinks, tried before a row is read.
fn plan_publications(shared: &Shared, prepared: &[Prepared]) -> Result<BTreeMap<usize, Publication>, Vec<NodeFault>> {
    let (mut planned, mut faults) = (BTreeMap::new(), Vec::new());
    for ready in prepared {
        let Some(Lowering::Destination(destination)) = &ready.lowering else { continue };
        let node = shared.job.dag.nodes.get(ready.node).map_or("", |node| node.id.as_str());
        let attempt = format!("{}-{}", shared.values.run_id(), shared.attempts.fetch_add(1, Ordering::Relaxed));
        match Publication::plan(destination, node, &attempt, &shared.claims) {
            Ok(publication) => {
                planned.insert(ready.node, publication);
            }
            Err(fault) => faults.push((ready.node, fault)),
        }
    }
    if faults.is_empty() { Ok(planned) } else { Err(faults) }
}

/// Everything has succeeded: files take their names, and the counts become globals.
async fn publish(attempt: Arc<Attempt>) -> Result<(), Vec<NodeFault>> {
    let shared = Arc::clone(&attempt.shared);
    let published = shared.runtime.spawn_blocking(move || -> Result<(), Vec<NodeFault>> {
        for (node, publication) in &attempt.publications {
            publication.complete().map_err(|fault| vec![(*node, fault)])?;
        }
        for (node, publication) in &attempt.publications {
            publication.publish().map_err(|fault| vec![(*node, fault)])?;
        }
        for ready in attempt.prepared.iter().filter(|ready| ready.lowering.is_some()) {
            set_counts(&attempt.shared, ready.node);
        }
        Ok(())
    });
    match published.await {
        Ok(result) => result,
        Err(error) => {
            Err(vec![(0, Box::new(Fault::new(FaultKind::Panic, format!("publishing files panicked: {error}"))))])
        }
    }
}

/// A lowered node has no code of its own that could set its globals.
fn set_counts(shared: &Shared, node: usize) {
    let Some(node) = shared.job.dag.nodes.get(node) else { return };
    let (rows, rejected) = counts(node, &shared.links);
    for (name, value) in [("row_count", rows), ("reject_count", rejected)] {
        if let Some(value) = value.filter(|_| node.module.globals.iter().any(|global| global == name)) {
            shared.values.set_global(&node.id, name, Value::from(value));
        }
    }
}

/// An attempt begins with all counts at zero.
fn reset(shared: &Shared, index: usize) {
    for link in shared.links.iter().filter(|link| link.sub_flow == index) {
        link.rows.store(0, Ordering::Relaxed);
    }
    for node in shared.nodes(index) {
        shared.ledger.set_node(node, |node| {
            node.state = State::Pending;
            node.fault = None;
            node.seconds = None;
        });
    }
}

/// Seconds until the next attempt, doubled each time; none if there is to be none.
fn retry_delay(
    shared: &Shared,
    index: usize,
    faults: &[NodeFault],
    failures: &mut BTreeMap<usize, u64>,
) -> Option<f64> {
    let (at, _) = faults.first()?;
    if !faults.iter().all(|(_, fault)| fault.transient) {
        return None;
    }
    let node = shared.job.dag.nodes.get(*at)?;
    let settings = &shared.job.metadata.settings;
    let of_node = node.misc.get("retries").and_then(Value::as_u64);
    // What may repeat its effect is repeated only where the failing node says so.
    let repeats =
        |at: &usize| shared.job.dag.nodes.get(*at).is_some_and(|node| node.module.effect == Effect::AtLeastOnce);
    if of_node.is_none() && shared.nodes(index).iter().any(repeats) {
        return None;
    }
    let allowed = of_node.or(settings.retries.map(u64::from)).unwrap_or(DEFAULT_RETRIES);
    let count = failures.entry(*at).or_default();
    *count += 1;
    if *count > allowed {
        return None;
    }
    let base = settings.retry_delay.unwrap_or(DEFAULT_DELAY).max(0.0);
    Some((base * 2_f64.powi(i32::try_from(*count - 1).unwrap_or(30).min(30))).min(MAX_DELAY))
}

/// Faults go to their nodes; what did not end by itself was cancelled.
fn record(shared: &Shared, index: usize, faults: Vec<NodeFault>, cancelled: bool) {
    for (node, fault) in faults {
        let state = if cancelled { State::Cancelled } else { State::Failed };
        shared.ledger.set_node(node, |node| {
            node.state = state;
            // That a stopped node was stopped is no fault of its own.
            node.fault = Some(*fault).filter(|fault| !(cancelled && fault.kind == FaultKind::Cancelled));
        });
    }
    for node in shared.nodes(index) {
        shared.ledger.set_node(node, |node| {
            node.state = match node.state {
                State::Running => State::Cancelled,
                State::Pending => State::Skipped,
                other => other,
            };
        });
    }
}
