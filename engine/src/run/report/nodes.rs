//! Nodes in the result: rows in, out and rejected, from the counts of their links.

use crate::run::job::Job;
use crate::run::observe::LinkCounter;
use pypeline_schema::dag::DagNode;
use pypeline_schema::fault::Fault;
use pypeline_schema::manifest::ModuleKind;
use pypeline_schema::run_result::{NodeResult, State};
use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

/// The name of the port for rows that a node did not take.
const REJECT: &str = "reject";

/// A node in one pass of its sub flow.
#[derive(Debug, Clone)]
pub(in crate::run) struct NodePass {
    pub node: usize,
    pub state: State,
    pub seconds: Option<f64>,
    pub stage: Option<u32>,
    /// Items that it gave to a loop, where no data link counts its rows.
    pub items: Option<u64>,
    pub fault: Option<Fault>,
}

/// How a node stands, over all passes.
#[derive(Debug, Clone, Default)]
pub(super) struct NodeState {
    ended: Option<State>,
    seconds: Option<f64>,
    stage: Option<u32>,
    items: Option<u64>,
    fault: Option<Fault>,
}

impl NodeState {
    pub(super) fn take(&mut self, pass: NodePass) {
        self.ended = Some(super::graver(self.ended, pass.state));
        if let Some(seconds) = pass.seconds {
            *self.seconds.get_or_insert(0.0) += seconds;
        }
        if let Some(items) = pass.items {
            *self.items.get_or_insert(0) += items;
        }
        self.stage = pass.stage.or(self.stage);
        if self.fault.is_none() {
            self.fault = pass.fault;
        }
    }
}

/// Rows of a node: in, out, rejected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::run) struct Counts {
    pub rows_in: Option<u64>,
    pub rows_out: Option<u64>,
    pub rejected: Option<u64>,
    /// Of a node that only parts its rows, those that left by no linked port.
    pub filtered: Option<u64>,
}

impl Counts {
    /// More rows have left the node than came to it, though each may leave once only: in, and out by all ports.
    pub(in crate::run) fn excess(&self, node: &DagNode) -> Option<(u64, u64)> {
        let (taken, given) = (self.rows_in?, self.rows_out.unwrap_or(0) + self.rejected.unwrap_or(0));
        (node.module.parts_rows && given > taken).then_some((taken, given))
    }
}

/// What the counts of a node's links, told by `rows`, say of it.
pub(in crate::run) fn counts(job: &Job, at: usize, node: &DagNode, rows: impl Fn(usize) -> u64) -> Counts {
    let (inputs, outputs) = (job.index.inputs.get(at), job.index.outputs.get(at));
    let taken = || inputs.into_iter().flatten().map(|link| rows(*link)).sum();
    // Every link of a port carries all its rows.
    let of_port = |port: &str| {
        let leaves = |link: &&usize| job.dag.data_links.get(**link).is_some_and(|link| link.from.port == port);
        outputs.into_iter().flatten().filter(leaves).map(|link| rows(*link)).max()
    };
    let leaving = outputs.into_iter().flatten().filter_map(|link| job.dag.data_links.get(*link));
    let ports: BTreeSet<&str> = leaving.map(|link| link.from.port.as_str()).filter(|port| *port != REJECT).collect();
    let given = || ports.iter().filter_map(|port| of_port(port)).reduce(|a, b| a + b);
    let (rows_in, rows_out) = match node.module.kind {
        ModuleKind::Source => (None, given()),
        ModuleKind::Mod => (Some(taken()), given()),
        ModuleKind::Sink => (Some(taken()), Some(taken())),
        ModuleKind::Solo => (None, None),
    };
    let rejected = of_port(REJECT);
    let left = rows_in.filter(|_| node.module.parts_rows);
    let filtered = left.map(|taken| taken.saturating_sub(rows_out.unwrap_or(0) + rejected.unwrap_or(0)));
    Counts { rows_in, rows_out, rejected, filtered }
}

pub(super) fn result(
    job: &Job,
    at: usize,
    node: &DagNode,
    state: &NodeState,
    links: &[LinkCounter],
    (was_never_run, in_loop): (bool, bool),
) -> NodeResult {
    let ended = state.ended.unwrap_or(if was_never_run { State::Skipped } else { State::Pending });
    let has_begun = !matches!(ended, State::Pending | State::Skipped);
    let found = counts(job, at, node, |link| links.get(link).map_or(0, |link| link.rows.load(Ordering::Relaxed)));
    // A sink has written nothing until its sub flow has succeeded; in a loop, only what did is counted.
    let wrote = |_: &u64| {
        node.module.kind != ModuleKind::Sink || matches!(ended, State::Succeeded | State::Restored) || in_loop
    };
    NodeResult {
        id: node.id.clone(),
        module: node.module.name.clone(),
        library: node.library.clone(),
        line: node.line,
        state: ended,
        rows_in: found.rows_in.filter(|_| has_begun),
        rows_out: found.rows_out.filter(wrote).or(state.items).filter(|_| has_begun),
        rows_rejected: found.rejected.filter(|_| has_begun),
        rows_filtered: found.filtered.filter(|_| has_begun),
        seconds: state.seconds,
        stage: state.stage,
        fault: state.fault.clone(),
    }
}
