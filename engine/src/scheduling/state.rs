//! Where the machine stands: a tree of branches, the frames that they run in, and the regions that a failure halts.

use super::gate::Gate;
use super::{Group, Outcome, Resolution, Run, Skipped};
use std::sync::Arc;

/// How a sub flow ended in a frame, run or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Succeeded,
    Failed,
    Cancelled,
    Skipped(Skipped),
}

impl From<Outcome> for End {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Succeeded => Self::Succeeded,
            Outcome::Failed => Self::Failed,
            Outcome::Cancelled => Self::Cancelled,
        }
    }
}

/// One line of descent: a sub flow that runs, then its links being followed one group after another; or a loop, or a frame.
#[derive(Debug)]
pub(super) struct Branch {
    /// The branch that waits for this one.
    pub parent: Option<usize>,
    pub frame: usize,
    pub region: usize,
    /// The region goes with the branch.
    pub owns_region: bool,
    /// A failure in it or below it counts.
    pub failed: bool,
    /// A failure in it or below it counts, or something was stopped.
    pub broken: bool,
    /// Branches that must end before it goes on.
    pub waiting: usize,
    /// Its place in the parallel groups around it, within its frame.
    pub chain: Chain,
    /// Failures that are handled if it ends without one of its own.
    pub handles: Vec<Group>,
    /// A failure has asked what runs in it to stop.
    pub is_stopping: bool,
    pub kind: Kind,
}

/// What a branch is about.
#[derive(Debug)]
pub(super) enum Kind {
    /// Starts the roots, group after group.
    Roots { next: usize },
    /// A sub flow runs.
    Running { sub_flow: usize, ticket: u64 },
    /// A sub flow has ended: its links are followed.
    Links(Box<Links>),
    /// An ITERATE link's items.
    Loop(Box<Loop>),
    /// One pass through a scope, begun with its first sub flow.
    Frame,
}

/// The links of a sub flow on their way.
#[derive(Debug)]
pub(super) struct Links {
    pub sub_flow: usize,
    pub end: End,
    /// The next group.
    pub next: usize,
    /// The driver was asked for the expressions of the next group.
    pub is_asked: bool,
    /// Expression links that were true.
    pub true_links: Vec<usize>,
    /// An item of a loop of this source failed, and nobody handled it.
    pub loop_failed: bool,
    /// Failures of such loops that wait for a handler of this source.
    pub loop_groups: Vec<Group>,
}

/// A loop at work.
#[derive(Debug)]
pub(super) struct Loop {
    pub link: usize,
    pub scope: usize,
    pub parallel: u32,
    /// Index of the next item.
    pub next: u64,
    /// The driver was asked for an item.
    pub is_asked: bool,
    /// There are no more items.
    pub is_exhausted: bool,
    /// The items are done; the links that lead out are followed.
    pub is_over: bool,
    /// Items with a failure that counts.
    pub failed: u64,
    /// The list itself could not be read on.
    pub list_failed: bool,
    /// Why no frame was entered, once that is known.
    pub unentered: Option<Skipped>,
    /// The ends of the links that lead out, over all frames.
    pub exits: Vec<Exit>,
    /// The next group of them to follow.
    pub next_exit: usize,
    /// Failures of the items wait for a handler of the source.
    pub catch: Option<Group>,
}

/// The end of a link that leads out of a loop.
#[derive(Debug, Clone, Copy)]
pub(super) struct Exit {
    pub link: usize,
    pub resolution: Resolution,
    /// It opened below an `error` or `always` link, so that a halt does not shut it.
    pub is_exempt: bool,
}

impl Loop {
    pub(super) fn new(link: usize, scope: usize, parallel: u32) -> Self {
        Self {
            link,
            scope,
            parallel: parallel.max(1),
            next: 0,
            is_asked: false,
            is_exhausted: false,
            is_over: false,
            failed: 0,
            list_failed: false,
            unentered: None,
            exits: Vec::new(),
            next_exit: 0,
            catch: None,
        }
    }

    /// Of one link's ends in all frames, the one that counts: blocked in any, else opened in any.
    pub(super) fn note_exit(&mut self, exit: Exit) {
        let rank = |resolution: Resolution| match resolution {
            Resolution::NotChosen => 0,
            Resolution::Opened => 1,
            Resolution::Blocked => 2,
        };
        match self.exits.iter_mut().find(|known| known.link == exit.link) {
            Some(known) => {
                known.is_exempt |= exit.is_exempt;
                if rank(exit.resolution) > rank(known.resolution) {
                    known.resolution = exit.resolution;
                }
            }
            None => self.exits.push(exit),
        }
    }
}

impl Kind {
    pub(super) fn links(sub_flow: usize, end: End) -> Self {
        Self::Links(Box::new(Links {
            sub_flow,
            end,
            next: 0,
            is_asked: false,
            true_links: Vec::new(),
            loop_failed: false,
            loop_groups: Vec::new(),
        }))
    }

    /// Takes note of the driver's answer; none if nothing was asked.
    pub(super) fn take_question(&mut self) -> Option<()> {
        match self {
            Self::Links(links) if links.is_asked => {
                links.is_asked = false;
                Some(())
            }
            _ => None,
        }
    }
}

impl Branch {
    pub(super) fn new(parent: Option<usize>, frame: usize, region: usize, kind: Kind) -> Self {
        Self {
            parent,
            frame,
            region,
            owns_region: false,
            failed: false,
            broken: false,
            waiting: 0,
            chain: None,
            handles: Vec::new(),
            is_stopping: false,
            kind,
        }
    }

    /// The pass that runs in it and was not yet asked to stop.
    pub(super) fn run(&self, at: usize) -> Option<Run> {
        match self.kind {
            Kind::Running { ticket, .. } if !self.is_stopping => Some(Run { branch: at, ticket }),
            _ => None,
        }
    }
}

/// A place in a parallel group; none outside such groups.
pub(super) type Chain = Option<Arc<Member>>;

/// One of several branches that run at the same time.
#[derive(Debug)]
pub(super) struct Member {
    /// Names the group.
    pub group: u64,
    /// The branch whose group it is.
    pub owner: usize,
    /// Which of them; a gate that belongs to the group is beside them all.
    pub index: usize,
    /// Groups around it.
    pub depth: u32,
    /// The group around its group.
    pub around: Chain,
}

/// A chain is let go of link by link: it may be longer than the stack is deep.
impl Drop for Member {
    fn drop(&mut self) {
        let mut around = self.around.take();
        while let Some(mut member) = around.and_then(Arc::into_inner) {
            around = member.around.take();
        }
    }
}

impl Member {
    /// The place of a gate that belongs to its group.
    pub(super) fn beside(&self, sub_flow: usize) -> Arc<Self> {
        let Self { group, owner, depth, ref around, .. } = *self;
        Arc::new(Self { group, owner, index: usize::MAX - sub_flow, depth, around: around.clone() })
    }

    /// Where two places part: the second's member of the outermost group in which they are different ones.
    pub(super) fn fork(one: &Arc<Self>, two: &Arc<Self>) -> Option<Arc<Self>> {
        let (mut one, mut two, mut fork) = (Some(one), Some(two), None);
        while let (Some(a), Some(b)) = (one, two) {
            if a.depth > b.depth {
                one = a.around.as_ref();
            } else if b.depth > a.depth {
                two = b.around.as_ref();
            } else if a.group == b.group && a.index == b.index {
                break;
            } else {
                if a.group == b.group {
                    fork = Some(Arc::clone(b));
                }
                (one, two) = (a.around.as_ref(), b.around.as_ref());
            }
        }
        fork
    }
}

/// One pass through a scope.
#[derive(Debug)]
pub(super) struct FrameState {
    pub scope: Option<usize>,
    pub parent: Option<usize>,
    /// The loop's branch.
    pub place: Option<usize>,
    pub gates: Vec<Gate>,
    /// What needs it: its own branches, frames inside it, and scopes that wait to be started in it.
    pub holds: usize,
}

/// What a failure halts: the run, a loop whose failures are caught, what lies below an `error` or `always` link, or a scope in
/// the background. A failure inside halts all regions around it too, up to one that catches.
#[derive(Debug)]
pub(super) struct Region {
    pub around: Option<usize>,
    pub halted: bool,
    /// It is halted, but what runs in it goes on: the failure was in the background.
    pub runs_on: bool,
    /// Failures inside are decided together, by a handler outside.
    pub catch: Option<Group>,
    /// It is in the background: a failure inside stops nothing outside, only keeps it from beginning.
    pub in_background: bool,
    /// It stands for what is in no region of its own: the run's halt is its halt.
    pub follows_run: bool,
}

impl Region {
    pub(super) fn root() -> Self {
        Self { around: None, halted: false, runs_on: false, catch: None, in_background: false, follows_run: true }
    }

    pub(super) fn inside(around: usize) -> Self {
        Self { around: Some(around), follows_run: false, ..Self::root() }
    }

    /// The region whose halt is the halt of this one too.
    pub(super) fn follows(&self) -> Option<usize> {
        match self.in_background {
            true => self.follows_run.then_some(0),
            false => self.around.filter(|_| self.catch.is_some()),
        }
    }
}

/// Failures whose handlers have not all come to an end.
#[derive(Debug)]
pub(super) struct Undecided {
    /// Handlers to come.
    pub pending: u32,
    /// One of them failed, or never ran.
    pub is_lost: bool,
}

/// A scope that waits for a free place in the background.
#[derive(Debug)]
pub(super) struct Queued {
    pub link: usize,
    pub frame: usize,
    pub region: usize,
}
