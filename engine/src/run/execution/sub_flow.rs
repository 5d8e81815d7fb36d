//! One sub flow: attempts, waves of units, and at the end everything published or nothing.

use super::pass::{Attempt, Pass, Work, lock};
use super::watch::Due;
use super::{Shared, landing, module, outputs, retry, secrets, services, wave, wiring};
use crate::run::prepare::{self, NodeFault, SubFlowPlan, Unit};
use crate::run::report::NodePass;
use crate::scheduling::Outcome;
use pypeline_schema::event::Event;
use pypeline_schema::fault::{Fault, FaultKind};
use pypeline_schema::run_result::State;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

/// An attempt that was abandoned, and why it is a failure.
type Abandoned = (Arc<Attempt>, Vec<NodeFault>);

/// Runs a sub flow until it succeeds, or its last attempt has failed. Begun with an abandoned attempt, it goes on after that.
/// Nothing comes back if an attempt was abandoned here: somebody else has gone on.
pub(super) async fn run(
    shared: &Arc<Shared>,
    pass: &Arc<Pass>,
    mut abandoned: Option<Abandoned>,
) -> Option<(Outcome, Vec<NodeFault>)> {
    loop {
        let (attempt, result) = match abandoned.take() {
            Some((attempt, faults)) => (attempt, Err(faults)),
            None => {
                let attempt = begin(shared, pass);
                let result = caught(&attempt, work(&attempt)).await;
                if !attempt.end() {
                    return None;
                }
                (attempt, result)
            }
        };
        attempt.close();
        let timed_out = lock(&attempt.timed_out).take();
        let faults = match (result, timed_out) {
            (Ok(()), _) => {
                let nodes = std::mem::take(&mut *lock(&attempt.nodes));
                shared.tell_ended(&attempt, nodes, State::Succeeded);
                return Some((Outcome::Succeeded, Vec::new()));
            }
            (Err(faults), None) => faults,
            // Asked to stop because it took too long: that is the failure, whatever came of the asking.
            (Err(faults), Some((node, fault))) => {
                let running = faults.first().map(|(node, _)| *node);
                let node = node.or(running).or_else(|| shared.nodes(pass.sub_flow).first().copied());
                vec![(node.unwrap_or_default(), Box::new(fault))]
            }
        };
        let is_stopped = pass.stop.is_cancelled();
        let delay = if is_stopped { None } else { retry::delay(shared, pass.sub_flow, &faults, &mut pass.history()) };
        if let Some(delay) = delay
            && pause(shared, pass, delay, &faults).await
        {
            continue;
        }
        let is_stopped = is_stopped || pass.stop.is_cancelled();
        return Some(fail(shared, &attempt, faults, is_stopped));
    }
}

/// A new attempt, known to whoever may have to stop it.
fn begin(shared: &Arc<Shared>, pass: &Arc<Pass>) -> Arc<Attempt> {
    let attempt = Attempt::new(shared, pass);
    let number = {
        let mut history = pass.history();
        history.attempts += 1;
        history.attempts
    };
    *lock(&pass.current) = Some(Arc::clone(&attempt));
    // Looked at after the attempt can be found: a wish to stop is seen here, or reaches the attempt.
    if pass.stop.is_cancelled() {
        shared.stop(&attempt);
    }
    shared.tell_started(pass, number);
    attempt.note_begin();
    attempt
}

/// Waits before the next attempt; false if the sub flow is asked to stop meanwhile.
async fn pause(shared: &Shared, pass: &Pass, delay: f64, faults: &[NodeFault]) -> bool {
    let reason = faults.first().map_or_else(String::new, |(_, fault)| fault.to_string());
    let (sub_flow, number) = (shared.sub_flow_name(pass.sub_flow).to_owned(), pass.history().attempts);
    shared.journal.tell(&pass.frame, Event::Retry { sub_flow, attempt: number, delay, reason });
    tokio::select! {
        () = tokio::time::sleep(Duration::from_secs_f64(delay)) => !pass.stop.is_cancelled(),
        () = pass.stop.cancelled() => false,
    }
}

/// The last attempt has failed, or was stopped: its faults go to their nodes.
fn fail(shared: &Shared, attempt: &Attempt, faults: Vec<NodeFault>, is_stopped: bool) -> (Outcome, Vec<NodeFault>) {
    let mut nodes: Vec<NodePass> = std::mem::take(&mut *lock(&attempt.nodes));
    for (at, fault) in &faults {
        let Some(node) = nodes.iter_mut().find(|node| node.node == *at) else { continue };
        node.state = if is_stopped { State::Cancelled } else { State::Failed };
        // That a stopped node was stopped is no fault of its own.
        node.fault = Some((**fault).clone()).filter(|fault| !(is_stopped && fault.kind == FaultKind::Cancelled));
    }
    for node in &mut nodes {
        node.state = match node.state {
            State::Running => State::Cancelled,
            State::Pending => State::Skipped,
            other => other,
        };
    }
    if !is_stopped {
        attempt.note_failure(&faults);
        // What the failed nodes have said of themselves is for their handlers.
        attempt.commit_globals();
        attempt.pass.frame.set(attempt.error_globals(&faults));
    }
    let (state, outcome) =
        if is_stopped { (State::Cancelled, Outcome::Cancelled) } else { (State::Failed, Outcome::Failed) };
    shared.tell_ended(attempt, nodes, state);
    (outcome, faults)
}

/// A panic of the engine's own code is a failure of the sub flow, and no lost lane.
async fn caught(
    attempt: &Attempt,
    work: impl Future<Output = Result<(), Vec<NodeFault>>>,
) -> Result<(), Vec<NodeFault>> {
    let mut work = Box::pin(work);
    std::future::poll_fn(|cx| {
        catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(cx))).unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default();
            let blame = attempt.shared.nodes(attempt.pass.sub_flow).first().copied().unwrap_or_default();
            let fault = Fault::new(FaultKind::Panic, format!("the engine panicked: {text}"));
            Poll::Ready(Err(vec![(blame, Box::new(fault))]))
        })
    })
    .await
}

/// One attempt; faults of all nodes that failed.
async fn work(attempt: &Arc<Attempt>) -> Result<(), Vec<NodeFault>> {
    let shared = &attempt.shared;
    let limit = shared.job.metadata.settings.sub_flow_timeout;
    let due = limit.and_then(|seconds| {
        shared.watch.add(Duration::from_secs(seconds), Due::Attempt(Arc::clone(attempt), seconds as f64))
    });
    let result = waves(attempt).await;
    shared.watch.remove(due);
    result
}

async fn waves(attempt: &Arc<Attempt>) -> Result<(), Vec<NodeFault>> {
    secrets::fetch(attempt).await?;
    let plan = plan(attempt)?;
    outputs::plan(attempt, &plan)?;
    let work = Work { attempt: Arc::clone(attempt), plan };
    for (at, units) in work.plan.waves.iter().enumerate() {
        if attempt.cancel.is_cancelled() {
            return Err(Vec::new());
        }
        wave::run(&work, units).await?;
        drop_read_tables(&work, at + 1);
    }
    if attempt.cancel.is_cancelled() {
        return Err(Vec::new());
    }
    landing::land(&work).await
}

/// What the sub flow does: worked out once where no template can change it.
fn plan(attempt: &Attempt) -> Result<Arc<SubFlowPlan>, Vec<NodeFault>> {
    let (shared, at) = (&attempt.shared, attempt.pass.sub_flow);
    let known = shared.plans.get(at).filter(|_| !shared.job.index.is_variable(at));
    if let Some(plan) = known.and_then(|known| known.get()) {
        return Ok(Arc::clone(plan));
    }
    let scope = shared.values.scope(&attempt.pass.frame);
    let plan = Arc::new(prepare::plan(&shared.job, &shared.project, at, &scope, shared.options.fuse)?);
    Ok(match known {
        Some(known) => Arc::clone(known.get_or_init(|| plan)),
        None => plan,
    })
}

/// Tables that no later unit reads, and no loop, are given up.
fn drop_read_tables(work: &Work, next_wave: usize) {
    let (attempt, index) = (&work.attempt, &work.attempt.shared.job.index);
    let mut tables = lock(&attempt.tables);
    if tables.is_empty() {
        return;
    }
    let left = work.plan.waves.get(next_wave..).unwrap_or_default();
    let is_read = |node: usize, port: &String| {
        let readers = index.outputs.get(node).into_iter().flatten().filter_map(|link| index.pairs.get(*link));
        let by_unit = |(_, to): &(usize, usize)| left.iter().flatten().any(|(_, unit)| unit.nodes().contains(to));
        let by_loop = index.lists.get(node).is_some_and(|ports| ports.contains(port));
        by_loop || readers.into_iter().any(by_unit)
    };
    tables.retain(|(node, port), _| is_read(*node, port));
}

/// Runs one unit to its end.
pub(super) async fn run_unit(work: &Work, number: u32, unit: &Unit) -> Result<(), Vec<NodeFault>> {
    let (attempt, shared) = (&work.attempt, &work.attempt.shared);
    let started = Instant::now();
    if !attempt.pass.frame.is_quiet {
        let nodes = || unit.nodes().iter().map(|node| shared.node_id(*node)).collect::<Vec<_>>().join(", ");
        tracing::debug!(stage = number, nodes = nodes(), "unit started");
    }
    for &node in unit.nodes() {
        attempt.change_node(node, |node| {
            node.state = State::Running;
            node.stage = Some(number);
        });
    }
    let limit = |node: &usize| {
        let seconds = shared.job.dag.nodes.get(*node)?.misc.get("timeout")?.as_f64()?;
        let after = Duration::try_from_secs_f64(seconds).ok()?;
        shared.watch.add(after, Due::Node(Arc::clone(attempt), *node, seconds))
    };
    let due: Vec<_> = unit.nodes().iter().map(limit).collect();
    let result = match unit {
        Unit::Stage(nodes) => wiring::run_stage(work, nodes).await,
        Unit::Module(node) => module::run(work, *node).await.map_err(|fault| vec![(*node, fault)]),
        Unit::Service(node) => services::run(work, *node).await.map_err(|fault| vec![(*node, fault)]),
    };
    due.into_iter().for_each(|due| shared.watch.remove(due));
    let seconds = started.elapsed().as_secs_f64();
    for &node in unit.nodes() {
        attempt.change_node(node, |node| {
            node.seconds = Some(seconds);
            if result.is_ok() {
                node.state = State::Succeeded;
            }
        });
    }
    result
}
