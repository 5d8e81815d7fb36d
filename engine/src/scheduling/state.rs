//! Where the machine stands: a tree of branches, each with the groups of links that it has yet to follow.

use super::Outcome;
use std::collections::VecDeque;

/// One line of descent: a sub flow that runs, or its links being followed one group after another.
#[derive(Debug)]
pub(super) struct Branch {
    /// The branch whose group this one belongs to.
    pub parent: Option<usize>,
    /// Below an `error` or `always` link: a halted run still follows it.
    pub exempt: bool,
    /// What is left to follow.
    pub groups: Groups,
    /// Sub flows and branches that must end before the next group.
    pub running: usize,
}

impl Branch {
    pub(super) fn new(parent: Option<usize>, exempt: bool, groups: Groups) -> Self {
        Self { parent, exempt, groups, running: 0 }
    }
}

/// Groups in the order in which they are followed.
#[derive(Debug)]
pub(super) enum Groups {
    /// Sub flows to start.
    Roots(VecDeque<Vec<usize>>),
    /// Links to resolve, by how their source ended.
    Links(VecDeque<Vec<usize>>, Outcome),
}

/// The next group.
pub(super) enum Group {
    Roots(Vec<usize>),
    Links(Vec<usize>, Outcome),
}

impl Groups {
    pub(super) fn none() -> Self {
        Self::Roots(VecDeque::new())
    }

    pub(super) fn next(&mut self) -> Option<Group> {
        match self {
            Self::Roots(groups) => groups.pop_front().map(Group::Roots),
            Self::Links(groups, outcome) => groups.pop_front().map(|links| Group::Links(links, *outcome)),
        }
    }
}
