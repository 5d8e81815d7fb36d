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
    by_group: BTreeMap<Group, Decided>,
    n_all: u64,
    n_handled: u64,
}

/// Failures that are decided together.
#[derive(Debug, Default)]
struct Decided {
    n: u64,
    /// Where they happened: the first of them.
    places: BTreeSet<Place>,
}

/// The items around a failure, and its sub flow.
type Place = (Vec<u64>, String);

/// Places of failures that are decided together.
const PLACES: usize = 100;

impl Failures {
    pub(in crate::run) fn add(&mut self, group: Group, failure: FailureResult) {
        self.n_all += 1;
        let decided = self.by_group.entry(group).or_default();
        decided.n += 1;
        if group != FATAL && decided.places.len() < PLACES {
            decided.places.insert((failure.iter.clone(), failure.sub_flow.clone()));
        }
        if self.listed.len() < LISTED {
            self.listed.push((group, failure));
        }
    }

    /// A handler has taken the failures of a group off the run; where they happened.
    pub(in crate::run) fn handled(&mut self, group: Group) -> BTreeSet<Place> {
        let decided = self.by_group.remove(&group).unwrap_or_default();
        self.n_handled += decided.n;
        for (_, failure) in self.listed.iter_mut().filter(|(of, _)| *of == group && group != FATAL) {
            failure.handled = true;
        }
        decided.places
    }

    pub(in crate::run) fn merge(&mut self, group: Group, into: Group) {
        let decided = self.by_group.remove(&group).unwrap_or_default();
        let others = self.by_group.entry(into).or_default();
        others.n += decided.n;
        if into != FATAL {
            let room = PLACES.saturating_sub(others.places.len());
            others.places.extend(decided.places.into_iter().take(room));
        }
        for (of, _) in self.listed.iter_mut().filter(|(of, _)| *of == group) {
            *of = into;
        }
    }

    /// Some failure was handled by nobody.
    pub(in crate::run) fn is_fatal(&self) -> bool {
        self.by_group.values().any(|decided| decided.n > 0)
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
