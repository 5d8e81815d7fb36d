//! What happened, kept while the run goes on, and put together as the result at its end.

use super::job::Job;
use super::observe::LinkCounter;
use pypeline_schema::FORMAT_VERSION;
use pypeline_schema::dag::DagNode;
use pypeline_schema::fault::Fault;
use pypeline_schema::manifest::ModuleKind;
use pypeline_schema::run_result::{LinkResult, NodeResult, RunResult, State, SubFlowResult};
use std::sync::atomic::Ordering;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The name of the port for rows that a node did not take.
const REJECT: &str = "reject";

/// How each sub flow and node stands.
#[derive(Debug)]
pub(super) struct Ledger {
    sub_flows: Mutex<Vec<(State, Option<f64>)>>,
    nodes: Mutex<Vec<NodeState>>,
}

/// How a node stands.
#[derive(Debug, Clone)]
pub(super) struct NodeState {
    pub state: State,
    pub seconds: Option<f64>,
    pub stage: Option<u32>,
    pub fault: Option<Fault>,
}

impl Ledger {
    pub(super) fn new(job: &Job) -> Self {
        let node = NodeState { state: State::Pending, seconds: None, stage: None, fault: None };
        Self {
            sub_flows: Mutex::new(vec![(State::Pending, None); job.metadata.sub_flows.len()]),
            nodes: Mutex::new(vec![node; job.dag.nodes.len()]),
        }
    }

    pub(super) fn set_sub_flow(&self, index: usize, state: State, seconds: Option<f64>) {
        if let Some(entry) = lock(&self.sub_flows).get_mut(index) {
            *entry = (state, seconds);
        }
    }

    pub(super) fn sub_flow_state(&self, index: usize) -> State {
        lock(&self.sub_flows).get(index).map_or(State::Pending, |(state, _)| *state)
    }

    pub(super) fn set_node(&self, index: usize, change: impl FnOnce(&mut NodeState)) {
        if let Some(node) = lock(&self.nodes).get_mut(index) {
            change(node);
        }
    }

    /// The result, with counts as they stand.
    pub(super) fn result(&self, job: &Job, links: &[LinkCounter], run_id: &str, ended: Ended) -> RunResult {
        let nodes = lock(&self.nodes);
        let states = lock(&self.sub_flows);
        let node_result = |id: &String| {
            let at = job.dag.nodes.iter().position(|node| node.id == *id)?;
            Some(node_result(job.dag.nodes.get(at)?, nodes.get(at)?, links))
        };
        let sub_flows =
            job.metadata.sub_flows.iter().zip(states.iter()).map(|(sub_flow, (state, seconds))| SubFlowResult {
                name: sub_flow.name.clone(),
                state: *state,
                seconds: *seconds,
                nodes: sub_flow.nodes.iter().filter_map(node_result).collect(),
            });
        RunResult {
            format_version: FORMAT_VERSION,
            run_id: run_id.to_owned(),
            job: job.dag.flow.name.clone(),
            state: ended.state,
            exit_code: ended.exit_code,
            seconds: ended.seconds,
            fault: ended.fault,
            peak_rss_bytes: peak_rss(),
            sub_flows: sub_flows.collect(),
            links: links
                .iter()
                .map(|link| LinkResult { from: link.from.clone(), to: link.to.clone(), rows: rows(link) })
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
}

fn rows(link: &LinkCounter) -> u64 {
    link.rows.load(Ordering::Relaxed)
}

/// Rows that a node gave out by one port: every link of the port carries them all.
fn port_rows(node: &str, port: &str, links: &[LinkCounter]) -> Option<u64> {
    links.iter().filter(|link| link.from.node == node && link.from.port == port).map(rows).max()
}

fn node_result(node: &DagNode, state: &NodeState, links: &[LinkCounter]) -> NodeResult {
    let has_begun = !matches!(state.state, State::Pending | State::Skipped);
    let taken = links.iter().filter(|link| link.to.node == node.id).map(rows).sum();
    let ports = node.module.output_ports.iter().filter(|port| *port != REJECT);
    let given = ports.filter_map(|port| port_rows(&node.id, port, links)).reduce(|a, b| a + b);
    let (rows_in, rows_out) = match node.module.kind {
        ModuleKind::Source => (None, given),
        ModuleKind::Mod => (Some(taken), given),
        ModuleKind::Sink => (Some(taken), (state.state == State::Succeeded).then_some(taken)),
        ModuleKind::Solo => (None, None),
    };
    NodeResult {
        id: node.id.clone(),
        module: node.module.name.clone(),
        library: node.library.clone(),
        line: node.line,
        state: state.state,
        rows_in: rows_in.filter(|_| has_begun),
        rows_out: rows_out.filter(|_| has_begun),
        rows_rejected: port_rows(&node.id, REJECT, links).filter(|_| has_begun),
        seconds: state.seconds,
        stage: state.stage,
        fault: state.fault.clone(),
    }
}

/// The values of the globals `row_count` and `reject_count` of a node that was lowered.
pub(super) fn counts(node: &DagNode, links: &[LinkCounter]) -> (Option<u64>, Option<u64>) {
    let state = NodeState { state: State::Succeeded, seconds: None, stage: None, fault: None };
    let result = node_result(node, &state, links);
    (result.rows_out, result.rows_rejected)
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
