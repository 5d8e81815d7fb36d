//! The scheduler's place in a run: every event goes in here, under one lock, and what it leads to comes out as tasks.

use super::Shared;
use super::items::{Items, Looping};
use super::pass::{Attempt, Pass};
use super::{instances::Idle, items};
use crate::control_graph::graph;
use crate::run::frames::FrameData;
use crate::run::job::Job;
use crate::run::prepare::NodeFault;
use crate::scheduling::{Cause, Command, FLOW, Frame, Item, Outcome, Place, Resolution, Run, Scheduler, Verdict};
use crate::template;
use pypeline_schema::event::StopReason;
use pypeline_schema::fault::{Fault, FaultKind};
use pypeline_schema::valve::Condition;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Something for a lane to do.
pub(super) enum Task {
    /// Run a sub flow.
    Pass(Arc<Pass>),
    /// Go on with one whose attempt was abandoned.
    GoOn(Arc<Pass>, (Arc<Attempt>, Vec<NodeFault>)),
    /// Tell the scheduler of one that was restored.
    Restored(Run, Outcome),
}

/// Commands that are kept behind the one at work.
const AT_ONCE: usize = 1 << 12;

/// Sub flows that are restored in one turn: in between others get theirs, signals too.
const RESTORED_AT_ONCE: u32 = 1_000;

/// What a turn of the scheduler has led to.
#[derive(Default)]
pub(super) struct Turn {
    pub tasks: Vec<Task>,
    /// To be torn down before anything else: the loop that kept them has ended.
    pub instances: Vec<Idle>,
    /// Something was asked to stop.
    pub has_stopped: bool,
    /// Nothing runs and nothing is left to run.
    pub is_finished: bool,
    restored: u32,
}

impl Turn {
    pub(super) fn of(task: Task) -> Self {
        Self { tasks: vec![task], ..Self::default() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.tasks.is_empty() && self.instances.is_empty() && !self.is_finished
    }
}

/// A frame that was entered.
#[derive(Clone)]
struct Entered {
    data: Arc<FrameData>,
    /// Its loop.
    place: Option<Place>,
    scope: usize,
    in_background: bool,
}

impl Entered {
    fn flow() -> Self {
        Self { data: FrameData::flow(), place: None, scope: usize::MAX, in_background: false }
    }
}

/// The scheduler, and what its numbers stand for.
pub(in crate::run) struct Core {
    scheduler: Scheduler,
    frames: Vec<Entered>,
    /// Per START link: scopes that were started and have not begun.
    started: BTreeMap<usize, u64>,
    loops: HashMap<Place, Looping>,
    /// What runs.
    pub(super) passes: HashMap<Run, Arc<Pass>>,
    /// Why a pass failed, until the scheduler has said what that means.
    pub(super) faults: HashMap<Run, Vec<NodeFault>>,
    /// The same for conditions and lists, by link.
    link_faults: BTreeMap<usize, Fault>,
    /// Why running sub flows are being stopped.
    pub(super) stop_reason: StopReason,
    commands: Vec<Command>,
}

impl Core {
    pub(super) fn new(job: &Job, threads: usize) -> Self {
        let graph = crate::scheduling::Graph { background: threads, ..graph(&job.metadata, &job.dag) };
        Self {
            scheduler: Scheduler::new(graph),
            frames: vec![Entered::flow()],
            started: BTreeMap::new(),
            loops: HashMap::new(),
            passes: HashMap::new(),
            faults: HashMap::new(),
            link_faults: BTreeMap::new(),
            stop_reason: StopReason::Failure,
            commands: Vec::new(),
        }
    }

    /// Data of a frame.
    pub(super) fn frame(&self, frame: Frame) -> Arc<FrameData> {
        let found = self.frames.get(frame).or_else(|| self.frames.get(FLOW));
        found.map_or_else(FrameData::flow, |entered| Arc::clone(&entered.data))
    }

    /// Hands an event to the scheduler, and performs what can be performed at once.
    pub(super) fn turn(&mut self, shared: &Shared, event: impl FnOnce(&mut Scheduler, &mut Vec<Command>)) -> Turn {
        let mut commands = std::mem::take(&mut self.commands);
        event(&mut self.scheduler, &mut commands);
        let (mut turn, mut at, mut has_said_stopping) = (Turn::default(), 0, false);
        // Performing a command may add more behind it.
        while let Some(command) = commands.get(at).cloned() {
            at += 1;
            if at > AT_ONCE {
                // A loop whose items are restored goes on within one turn, however many there are.
                commands.drain(..at);
                at = 0;
            }
            if let Command::Stop(run) = command {
                turn.has_stopped = true;
                if !std::mem::replace(&mut has_said_stopping, true) {
                    shared.tell_stopping(&self.frame(FLOW), self.stop_reason);
                }
                if let Some(pass) = self.passes.get(&run) {
                    shared.stop_pass(pass);
                }
                continue;
            }
            self.perform(shared, command, &mut turn, &mut commands);
        }
        commands.clear();
        self.commands = commands;
        turn
    }

    fn perform(&mut self, shared: &Shared, command: Command, turn: &mut Turn, commands: &mut Vec<Command>) {
        match command {
            Command::Start { run, sub_flow, frame } => {
                let frame = self.frame(frame);
                if let Some((outcome, faults)) = shared.restore(sub_flow, &frame) {
                    if outcome == Outcome::Failed {
                        self.faults.insert(run, faults);
                    }
                    turn.restored += 1;
                    if turn.restored <= RESTORED_AT_ONCE {
                        self.scheduler.ended(run, outcome, commands);
                    } else {
                        turn.tasks.push(Task::Restored(run, outcome));
                    }
                    return;
                }
                shared.ledger.started(sub_flow);
                let pass = Arc::new(Pass::new(run, sub_flow, frame));
                self.passes.insert(run, Arc::clone(&pass));
                turn.tasks.push(Task::Pass(pass));
            }
            Command::Skip { sub_flow, frame, why } => {
                let frame = self.frame(frame);
                shared.mark_skipped(sub_flow, &frame);
                shared.tell_skipped(&frame, sub_flow, why);
            }
            Command::Resolved { link, frame, resolution, reason } => {
                let is_start = shared.job.index.conditions.get(link) == Some(&Condition::Start);
                if is_start && resolution == Resolution::Opened {
                    *self.started.entry(link).or_default() += 1;
                }
                shared.tell_resolved(&self.frame(frame), link, resolution, reason);
            }
            Command::Evaluate { place, frame, links } => {
                let verdicts: Vec<Verdict> = links.iter().map(|link| self.evaluate(shared, *link, frame)).collect();
                self.scheduler.evaluated(place, &verdicts, commands);
            }
            Command::BeginLoop { place, link, frame } => self.begin_loop(shared, place, link, frame),
            Command::Next { place, index } => {
                let item = self.next_item(shared, place, index);
                self.scheduler.item(place, item, commands);
            }
            Command::EnterFrame { frame, parent, scope, place, index } => {
                let entered = self.enter(shared, parent, scope, place, index);
                if self.frames.len() <= frame {
                    self.frames.resize(frame + 1, Entered::flow());
                }
                if let Some(slot) = self.frames.get_mut(frame) {
                    *slot = entered;
                }
            }
            Command::LeaveFrame { frame, succeeded } => {
                let Some(Entered { data, place, scope, in_background }) = self.frames.get(frame).cloned() else {
                    return;
                };
                match place.and_then(|place| self.loops.get_mut(&place)) {
                    Some(looping) => looping.leave(shared, &data, succeeded),
                    None if in_background => shared.tell_background(&data, scope, false),
                    None => {}
                }
            }
            Command::EndLoop { place, link, frame, items, failed } => {
                self.loops.remove(&place);
                shared.tell_loop_finished(&self.frame(frame), link, items, failed);
                if let Some(nodes) = shared.job.index.loop_nodes.get(link).and_then(Option::as_ref) {
                    let mut instances = shared.instances.take_all(Some(nodes));
                    shared.tearing.fetch_add(instances.len(), Ordering::AcqRel);
                    turn.instances.append(&mut instances);
                }
            }
            Command::Failed { cause, frame, group } => {
                let (run, fault) = match cause {
                    Cause::SubFlow(run) => (Some(run), None),
                    Cause::Condition(link) | Cause::List(link) => {
                        (None, self.link_faults.remove(&link).map(|f| (link, f)))
                    }
                };
                let faults = run.and_then(|run| self.faults.remove(&run)).unwrap_or_default();
                shared.note_failure(&self.frame(frame), group, faults, fault);
            }
            Command::Handled(group) => shared.tell_handled(group),
            Command::Merge(group, into) => shared.ledger.failures().merge(group, into),
            Command::Finish => turn.is_finished = true,
            Command::Stop(_) => {}
        }
    }

    /// A frame of an item; or of a START link's scope, which has no globals of its own.
    fn enter(&mut self, shared: &Shared, parent: Frame, scope: usize, place: Option<Place>, index: u64) -> Entered {
        let parent = self.frame(parent);
        if let Some(looping) = place.and_then(|place| self.loops.get_mut(&place)) {
            let data = looping.enter(shared, &parent, scope, index);
            return Entered { data, place, scope, in_background: false };
        }
        let link = shared.job.metadata.scopes.get(scope).map_or(usize::MAX, |scope| scope.link);
        // One whose link was shut is walked through all the same, and skipped.
        let in_background = self.started.get_mut(&link).is_some_and(|waiting| {
            let had = *waiting > 0;
            *waiting = waiting.saturating_sub(1);
            had
        });
        if in_background {
            shared.tell_background(&parent, scope, true);
        }
        Entered { data: parent, place: None, scope, in_background }
    }

    fn evaluate(&mut self, shared: &Shared, link: usize, frame: Frame) -> Verdict {
        let Some(Condition::Expression(text)) = shared.job.index.conditions.get(link) else { return Verdict::False };
        match template::holds(text, &shared.values.scope(&self.frame(frame))) {
            Ok(true) => Verdict::True,
            Ok(false) => Verdict::False,
            Err(error) => {
                let fault =
                    Fault::new(FaultKind::Config, format!("a condition cannot be evaluated: {}", error.message));
                self.link_faults.insert(link, fault);
                Verdict::Failed
            }
        }
    }

    fn begin_loop(&mut self, shared: &Shared, place: Place, link: usize, frame: Frame) {
        let frame = self.frame(frame);
        let (items, n) = match Items::of_link(shared, link, &frame) {
            Ok((items, n)) => (Ok(items), n),
            Err(fault) => (Err(fault), None),
        };
        shared.tell_loop_started(&frame, link, n);
        self.loops.insert(place, Looping::new(shared, link, items, &frame));
    }

    fn next_item(&mut self, shared: &Shared, place: Place, index: u64) -> Item {
        let Some(looping) = self.loops.get_mut(&place) else { return Item::End };
        match items::next(shared, looping, index) {
            Ok(true) => Item::One,
            Ok(false) => Item::End,
            Err(fault) => {
                self.link_faults.insert(looping.link, *fault);
                Item::Failed
            }
        }
    }
}
