//! Branches going on: the next group of links, or the end, and what waits for it.

use super::gate::{Arrival, Decision};
use super::resolve::{Situation, resolve};
use super::state::{Branch, Chain, End, Exit, Kind, Member, Region};
use super::{Cause, Command, FATAL, FLOW, Group, LinkKind, Resolution, Run, Scheduler, Skipped, Verdict, When};
use std::sync::Arc;

/// A sub flow on its way to be run or skipped.
pub(super) struct Entry {
    pub sub_flow: usize,
    pub decision: Decision,
    pub frame: usize,
    /// The branch that will wait for it.
    pub parent: usize,
    pub chain: Chain,
    /// Below an `error` or `always` link.
    pub is_exempt: bool,
    pub handles: Vec<Group>,
}

/// How a link ended, and where.
pub(super) struct LinkEnd {
    pub link: usize,
    pub resolution: Resolution,
    pub frame: usize,
    /// The branch that will wait for what it opens.
    pub parent: usize,
    pub chain: Chain,
    /// It opened below an `error` or `always` link inside a loop that it leads out of.
    pub is_exempt: bool,
    /// Failures that it takes to their handler.
    pub handles: Vec<Group>,
}

/// What the links of a group have led to.
#[derive(Default)]
pub(super) struct Delivery {
    pub entries: Vec<Entry>,
    /// Branches that have begun already and have to go on.
    pub begun: Vec<usize>,
}

impl Scheduler {
    /// Goes on with a branch, and then with all that waited for it.
    pub(super) fn advance(&mut self, at: usize, commands: &mut Vec<Command>) {
        self.work_off(vec![at], commands);
    }

    /// Goes on with branches, the last first, until all of them wait or have ended.
    pub(super) fn work_off(&mut self, mut work: Vec<usize>, commands: &mut Vec<Command>) {
        while let Some(at) = work.pop() {
            self.step(at, &mut work, commands);
        }
        if self.root_ended && self.in_background == 0 && self.queue.is_empty() && !self.finished {
            self.finished = true;
            if self.cancelled {
                self.let_go(commands);
            }
            commands.push(Command::Finish);
        }
    }

    /// What a cancelled run never came to: handlers, and what waited to be started.
    fn let_go(&mut self, commands: &mut Vec<Command>) {
        let lost = std::mem::take(&mut self.undecided).into_keys();
        commands.extend(lost.map(|group| Command::Merge(group, FATAL)));
        self.frames.retain(|frame, _| frame == FLOW);
        self.regions.retain(|region, _| region == 0);
    }

    fn step(&mut self, at: usize, work: &mut Vec<usize>, commands: &mut Vec<Command>) {
        let cancelled = self.cancelled;
        let Some(branch) = self.branches.get_mut(at) else { return };
        if branch.waiting > 0 && !matches!(branch.kind, Kind::Loop(_)) {
            return;
        }
        match &mut branch.kind {
            Kind::Running { .. } => {}
            Kind::Roots { next } => match self.layout.roots.get(*next).filter(|_| !cancelled).cloned() {
                Some(roots) => {
                    *next += 1;
                    self.enter_roots(at, &roots, work, commands);
                }
                None => self.end(at, work, commands),
            },
            Kind::Links(links) => {
                if links.is_asked {
                    return;
                }
                let groups = self.layout.outgoing.get(links.sub_flow);
                let Some(group) = groups.and_then(|groups| groups.get(links.next)).filter(|_| !cancelled) else {
                    self.end(at, work, commands);
                    return;
                };
                let asks = |link: &&usize| self.layout.link(**link).is_some_and(|link| link.when == When::Expression);
                let expressions: Vec<usize> = group.iter().filter(asks).copied().collect();
                let (frame, region) = (branch.frame, branch.region);
                let opens = links.end == End::Succeeded && !links.loop_failed;
                if opens && !expressions.is_empty() && !self.is_halted(region) {
                    if let Some(Kind::Links(links)) = self.branches.get_mut(at).map(|branch| &mut branch.kind) {
                        links.is_asked = true;
                    }
                    commands.push(Command::Evaluate { place: at, frame, links: expressions });
                } else {
                    self.resolve_group(at, &[], work, commands);
                }
            }
            Kind::Loop(_) => self.step_loop(at, work, commands),
            Kind::Frame => self.end(at, work, commands),
        }
    }

    /// The next group of a branch's links, its expressions answered.
    pub(super) fn follow_group(&mut self, at: usize, verdicts: &[Verdict], commands: &mut Vec<Command>) {
        if self.cancelled {
            return self.advance(at, commands);
        }
        let mut work = Vec::new();
        self.resolve_group(at, verdicts, &mut work, commands);
        self.work_off(work, commands);
    }

    fn resolve_group(&mut self, at: usize, verdicts: &[Verdict], work: &mut Vec<usize>, commands: &mut Vec<Command>) {
        let Some(branch) = self.branches.get_mut(at) else { return };
        let (frame, region, chain) = (branch.frame, branch.region, branch.chain.clone());
        let Kind::Links(links) = &mut branch.kind else { return };
        let group = self.layout.outgoing.get(links.sub_flow).and_then(|groups| groups.get(links.next)).cloned();
        let (group, mut verdicts) = (group.unwrap_or_default(), verdicts.iter().copied());
        links.next += 1;
        let is_expression = |link: usize| self.layout.link(link).is_some_and(|link| link.when == When::Expression);
        let answers: Vec<Option<Verdict>> =
            group.iter().map(|link| if is_expression(*link) { verdicts.next() } else { None }).collect();
        let with = |wanted: Verdict| {
            let found = group.iter().zip(&answers).filter(move |(_, answer)| **answer == Some(wanted));
            found.map(|(link, _)| *link)
        };
        links.true_links.extend(with(Verdict::True));
        let (end, loop_failed, true_links) = (links.end, links.loop_failed, links.true_links.clone());
        let loop_groups = links.loop_groups.clone();
        // Before the group is resolved: under `halt` nothing ordinary opens beside a condition that has failed.
        for link in with(Verdict::Failed) {
            self.count_failure(at, Cause::Condition(link), commands);
        }
        let halted = self.is_halted(region);
        let mut resolved = Vec::with_capacity(group.len());
        for (&link_at, verdict) in group.iter().zip(answers) {
            let Some(link) = self.layout.link(link_at) else { continue };
            let is_before = |other: &usize| {
                let other_order = self.layout.link(*other).map_or(u32::MAX, |link| link.order);
                other_order < link.order || other_order == link.order && *other < link_at
            };
            let one_before = true_links.iter().any(is_before);
            let (resolution, reason) = resolve(link.when, Situation { end, loop_failed, halted, verdict, one_before });
            commands.push(Command::Resolved { link: link_at, frame, resolution, reason });
            let is_handler = link.when == When::Error { handled: true } && resolution == Resolution::Opened;
            resolved.push((link_at, resolution, if is_handler { loop_groups.clone() } else { Vec::new() }));
        }
        let is_parallel = group.len() > 1;
        self.parallel += u64::from(is_parallel);
        let mut delivery = Delivery::default();
        for (index, (link, resolution, handles)) in resolved.into_iter().enumerate() {
            let chain = if is_parallel { self.member(at, index, &chain) } else { chain.clone() };
            let end = LinkEnd { link, resolution, frame, parent: at, chain, is_exempt: false, handles };
            self.deliver(end, &mut delivery, commands);
        }
        self.enter_all(delivery, at, work, commands);
    }

    /// The place of one of several branches of a branch's group.
    pub(super) fn member(&self, owner: usize, index: usize, around: &Chain) -> Chain {
        let depth = around.as_ref().map_or(0, |around| around.depth + 1);
        Some(Arc::new(Member { group: self.parallel, owner, index, depth, around: around.clone() }))
    }

    /// Brings a link's end to its target: a gate, a loop, the background, or the end of the loop that it leads out of.
    pub(super) fn deliver(&mut self, end: LinkEnd, delivery: &mut Delivery, commands: &mut Vec<Command>) {
        let Some(link) = self.layout.link(end.link).cloned() else { return };
        match link.kind {
            LinkKind::Iterate { parallel } => return self.iterate(&end, parallel, delivery, commands),
            LinkKind::Start => return self.start(&end, delivery, commands),
            LinkKind::Normal => {}
        }
        let LinkEnd { link: link_at, resolution, frame, parent, chain, is_exempt, handles } = end;
        let is_opened = resolution == Resolution::Opened;
        let is_exempt = is_opened && (is_exempt || link.when.survives_halt());
        if self.layout.scope_of(link.to) != self.frames.get(frame).and_then(|frame| frame.scope) {
            let place = self.frames.get(frame).and_then(|frame| frame.place);
            let region = self.branches.get(parent).map(|parent| parent.region);
            if let Some(branch) = place.and_then(|at| self.branches.get_mut(at)) {
                let is_exempt = is_exempt || is_opened && region != Some(branch.region);
                if let Kind::Loop(around) = &mut branch.kind {
                    around.note_exit(Exit { link: link_at, resolution, is_exempt });
                }
            }
            // What waited for a handler outside the loop would wait for the loop's end: it counts here.
            self.handler_ended(parent, &handles, false, commands);
            return;
        }
        let gate = self.layout.gate_of(link.to);
        let gate = gate.and_then(|at| self.frames.get_mut(frame).and_then(|frame| frame.gates.get_mut(at)));
        let entry = match gate {
            Some(gate) => {
                let arrival = Arrival { source: link.from, resolution, chain: chain.clone(), is_exempt, handles };
                let Some(opening) = gate.resolve(arrival) else { return };
                let (parent, chain) = match &opening.beside {
                    Some(member) => (member.owner, Some(member.beside(link.to))),
                    None => (parent, chain),
                };
                let (decision, is_exempt) = (opening.decision, opening.is_exempt);
                Entry { sub_flow: link.to, decision, frame, parent, chain, is_exempt, handles: opening.handles }
            }
            None => {
                let decision = match resolution {
                    Resolution::Opened => Decision::Run,
                    Resolution::Blocked => Decision::Skip(Skipped::Blocked),
                    Resolution::NotChosen => Decision::Skip(Skipped::NotChosen),
                };
                Entry { sub_flow: link.to, decision, frame, parent, chain, is_exempt, handles }
            }
        };
        delivery.entries.push(entry);
    }

    /// Enters what a group has opened, in the group's order; then the branch itself goes on, once they have ended.
    pub(super) fn enter_all(
        &mut self,
        delivery: Delivery,
        at: usize,
        work: &mut Vec<usize>,
        commands: &mut Vec<Command>,
    ) {
        work.push(at);
        let from = work.len();
        work.extend(delivery.begun);
        for entry in delivery.entries {
            work.extend(self.enter(entry, commands));
        }
        // The stack gives what was pushed last first: what comes first in the group is to go on first.
        if let Some(begun) = work.get_mut(from..) {
            begun.reverse();
        }
    }

    /// Starts or skips a sub flow; its branch, if that has to go on now.
    pub(super) fn enter(&mut self, entry: Entry, commands: &mut Vec<Command>) -> Option<usize> {
        let region = self.branches.get(entry.parent).map_or(0, |parent| parent.region);
        let is_run = entry.decision == Decision::Run;
        let region = if entry.is_exempt && is_run { self.regions.insert(Region::inside(region)) } else { region };
        if let Some(parent) = self.branches.get_mut(entry.parent) {
            parent.waiting += 1;
        }
        if !is_run {
            self.handler_ended(entry.parent, &entry.handles, false, commands);
        }
        let (kind, ticket) = match entry.decision {
            Decision::Run => {
                self.ticket += 1;
                (Kind::Running { sub_flow: entry.sub_flow, ticket: self.ticket }, self.ticket)
            }
            Decision::Skip(why) => (Kind::links(entry.sub_flow, End::Skipped(why)), 0),
        };
        let mut branch = Branch::new(Some(entry.parent), entry.frame, region, kind);
        branch.owns_region = entry.is_exempt && is_run;
        branch.chain = entry.chain;
        branch.handles = if is_run { entry.handles } else { Vec::new() };
        let at = self.branches.insert(branch);
        match entry.decision {
            Decision::Run => {
                let run = Run { branch: at, ticket };
                commands.push(Command::Start { run, sub_flow: entry.sub_flow, frame: entry.frame });
                None
            }
            Decision::Skip(why) => {
                commands.push(Command::Skip { sub_flow: entry.sub_flow, frame: entry.frame, why });
                Some(at)
            }
        }
    }

    fn enter_roots(&mut self, at: usize, roots: &[usize], work: &mut Vec<usize>, commands: &mut Vec<Command>) {
        let frame = self.branches.get(at).map_or(super::FLOW, |branch| branch.frame);
        self.parallel += 1;
        let mut delivery = Delivery::default();
        for (index, &sub_flow) in roots.iter().enumerate() {
            let decision = if self.is_halted(0) { Decision::Skip(Skipped::Blocked) } else { Decision::Run };
            let chain = if roots.len() > 1 { self.member(at, index, &None) } else { None };
            let handles = Vec::new();
            delivery.entries.push(Entry { sub_flow, decision, frame, parent: at, chain, is_exempt: false, handles });
        }
        self.enter_all(delivery, at, work, commands);
    }

    /// A branch has come to its end: what waits for it may go on.
    pub(super) fn end(&mut self, at: usize, work: &mut Vec<usize>, commands: &mut Vec<Command>) {
        let Some(branch) = self.branches.try_remove(at) else { return };
        if branch.owns_region {
            self.regions.try_remove(branch.region);
        }
        let Some(parent_at) = branch.parent else {
            work.extend(self.outermost_ended(&branch, commands));
            return;
        };
        self.handler_ended(parent_at, &branch.handles, !branch.broken, commands);
        if matches!(branch.kind, Kind::Frame) {
            self.leave_frame(parent_at, &branch, commands);
        } else if let Some(parent) = self.branches.get_mut(parent_at) {
            parent.failed |= branch.failed;
            parent.broken |= branch.broken;
        }
        if let Some(parent) = self.branches.get_mut(parent_at) {
            parent.waiting = parent.waiting.saturating_sub(1);
        }
        work.push(parent_at);
    }
}
