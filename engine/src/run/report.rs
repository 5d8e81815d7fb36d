//! What happened, kept while the run goes on, and put together as the result at its end.

mod failures;
mod nodes;

use super::job::Job;
use super::observe::LinkCounter;
pub(super) use failures::Failures;
pub(super) use nodes::{NodePass, counts};
use pypeline_schema::FORMAT_VERSION;
use pypeline_schema::fault::Fault;
use pypeline_schema::run_result::{LinkResult, RunResult, Skipped, State, SubFlowResult};
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How each sub flow and node stands.
#[derive(Debug)]
pub(super) struct Ledger {
    sub_flows: Mutex<Vec<SubFlowState>>,
    nodes: Mutex<Vec<nodes::NodeState>>,
    failures: Mutex<Failures>,
}

#[derive(Debug, Clone, Default)]
struct SubFlowState {
    running: u64,
    /// Over all passes.
    ended: Option<State>,
    skipped: Option<Skipped>,
    runs: u64,
    failed: u64,
    retries: u64,
    restored: u64,
    seconds: f64,
}

/// One pass of a sub flow, all attempts taken together.
#[derive(Debug)]
pub(super) struct PassEnd {
    pub state: State,
    pub attempts: u64,
    pub seconds: f64,
    pub nodes: Vec<NodePass>,
}

/// Of two ends of passes, the one that is told of both.
fn graver(a: Option<State>, b: State) -> State {
    let rank = |state: State| match state {
        State::Pending => 0,
        State::Skipped => 1,
        State::Restored => 2,
        State::Succeeded => 3,
        State::Running => 4,
        State::Cancelled => 5,
        State::Failed => 6,
    };
    a.filter(|a| rank(*a) > rank(b)).unwrap_or(b)
}

impl Ledger {
    pub(super) fn new(job: &Job) -> Self {
        Self {
            sub_flows: Mutex::new(vec![SubFlowState::default(); job.metadata.sub_flows.len()]),
            nodes: Mutex::new(vec![nodes::NodeState::default(); job.dag.nodes.len()]),
            failures: Mutex::default(),
        }
    }

    pub(super) fn started(&self, sub_flow: usize) {
        if let Some(entry) = lock(&self.sub_flows).get_mut(sub_flow) {
            entry.running += 1;
        }
    }

    pub(super) fn ended(&self, sub_flow: usize, end: PassEnd) {
        if let Some(entry) = lock(&self.sub_flows).get_mut(sub_flow) {
            entry.running = entry.running.saturating_sub(1);
            entry.ended = Some(graver(entry.ended, end.state));
            entry.runs += 1;
            entry.failed += u64::from(end.state == State::Failed);
            entry.retries += end.attempts.saturating_sub(1);
            entry.seconds += end.seconds;
        }
        let mut nodes = lock(&self.nodes);
        for pass in end.nodes {
            if let Some(node) = nodes.get_mut(pass.node) {
                node.take(pass);
            }
        }
    }

    /// A sub flow was taken from a checkpoint. `items` are those that its nodes gave to loops.
    pub(super) fn restored(&self, job: &Job, sub_flow: usize, items: &BTreeMap<String, u64>) {
        if let Some(entry) = lock(&self.sub_flows).get_mut(sub_flow) {
            entry.ended = Some(graver(entry.ended, State::Restored));
            entry.restored += 1;
        }
        let mut nodes = lock(&self.nodes);
        for &at in job.index.nodes_of.get(sub_flow).into_iter().flatten() {
            let items = job.dag.nodes.get(at).and_then(|node| items.get(&node.id)).copied();
            if let Some(node) = nodes.get_mut(at) {
                let (state, seconds, stage, fault) = (State::Restored, None, None, None);
                node.take(NodePass { node: at, state, seconds, stage, items, fault });
            }
        }
    }

    pub(super) fn skipped(&self, sub_flow: usize, why: Skipped) {
        if let Some(entry) = lock(&self.sub_flows).get_mut(sub_flow) {
            entry.ended = Some(graver(entry.ended, State::Skipped));
            entry.skipped.get_or_insert(why);
        }
    }

    pub(super) fn failures(&self) -> MutexGuard<'_, Failures> {
        lock(&self.failures)
    }

    /// The result, with counts as they stand.
    pub(super) fn result(&self, job: &Job, links: &[LinkCounter], run_id: &str, ended: Ended) -> RunResult {
        let (nodes, states) = (lock(&self.nodes), lock(&self.sub_flows));
        let sub_flow = |(at, state): (usize, &SubFlowState)| {
            let members = job.index.nodes_of.get(at).into_iter().flatten();
            let was_never_run = state.runs == 0 && state.running == 0 && state.restored == 0;
            let in_loop = job.index.in_loop.get(at).copied().unwrap_or(false);
            let nodes = members.filter_map(|at| {
                let node = job.dag.nodes.get(*at)?;
                Some(nodes::result(job, *at, node, nodes.get(*at)?, links, (was_never_run, in_loop)))
            });
            SubFlowResult {
                name: job.metadata.sub_flows.get(at).map_or_else(String::new, |sub_flow| sub_flow.name.clone()),
                // What runs still was given up; what never began in a run that has ended was skipped.
                state: if state.running > 0 { State::Cancelled } else { state.ended.unwrap_or(State::Skipped) },
                skipped: state.skipped.filter(|_| was_never_run),
                runs: state.runs,
                failed: state.failed,
                retries: state.retries,
                restored: state.restored,
                seconds: (state.runs > 0).then_some(state.seconds),
                nodes: nodes.collect(),
            }
        };
        let failures = lock(&self.failures);
        RunResult {
            format_version: FORMAT_VERSION,
            run_id: run_id.to_owned(),
            job: job.dag.flow.name.clone(),
            state: ended.state,
            exit_code: ended.exit_code,
            seconds: ended.seconds,
            fault: ended.fault,
            peak_rss_bytes: peak_rss(),
            sub_flows: states.iter().enumerate().map(sub_flow).collect(),
            failures: failures.list(),
            n_failures: failures.n_all(),
            n_handled: failures.n_handled(),
            record: ended.record,
            resumes: None,
            resume: None,
            links: links
                .iter()
                .map(|link| LinkResult {
                    from: link.from.clone(),
                    to: link.to.clone(),
                    rows: link.rows.load(Ordering::Relaxed),
                })
                .collect(),
        }
    }
}

/// How the run as a whole ended.
pub(super) struct Ended {
    pub state: State,
    pub exit_code: u8,
    pub seconds: f64,
    pub fault: Option<Fault>,
    pub record: Option<String>,
}

/// Most resident memory of this process so far, in bytes; 0 where the system does not tell.
fn peak_rss() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()).and_then(|number| number.parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
