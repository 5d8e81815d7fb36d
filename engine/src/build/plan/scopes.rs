//! Scopes: what ITERATE and START links govern, which is all that every way from the roots reaches through their targets; and
//! the links that may not cross their borders.

mod checks;
mod nest;

use super::ControlLink;
use super::control_order::ControlOrder;
use super::subflows::SubFlows;
use super::subject::Subject;
use crate::diagnostics::Diagnostics;
use pypeline_schema::execution_metadata::{ScopeKind, ScopeMetadata};
use pypeline_schema::valve::Condition;
use std::collections::{BTreeMap, HashSet};

/// The scopes of a flow.
pub(super) struct Scopes {
    /// An outer one before those inside it.
    pub list: Vec<ScopeMetadata>,
    /// The innermost one of each sub flow.
    of: Vec<Option<usize>>,
    /// No link crosses a border that it may not cross.
    pub is_sound: bool,
}

impl Scopes {
    /// The innermost scope of a sub flow.
    pub fn of(&self, sub_flow: usize) -> Option<usize> {
        self.of.get(sub_flow).copied().flatten()
    }

    /// The scopes around a sub flow, the innermost first.
    pub fn around(&self, sub_flow: usize) -> impl Iterator<Item = usize> + '_ {
        std::iter::successors(self.of(sub_flow), |scope| self.list.get(*scope)?.parent)
    }

    /// The scopes that a link between two sub flows leads out of, the innermost first.
    pub fn left_by(&self, from: usize, to: usize) -> Vec<usize> {
        let stay: HashSet<usize> = self.around(to).collect();
        self.around(from).take_while(|scope| !stay.contains(scope)).collect()
    }

    /// Loops around a sub flow.
    pub fn loops(&self, sub_flow: usize) -> usize {
        self.around(sub_flow).filter(|scope| self.is(*scope, ScopeKind::Iterate)).count()
    }

    /// What a START link governs holds the first and not the second: nothing waits for it.
    pub fn is_started_beside(&self, started: usize, other: usize) -> bool {
        self.left_by(started, other).into_iter().any(|scope| self.is(scope, ScopeKind::Start))
    }

    /// The innermost scope around all of some sub flows.
    pub fn common(&self, mut sub_flows: impl Iterator<Item = usize>) -> Option<usize> {
        let mut common = self.of(sub_flows.next()?);
        for sub_flow in sub_flows {
            let around: HashSet<usize> = self.around(sub_flow).collect();
            while common.is_some_and(|scope| !around.contains(&scope)) {
                common = common.and_then(|scope| self.list.get(scope)?.parent);
            }
        }
        common
    }

    /// The scope that a link (its index among those between sub flows) makes.
    pub fn made_by(&self, link: usize) -> Option<usize> {
        self.list.iter().position(|scope| scope.link == link)
    }

    fn is(&self, scope: usize, kind: ScopeKind) -> bool {
        self.list.get(scope).is_some_and(|scope| scope.kind == kind)
    }
}

/// Finds the scopes and reports links that cross their borders. The control links must have no cycle.
pub(super) fn find(
    subject: &Subject<'_>,
    flows: &SubFlows,
    outer: &[&ControlLink],
    order: &ControlOrder,
    diagnostics: &mut Diagnostics,
) -> Scopes {
    let heads = heads(outer);
    let before = diagnostics.counts().0;
    checks::entries(subject, &heads, outer, order, diagnostics);
    let name = |sub_flow: usize| subject.id(flows.head(sub_flow)).to_owned();
    let mut scopes = nest::nest(&heads, outer, order, name);
    // Where something else leads into a scope, what leads out of it would be reported as a mere consequence.
    if diagnostics.counts().0 == before {
        checks::exits(subject, &scopes, outer, order, diagnostics);
    }
    scopes.is_sound = diagnostics.counts().0 == before;
    scopes
}

/// The scopes of links whose borders nothing crosses wrongly.
#[cfg(test)]
pub(super) fn of_test(outer: &[&ControlLink], order: &ControlOrder) -> Scopes {
    nest::nest(&heads(outer), outer, order, |sub_flow| sub_flow.to_string())
}

/// The targets of ITERATE and START links, each with the first such link and its kind.
type Heads = BTreeMap<usize, (usize, ScopeKind)>;

fn heads(outer: &[&ControlLink]) -> Heads {
    let mut heads = Heads::new();
    for (at, link) in outer.iter().enumerate() {
        if let Some(kind) = kind(&link.condition) {
            heads.entry(link.sub_flows.1).or_insert((at, kind));
        }
    }
    heads
}

fn kind(condition: &Condition) -> Option<ScopeKind> {
    match condition {
        Condition::Iterate { .. } => Some(ScopeKind::Iterate),
        Condition::Start => Some(ScopeKind::Start),
        _ => None,
    }
}
