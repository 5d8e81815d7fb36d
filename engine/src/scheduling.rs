//! The scheduler as a pure state machine: events in, commands out; no clock, no I/O, no async runtime.
//!
//! Priority-DFS over sub flows: when one ends, its outgoing links are resolved in ascending order; a group of one is followed
//! to its end before the next begins; a group of equal orders runs its branches at the same time. ITERATE links run the scope
//! that they govern once per item, each time in a frame of its own; START links run theirs in the background. The build drives
//! the machine with nothing but successes to write down the static order; the run drives it with what happens. The rules, with
//! worked examples: `docs/scheduler.md`.

mod advance;
mod background;
mod failure;
mod gate;
mod graph;
mod iterate;
mod resolve;
mod state;
mod static_order;

use graph::Layout;
pub use graph::{Graph, Link, LinkKind, Scope, SubFlow, When};
pub use pypeline_schema::event::{Reason, Resolution};
pub use pypeline_schema::execution_metadata::{Join, ScopeKind};
pub use pypeline_schema::run_result::Skipped;
use slab::Slab;
use state::{Branch, FrameState, Kind, Queued, Region, Undecided};
pub use static_order::static_order;
use std::collections::{BTreeMap, VecDeque};

/// One pass of a sub flow, from its start to its end with all attempts; never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Run {
    pub(crate) branch: usize,
    pub(crate) ticket: u64,
}

/// A frame: one pass through a scope. Its number is given anew once the frame and all that was started in it have ended.
pub type Frame = usize;

/// The outermost frame: the flow itself.
pub const FLOW: Frame = 0;

/// A loop at work, or a question about conditions; given anew once it is over.
pub type Place = usize;

/// Failures that are decided together.
pub type Group = u64;

/// The failures that make the run fail.
pub const FATAL: Group = 0;

/// How a sub flow that was started has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// All its nodes did.
    Succeeded,
    /// One of its nodes failed.
    Failed,
    /// It was asked to stop.
    Cancelled,
}

/// How an expression came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    True,
    /// It does not.
    False,
    /// It cannot be evaluated, which is a failure.
    Failed,
}

/// What a loop's list gives next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item {
    /// An item.
    One,
    /// There are no more.
    End,
    /// The list cannot be read on, which is a failure.
    Failed,
}

/// What failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// A sub flow.
    SubFlow(Run),
    /// The condition of a link.
    Condition(usize),
    /// The list of a loop: its link.
    List(usize),
}

/// What the driver is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Start this sub flow; answer with [`Scheduler::ended`].
    Start {
        /// Names the pass.
        run: Run,
        /// The sub flow.
        sub_flow: usize,
        /// Where.
        frame: Frame,
    },
    /// This sub flow does not run in this frame.
    Skip {
        /// The sub flow.
        sub_flow: usize,
        /// Where; the frame around a scope that was never entered.
        frame: Frame,
        /// Why.
        why: Skipped,
    },
    /// A link was decided; for the log.
    Resolved {
        /// The link.
        link: usize,
        /// Where.
        frame: Frame,
        /// How.
        resolution: Resolution,
        /// Why.
        reason: Reason,
    },
    /// Evaluate the expressions of these links now; answer with [`Scheduler::evaluated`].
    Evaluate {
        /// Names the question.
        place: Place,
        /// Where.
        frame: Frame,
        /// The links.
        links: Vec<usize>,
    },
    /// A loop begins: its list is the one that the link's source has made in this frame.
    BeginLoop {
        /// Names the loop.
        place: Place,
        /// Its link.
        link: usize,
        /// Where.
        frame: Frame,
    },
    /// Look for the loop's next item; answer with [`Scheduler::item`].
    Next {
        /// The loop.
        place: Place,
        /// Index of that item.
        index: u64,
    },
    /// A frame begins: of a loop, with the item that was found last, or of a scope in the background.
    EnterFrame {
        /// The frame.
        frame: Frame,
        /// The frame around it.
        parent: Frame,
        /// The scope.
        scope: usize,
        /// The loop, if it is one.
        place: Option<Place>,
        /// Index of the item.
        index: u64,
    },
    /// A frame ends.
    LeaveFrame {
        /// The frame.
        frame: Frame,
        /// Nothing in it failed unhandled or was stopped.
        succeeded: bool,
    },
    /// A loop has ended.
    EndLoop {
        /// The loop.
        place: Place,
        /// Its link.
        link: usize,
        /// Where.
        frame: Frame,
        /// Items that ran.
        items: u64,
        /// Of them with a failure that nobody handled.
        failed: u64,
    },
    /// Ask this sub flow to stop; it ends by [`Scheduler::ended`] all the same.
    Stop(Run),
    /// Something failed, and counts as one of `group`.
    Failed {
        /// What.
        cause: Cause,
        /// Where.
        frame: Frame,
        /// Decided together with the others of this group.
        group: Group,
    },
    /// A handler has succeeded: the failures of the group neither halt nor fail the run.
    Handled(Group),
    /// Nobody handled the failures of the first group: they count among those of the second.
    Merge(Group, Group),
    /// Nothing runs and nothing is left to run.
    Finish,
}

/// The machine.
pub struct Scheduler {
    layout: Layout,
    branches: Slab<Branch>,
    frames: Slab<FrameState>,
    regions: Slab<Region>,
    undecided: BTreeMap<Group, Undecided>,
    queue: VecDeque<Queued>,
    in_background: usize,
    ticket: u64,
    group: u64,
    parallel: u64,
    cancelled: bool,
    root_ended: bool,
    finished: bool,
}

impl Scheduler {
    /// A machine that has not begun.
    pub fn new(graph: Graph) -> Self {
        Self {
            layout: Layout::new(graph),
            branches: Slab::new(),
            frames: Slab::new(),
            regions: Slab::new(),
            undecided: BTreeMap::new(),
            queue: VecDeque::new(),
            in_background: 0,
            ticket: 0,
            group: FATAL,
            parallel: 0,
            cancelled: false,
            root_ended: false,
            finished: false,
        }
    }

    /// Begins: the roots are followed as if a source before them had succeeded.
    pub fn begin(&mut self, commands: &mut Vec<Command>) {
        let region = self.regions.insert(Region::root());
        let frame = self.frames.insert(self.layout.frame(None, None, None));
        let root = self.branches.insert(Branch::new(None, frame, region, Kind::Roots { next: 0 }));
        self.advance(root, commands);
    }

    /// A sub flow that was started has ended. One that is not running is no news.
    pub fn ended(&mut self, run: Run, outcome: Outcome, commands: &mut Vec<Command>) {
        let Some(branch) = self.branches.get_mut(run.branch) else { return };
        let Kind::Running { sub_flow, ticket } = branch.kind else { return };
        if ticket != run.ticket {
            return;
        }
        branch.kind = Kind::links(sub_flow, outcome.into());
        branch.broken |= outcome == Outcome::Cancelled;
        if outcome == Outcome::Failed {
            self.sub_flow_failed(run, sub_flow, commands);
        }
        self.advance(run.branch, commands);
    }

    /// The answer to [`Command::Evaluate`]: one verdict per link, in their order.
    pub fn evaluated(&mut self, place: Place, verdicts: &[Verdict], commands: &mut Vec<Command>) {
        let asked = self.branches.get_mut(place).and_then(|branch| branch.kind.take_question());
        if asked.is_some() {
            self.follow_group(place, verdicts, commands);
        }
    }

    /// The answer to [`Command::Next`].
    pub fn item(&mut self, place: Place, item: Item, commands: &mut Vec<Command>) {
        self.take_item(place, item, commands);
    }

    /// The run is to stop: nothing more is started, not even by `error` or `always` links, and all that runs is asked to stop.
    pub fn cancel(&mut self, commands: &mut Vec<Command>) {
        self.cancelled = true;
        self.queue.clear();
        self.stop_all(commands);
    }

    /// The run has failed as a whole: what runs is asked to stop, ordinary links open no more; `error` and `always` links do.
    pub fn halt(&mut self, commands: &mut Vec<Command>) {
        for (_, region) in &mut self.regions {
            region.halted = true;
        }
        self.stop_all(commands);
    }

    fn stop_all(&self, commands: &mut Vec<Command>) {
        commands.extend(self.branches.iter().filter_map(|(at, branch)| branch.run(at)).map(Command::Stop));
    }
}

#[cfg(test)]
pub(crate) mod tests;
