//! All failures of a run: the first of them with all that is known, the others counted, and which of them count in the end.

use crate::scheduling::{FATAL, Group};
use pypeline_schema::run_result::FailureResult;
use std::collections::{BTreeMap, BTreeSet};

/// Failures told one by one; a loop may have millions.
const LISTED: usize = 1_000;

/// Failures as they are decided.
#[derive(Debug, Default)]
pub(in crate::run) struct Failures {
    listed: Vec<(Group, FailureResult)>,
    /// Undecided ones, and those that count.
    by_group: BTreeMap<Group, u64>,
    n_all: u64,
    n_handled: u64,
}

impl Failures {
    pub(in crate::run) fn add(&mut self, group: Group, failure: FailureResult) {
        self.n_all += 1;
        *self.by_group.entry(group).or_default() += 1;
        if self.listed.len() < LISTED {
            self.listed.push((group, failure));
        }
    }

    /// A handler has taken the failures of a group off the run; those that are told one by one: sub flow and items around it.
    pub(in crate::run) fn handled(&mut self, group: Group) -> BTreeSet<(Vec<u64>, String)> {
        self.n_handled += self.by_group.remove(&group).unwrap_or(0);
        let mut names = BTreeSet::new();
        for (_, failure) in self.listed.iter_mut().filter(|(of, _)| *of == group && group != FATAL) {
            failure.handled = true;
            names.insert((failure.iter.clone(), failure.sub_flow.clone()));
        }
        names
    }

    pub(in crate::run) fn merge(&mut self, group: Group, into: Group) {
        let n = self.by_group.remove(&group).unwrap_or(0);
        *self.by_group.entry(into).or_default() += n;
        for (of, _) in self.listed.iter_mut().filter(|(of, _)| *of == group) {
            *of = into;
        }
    }

    /// Some failure was handled by nobody.
    pub(in crate::run) fn is_fatal(&self) -> bool {
        self.by_group.values().any(|n| *n > 0)
    }

    pub(super) fn list(&self) -> Vec<FailureResult> {
        self.listed.iter().map(|(_, failure)| failure.clone()).collect()
    }

    pub(super) fn n_all(&self) -> u64 {
        self.n_all
    }

    pub(super) fn n_handled(&self) -> u64 {
        self.n_handled
    }
}
