//! ITERATE links: one frame per item, in order or several at a time, and at the end the links that lead out.

use super::advance::{Delivery, Entry, LinkEnd};
use super::gate::Decision;
use super::resolve::resolve_unentered;
use super::state::{Branch, Kind, Loop, Region, Undecided};
use super::{Cause, Command, Item, Reason, Resolution, Scheduler, Skipped};

impl Scheduler {
    /// An ITERATE link was resolved: its loop begins, or its scope is skipped whole.
    pub(super) fn iterate(
        &mut self,
        end: &LinkEnd,
        parallel: u32,
        delivery: &mut Delivery,
        commands: &mut Vec<Command>,
    ) {
        let Some(scope) = self.layout.scope_of_link.get(end.link).copied().flatten() else { return };
        let mut kind = Loop::new(end.link, scope, parallel);
        kind.unentered = match end.resolution {
            Resolution::Opened => None,
            Resolution::Blocked => Some(Skipped::Blocked),
            Resolution::NotChosen => Some(Skipped::NotChosen),
        };
        let Some(parent) = self.branches.get_mut(end.parent) else { return };
        parent.waiting += 1;
        let mut region = parent.region;
        if let Some(why) = kind.unentered {
            kind.is_over = true;
            self.skip_scope(scope, why, end.frame, commands);
        } else if self.layout.catches.get(end.link).is_some_and(|handlers| *handlers > 0) {
            self.group += 1;
            kind.catch = Some(self.group);
            region = self.regions.insert(Region { catch: kind.catch, ..Region::inside(region) });
        }
        let (catches, begins) = (kind.catch.is_some(), !kind.is_over);
        let mut branch = Branch::new(Some(end.parent), end.frame, region, Kind::Loop(Box::new(kind)));
        (branch.owns_region, branch.chain) = (catches, end.chain.clone());
        let place = self.branches.insert(branch);
        if begins {
            commands.push(Command::BeginLoop { place, link: end.link, frame: end.frame });
        }
        delivery.begun.push(place);
    }

    /// All in a scope that is never entered is skipped.
    fn skip_scope(&self, scope: usize, why: Skipped, frame: usize, commands: &mut Vec<Command>) {
        let members = self.layout.members.get(scope).into_iter().flatten();
        commands.extend(members.map(|sub_flow| Command::Skip { sub_flow: *sub_flow, frame, why }));
    }

    /// Asks for the next item, waits for frames, or ends.
    pub(super) fn step_loop(&mut self, at: usize, work: &mut Vec<usize>, commands: &mut Vec<Command>) {
        let Some(branch) = self.branches.get(at) else { return };
        let (region, waiting) = (branch.region, branch.waiting);
        let is_stopped = self.cancelled || self.is_halted(region);
        let Some(Kind::Loop(around)) = self.branches.get_mut(at).map(|branch| &mut branch.kind) else { return };
        if around.is_asked {
            return;
        }
        if around.is_over {
            if waiting == 0 {
                self.follow_exits(at, work, commands);
            }
            return;
        }
        if !is_stopped && !around.is_exhausted && waiting < around.parallel as usize {
            around.is_asked = true;
            commands.push(Command::Next { place: at, index: around.next });
            return;
        }
        if waiting > 0 {
            return;
        }
        self.end_loop(at, is_stopped, commands);
        self.follow_exits(at, work, commands);
    }

    /// The driver's answer to a question for an item.
    pub(super) fn take_item(&mut self, at: usize, item: Item, commands: &mut Vec<Command>) {
        let Some(branch) = self.branches.get_mut(at) else { return };
        let (region, outer) = (branch.region, branch.frame);
        let is_stopped = self.cancelled || self.is_halted(region);
        let Some(Kind::Loop(around)) = self.branches.get_mut(at).map(|branch| &mut branch.kind) else { return };
        if !std::mem::take(&mut around.is_asked) {
            return;
        }
        let (link, scope, index) = (around.link, around.scope, around.next);
        match item {
            Item::One if is_stopped => {}
            Item::One => {
                around.next += 1;
                let frame = self.insert_frame(scope, outer, Some(at));
                commands.push(Command::EnterFrame { frame, parent: outer, scope, place: Some(at), index });
                self.enter_scope(link, frame, Some(at), region, Decision::Run, commands);
            }
            Item::End => around.is_exhausted = true,
            Item::Failed => {
                (around.is_exhausted, around.list_failed) = (true, true);
                self.count_failure(at, Cause::List(link), commands);
            }
        }
        self.advance(at, commands);
    }

    /// A branch for a frame, and in it the target of the link that made the scope; what of it has to go on now.
    pub(super) fn enter_scope(
        &mut self,
        link: usize,
        frame: usize,
        parent: Option<usize>,
        region: usize,
        decision: Decision,
        commands: &mut Vec<Command>,
    ) -> Option<usize> {
        if let Some(parent) = parent.and_then(|parent| self.branches.get_mut(parent)) {
            parent.waiting += 1;
        }
        let body = self.branches.insert(Branch::new(parent, frame, region, Kind::Frame));
        let sub_flow = self.layout.link(link).map_or(0, |link| link.to);
        let handles = Vec::new();
        self.enter(Entry { sub_flow, decision, frame, parent: body, chain: None, is_exempt: false, handles }, commands)
    }

    fn end_loop(&mut self, at: usize, is_stopped: bool, commands: &mut Vec<Command>) {
        let Some(branch) = self.branches.get_mut(at) else { return };
        let (frame, parent) = (branch.frame, branch.parent);
        let Kind::Loop(around) = &mut branch.kind else { return };
        let (link, scope, items, failed) = (around.link, around.scope, around.next, around.failed);
        let (has_failed, catch) = (failed > 0 || around.list_failed, around.catch);
        around.is_over = true;
        if items == 0 {
            let is_blocked = is_stopped || around.list_failed;
            around.unentered = Some(if is_blocked { Skipped::Blocked } else { Skipped::NotChosen });
        }
        let unentered = around.unentered;
        // What the links that lead out open is no part of the loop: its failures are not for the loop's handler.
        if std::mem::take(&mut branch.owns_region) {
            let region = self.regions.try_remove(branch.region);
            branch.region = region.and_then(|region| region.around).unwrap_or(0);
        }
        if catch.is_some() && has_failed {
            (branch.failed, branch.broken) = (false, false);
        }
        commands.push(Command::EndLoop { place: at, link, frame, items, failed });
        if has_failed {
            let handlers = self.layout.catches.get(link).copied().unwrap_or(0);
            let group = catch.inspect(|group| {
                self.undecided.insert(*group, Undecided { pending: handlers, is_lost: false });
            });
            if let Some(Kind::Links(source)) = parent.and_then(|at| self.branches.get_mut(at)).map(|at| &mut at.kind) {
                source.loop_failed = true;
                source.loop_groups.extend(group);
            }
        }
        if let Some(why) = unentered.filter(|_| !self.cancelled) {
            self.skip_scope(scope, why, frame, commands);
        }
    }

    /// Follows the next group of the links that lead out of a loop, as if they were links of one source; or ends.
    fn follow_exits(&mut self, at: usize, work: &mut Vec<usize>, commands: &mut Vec<Command>) {
        let Some(branch) = self.branches.get_mut(at) else { return };
        let (frame, region, chain) = (branch.frame, branch.region, branch.chain.clone());
        let Kind::Loop(around) = &mut branch.kind else { return };
        let group = self.layout.exits.get(around.scope).and_then(|groups| groups.get(around.next_exit));
        let Some(group) = group.filter(|_| !self.cancelled).cloned() else {
            self.end(at, work, commands);
            return;
        };
        around.next_exit += 1;
        let (unentered, exits) = (around.unentered, around.exits.clone());
        let halted = self.is_halted(region);
        let (mut resolved, is_parallel) = (Vec::with_capacity(group.len()), group.len() > 1);
        for link in group {
            let Some(when) = self.layout.link(link).map(|link| link.when) else { continue };
            let noted = exits.iter().find(|exit| exit.link == link).map(|exit| (exit.resolution, exit.is_exempt));
            let (resolution, is_exempt, reason) = match (unentered, noted) {
                (Some(why), _) => (resolve_unentered(when, why), when.survives_halt(), Reason::LoopNeverRan),
                (None, Some((resolution, is_exempt))) => (resolution, is_exempt, Reason::LoopEnded),
                (None, None) => (Resolution::Blocked, false, Reason::LoopEnded),
            };
            let is_shut = halted && resolution == Resolution::Opened && !is_exempt;
            let (resolution, reason) =
                if is_shut { (Resolution::Blocked, Reason::Halted) } else { (resolution, reason) };
            commands.push(Command::Resolved { link, frame, resolution, reason });
            resolved.push((link, resolution, is_exempt));
        }
        self.parallel += u64::from(is_parallel);
        let mut delivery = Delivery::default();
        for (index, (link, resolution, is_exempt)) in resolved.into_iter().enumerate() {
            let chain = if is_parallel { self.member(at, index, &chain) } else { chain.clone() };
            let end = LinkEnd { link, resolution, frame, parent: at, chain, is_exempt, handles: Vec::new() };
            self.deliver(end, &mut delivery, commands);
        }
        self.enter_all(delivery, at, work, commands);
    }

    /// A frame has ended: of a loop, which takes note of it, or of a scope whose START link was shut.
    pub(super) fn leave_frame(&mut self, parent: usize, body: &Branch, commands: &mut Vec<Command>) {
        commands.push(Command::LeaveFrame { frame: body.frame, succeeded: !body.broken });
        self.release(body.frame);
        let Some(parent) = self.branches.get_mut(parent) else { return };
        let mut is_caught = false;
        if let Kind::Loop(around) = &mut parent.kind {
            around.failed += u64::from(body.failed);
            is_caught = around.catch.is_some();
        }
        if !is_caught {
            parent.failed |= body.failed;
            parent.broken |= body.broken;
        }
    }

    /// A frame inside another, which stays for as long.
    pub(super) fn insert_frame(&mut self, scope: usize, parent: usize, place: Option<usize>) -> usize {
        if let Some(parent) = self.frames.get_mut(parent) {
            parent.holds += 1;
        }
        self.frames.insert(self.layout.frame(Some(scope), Some(parent), place))
    }

    /// Something that needs a frame is gone; so is the frame with the last, and its number may be given anew.
    pub(super) fn release(&mut self, frame: usize) {
        let mut at = Some(frame);
        while let Some(here) = at {
            let Some(state) = self.frames.get_mut(here) else { return };
            state.holds = state.holds.saturating_sub(1);
            if state.holds > 0 {
                return;
            }
            at = self.frames.try_remove(here).and_then(|state| state.parent);
        }
    }
}
