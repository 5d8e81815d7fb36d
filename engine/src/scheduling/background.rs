//! START links: their scopes run in the background, so many at once, the others in the order in which they were started.

use super::advance::{Delivery, LinkEnd};
use super::gate::Decision;
use super::state::{Branch, Kind, Queued, Region};
use super::{Command, Resolution, Scheduler, Skipped};

impl Scheduler {
    /// A START link was resolved: its scope is spawned, or skipped by the usual rules as if it were not one.
    pub(super) fn start(&mut self, end: &LinkEnd, delivery: &mut Delivery, commands: &mut Vec<Command>) {
        let region = self.branches.get(end.parent).map_or(0, |parent| parent.region);
        let why = match end.resolution {
            Resolution::Opened => {
                let follows_run = self.is_part_of(region, 0);
                let region = Region { in_background: true, follows_run, ..Region::inside(0) };
                let region = self.regions.insert(region);
                if let Some(frame) = self.frames.get_mut(end.frame) {
                    frame.holds += 1;
                }
                self.queue.push_back(Queued { link: end.link, frame: end.frame, region });
                delivery.begun.extend(self.fill_background(commands));
                return;
            }
            Resolution::Blocked => Skipped::Blocked,
            Resolution::NotChosen => Skipped::NotChosen,
        };
        let Some(scope) = self.layout.scope_of_link.get(end.link).copied().flatten() else { return };
        let frame = self.insert_frame(scope, end.frame, None);
        commands.push(Command::EnterFrame { frame, parent: end.frame, scope, place: None, index: 0 });
        let parent = Some(end.parent);
        delivery.begun.extend(self.enter_scope(end.link, frame, parent, region, Decision::Skip(why), commands));
    }

    /// Spawns scopes while there are free places; the branches that have to go on now.
    fn fill_background(&mut self, commands: &mut Vec<Command>) -> Vec<usize> {
        let mut begun = Vec::new();
        while self.in_background < self.layout.graph.background.max(1) {
            let Some(queued) = self.queue.pop_front() else { break };
            let Some(scope) = self.layout.scope_of_link.get(queued.link).copied().flatten() else { continue };
            if self.is_halted(queued.region) {
                let members = self.layout.members.get(scope).cloned().unwrap_or_default();
                let skip = |sub_flow| Command::Skip { sub_flow, frame: queued.frame, why: Skipped::Blocked };
                commands.extend(members.into_iter().map(skip));
                self.regions.try_remove(queued.region);
                self.release(queued.frame);
                continue;
            }
            self.in_background += 1;
            let frame = self.insert_frame(scope, queued.frame, None);
            self.release(queued.frame);
            commands.push(Command::EnterFrame { frame, parent: queued.frame, scope, place: None, index: 0 });
            begun.extend(self.enter_scope(queued.link, frame, None, queued.region, Decision::Run, commands));
        }
        begun
    }

    /// A branch that nobody waits for has ended: the flow's own, or one in the background. What has to go on now.
    pub(super) fn outermost_ended(&mut self, branch: &Branch, commands: &mut Vec<Command>) -> Vec<usize> {
        if !matches!(branch.kind, Kind::Frame) {
            self.root_ended = true;
            return Vec::new();
        }
        commands.push(Command::LeaveFrame { frame: branch.frame, succeeded: !branch.broken });
        self.regions.try_remove(branch.region);
        self.release(branch.frame);
        self.in_background = self.in_background.saturating_sub(1);
        self.fill_background(commands)
    }
}
