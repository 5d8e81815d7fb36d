//! What the driver tells the event log and the ledger: names for numbers, and how often is often enough.

use super::Shared;
use super::items::shown;
use super::pass::{Attempt, Pass};
use crate::run::frames::FrameData;
use crate::run::prepare::NodeFault;
use crate::run::report::{NodePass, PassEnd, counts};
use crate::scheduling::{FATAL, Group, Reason, Resolution, Skipped};
use pypeline_schema::event::{Event, StopReason};
use pypeline_schema::execution_metadata::{ScopeKind, SubFlowLink};
use pypeline_schema::fault::Fault;
use pypeline_schema::run_result::{FailureResult, State};
use std::sync::atomic::Ordering;

impl Shared {
    fn link(&self, link: usize) -> Option<&SubFlowLink> {
        self.job.metadata.control.get(link)
    }

    /// The sub flow that a control link reaches.
    pub(super) fn target(&self, link: usize) -> &str {
        self.link(link).map_or("", |link| link.to.as_str())
    }

    pub(super) fn tell_skipped(&self, frame: &FrameData, sub_flow: usize, why: Skipped) {
        self.ledger.skipped(sub_flow, why);
        self.journal.tell_if_loud(frame, || Event::SubFlowFinished {
            sub_flow: self.sub_flow_name(sub_flow).to_owned(),
            state: State::Skipped,
            skipped: Some(why),
            attempts: None,
            seconds: None,
        });
    }

    pub(super) fn tell_resolved(&self, frame: &FrameData, link: usize, resolution: Resolution, reason: Reason) {
        let Some(link) = self.link(link) else { return };
        self.journal.tell_if_loud(frame, || Event::LinkResolved {
            from: link.node.clone(),
            to: link.to.clone(),
            order: link.order,
            condition: link.condition.clone(),
            resolution,
            reason,
        });
    }

    pub(super) fn tell_loop_started(&self, frame: &FrameData, at: usize, items: Option<u64>) {
        let parallel = match self.job.index.conditions.get(at) {
            Some(pypeline_schema::valve::Condition::Iterate { parallel }) => *parallel,
            _ => 1,
        };
        let from = self.link(at).map_or_else(String::new, |link| link.node.clone());
        self.journal.tell_if_loud(frame, || Event::LoopStarted {
            from,
            to: self.target(at).to_owned(),
            parallel,
            items,
        });
    }

    pub(super) fn tell_loop_finished(&self, frame: &FrameData, link: usize, items: u64, failed: u64) {
        self.journal.tell_if_loud(frame, || Event::LoopFinished { to: self.target(link).to_owned(), items, failed });
    }

    /// A scope in the background begins or ends.
    pub(super) fn tell_background(&self, frame: &FrameData, scope: usize, begins: bool) {
        let Some(scope) = self.job.metadata.scopes.get(scope).filter(|scope| scope.kind == ScopeKind::Start) else {
            return;
        };
        let to = self.target(scope.link).to_owned();
        self.journal.tell_if_loud(frame, || match begins {
            true => Event::BackgroundStarted { to },
            false => Event::BackgroundFinished { to },
        });
    }

    pub(super) fn tell_started(&self, pass: &Pass, attempt: u64) {
        let name = self.sub_flow_name(pass.sub_flow);
        self.journal.tell_if_loud(&pass.frame, || Event::SubFlowStarted { sub_flow: name.to_owned(), attempt });
    }

    pub(super) fn tell_stopping(&self, frame: &FrameData, reason: StopReason) {
        self.journal.tell(frame, Event::Stopping { reason });
    }

    /// Records the end of a pass and tells of it: each node, then the sub flow.
    pub(super) fn tell_ended(&self, attempt: &Attempt, nodes: Vec<NodePass>, state: State) {
        let pass = &attempt.pass;
        let attempts = pass.history().attempts;
        let seconds = pass.started.elapsed().as_secs_f64();
        if state != State::Succeeded || !pass.frame.is_quiet {
            for node in &nodes {
                let event = self.node_finished(attempt, node);
                self.journal.tell(&pass.frame, event);
            }
            let sub_flow = self.sub_flow_name(pass.sub_flow).to_owned();
            let (attempts, seconds) = (Some(attempts), Some(seconds));
            let event = Event::SubFlowFinished { sub_flow, state, skipped: None, attempts, seconds };
            self.journal.tell(&pass.frame, event);
        }
        self.ledger.ended(pass.sub_flow, PassEnd { state, attempts, seconds, nodes });
    }

    fn node_finished(&self, attempt: &Attempt, pass: &NodePass) -> Event {
        let has_begun = !matches!(pass.state, State::Pending | State::Skipped);
        let found = self
            .job
            .dag
            .nodes
            .get(pass.node)
            .filter(|_| has_begun)
            .map(|node| counts(&self.job, pass.node, node, |link| attempt.counter(link).load(Ordering::Relaxed)));
        let found = found.unwrap_or_default();
        Event::NodeFinished {
            node: self.node_id(pass.node).to_owned(),
            state: pass.state,
            rows_in: found.rows_in,
            rows_out: found.rows_out.or(pass.items),
            rows_rejected: found.rejected,
            seconds: pass.seconds,
            fault: pass.fault.clone(),
        }
    }

    /// The scheduler has said what a failure means.
    pub(super) fn note_failure(
        &self,
        frame: &FrameData,
        group: Group,
        faults: Vec<NodeFault>,
        of_link: Option<(usize, Fault)>,
    ) {
        let mut found: Vec<(String, u32, Fault)> =
            faults.into_iter().map(|(node, fault)| (self.node_id(node).to_owned(), self.line(node), *fault)).collect();
        if let Some((link, fault)) = of_link
            && let Some(link) = self.link(link)
        {
            found.push((link.node.clone(), link.line, fault.with("condition", &link.condition)));
        }
        if !found.is_empty() {
            frame.note_failure();
        }
        for (node, line, fault) in found {
            let sub_flow = self.job.index.node(&node).map(|at| self.job.index.sub_flow_of(at));
            let sub_flow = sub_flow.map_or_else(String::new, |at| self.sub_flow_name(at).to_owned());
            let item = frame.innermost().map(|(item, _)| shown(item));
            let failure = FailureResult { sub_flow, node, line, iter: frame.path(), item, handled: false, fault };
            self.ledger.failures().add(group, failure);
        }
    }

    /// A failure after the flow's own end of things: of an instance's teardown.
    pub(super) fn note_late_failure(&self, node: usize, fault: Fault) {
        tracing::error!(node_id = self.node_id(node), "{fault}");
        self.note_failure(&FrameData::flow(), FATAL, vec![(node, Box::new(fault))], None);
    }

    fn line(&self, node: usize) -> u32 {
        self.job.dag.nodes.get(node).map_or(0, |node| node.line)
    }

    pub(super) fn tell_handled(&self, group: Group) {
        let handled = self.ledger.failures().handled(group);
        for (iter, sub_flow) in handled {
            self.journal.tell_at(iter, Event::FailureHandled { sub_flow });
        }
    }
}
