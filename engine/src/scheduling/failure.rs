//! What a failure does: which region it halts, which handlers it waits for, and when it counts.

use super::state::{Kind, Undecided};
use super::{Cause, Command, FATAL, Group, Run, Scheduler};

impl Scheduler {
    /// A sub flow has failed: its own handlers come first; without any, the failure counts at once.
    pub(super) fn sub_flow_failed(&mut self, run: Run, sub_flow: usize, commands: &mut Vec<Command>) {
        let handlers = self.layout.handlers.get(sub_flow).copied().unwrap_or(0);
        let cause = Cause::SubFlow(run);
        if handlers == 0 || self.cancelled {
            self.count_failure(run.branch, cause, commands);
            return;
        }
        self.group += 1;
        let group = self.group;
        self.undecided.insert(group, Undecided { pending: handlers, is_lost: false });
        let Some(branch) = self.branches.get_mut(run.branch) else { return };
        if let Kind::Links(links) = &mut branch.kind {
            links.loop_groups.push(group);
        }
        commands.push(Command::Failed { cause, frame: branch.frame, group });
    }

    /// A failure at a branch that nobody will handle there.
    pub(super) fn count_failure(&mut self, at: usize, cause: Cause, commands: &mut Vec<Command>) {
        let Some(branch) = self.branches.get_mut(at) else { return };
        (branch.failed, branch.broken) = (true, true);
        let (frame, region) = (branch.frame, branch.region);
        commands.push(Command::Failed { cause, frame, group: self.group_of(region) });
        self.halt_region(region, commands);
    }

    /// Failures that waited for handlers, and none of them made it: they count at this branch.
    pub(super) fn count_group(&mut self, at: usize, group: Group, commands: &mut Vec<Command>) {
        let Some(branch) = self.branches.get_mut(at) else { return };
        (branch.failed, branch.broken) = (true, true);
        let region = branch.region;
        commands.push(Command::Merge(group, self.group_of(region)));
        self.halt_region(region, commands);
    }

    /// The failures that those of a region are decided with.
    fn group_of(&self, region: usize) -> Group {
        let mut at = Some(region);
        while let Some(region) = at.and_then(|at| self.regions.get(at)) {
            if let Some(group) = region.catch {
                return group;
            }
            at = region.around;
        }
        FATAL
    }

    /// Whether a region's halt is the halt of another one too, or the same.
    pub(super) fn is_part_of(&self, region: usize, of: usize) -> bool {
        std::iter::successors(Some(region), |at| self.regions.get(*at)?.follows()).any(|at| at == of)
    }

    /// Asks what runs in a region to stop.
    fn stop_region(&mut self, region: usize, commands: &mut Vec<Command>) {
        let branches = self.branches.iter().filter(|(_, branch)| self.is_part_of(branch.region, region));
        let runs: Vec<Run> = branches.filter_map(|(at, branch)| branch.run(at)).collect();
        for run in runs {
            if let Some(branch) = self.branches.get_mut(run.branch) {
                branch.is_stopping = true;
            }
            commands.push(Command::Stop(run));
        }
    }

    /// Under `halt`, a region with a failure and all around it open no more ordinary links, and what runs there is asked to stop.
    fn halt_region(&mut self, region: usize, commands: &mut Vec<Command>) {
        if self.layout.graph.continue_on_failure {
            return;
        }
        let (mut at, mut stops) = (Some(region), true);
        while let Some(here) = at {
            let Some(region) = self.regions.get_mut(here) else { return };
            let was_stopped = std::mem::replace(&mut region.halted, true) && !region.runs_on;
            region.runs_on = !stops && !was_stopped;
            let (around, is_over, leaves_background) = (region.around, region.catch.is_some(), region.in_background);
            if stops && !was_stopped && !self.cancelled {
                self.stop_region(here, commands);
            }
            stops &= !leaves_background;
            at = around.filter(|_| !is_over);
        }
    }

    /// Ordinary links of this region open no more.
    pub(super) fn is_halted(&self, region: usize) -> bool {
        let mut regions = std::iter::successors(self.regions.get(region), |at| self.regions.get(at.follows()?));
        regions.any(|region| region.halted)
    }

    /// One handler of some failures has come to its end at branch `at`: succeeded or not.
    pub(super) fn handler_ended(&mut self, at: usize, groups: &[Group], succeeded: bool, commands: &mut Vec<Command>) {
        for group in groups {
            let Some(undecided) = self.undecided.get_mut(group) else { continue };
            undecided.is_lost |= !succeeded;
            undecided.pending = undecided.pending.saturating_sub(1);
            if undecided.pending > 0 {
                continue;
            }
            let is_lost = undecided.is_lost;
            self.undecided.remove(group);
            if is_lost {
                self.count_group(at, *group, commands);
            } else {
                commands.push(Command::Handled(*group));
            }
        }
    }
}
