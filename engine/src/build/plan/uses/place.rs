//! Where a name stands: which nodes can have run by then, and how many loops are around.

use super::super::ControlLink;
use super::super::control_order::ControlOrder;
use super::super::scopes::Scopes;
use super::super::subflows::SubFlows;
use super::super::subject::Subject;
use pypeline_schema::valve::Condition;

/// When a name is given its value.
#[derive(Debug, Clone, Copy)]
pub(super) enum Moment {
    /// When this sub flow begins.
    Before(usize),
    /// When this link (its index among those between sub flows) is resolved.
    Link(usize),
    /// Whenever the loops over this node's items look for the next one.
    Item(usize),
}

/// A place in the flow.
pub(super) struct Place<'a> {
    pub subject: &'a Subject<'a>,
    pub flows: &'a SubFlows,
    pub outer: &'a [&'a ControlLink],
    pub order: &'a ControlOrder,
    /// None where control links form cycles.
    pub scopes: Option<&'a Scopes>,
    pub moment: Moment,
}

/// Whether a node can have run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Earlier {
    Perhaps,
    /// It runs in the sub flow that is about to begin.
    SameSubFlow,
    /// It runs only after it.
    No,
}

impl Place<'_> {
    fn sub_flow(&self) -> usize {
        match self.moment {
            Moment::Before(sub_flow) => sub_flow,
            Moment::Link(link) => self.outer.get(link).map_or(0, |link| link.sub_flows.0),
            Moment::Item(node) => self.flows.of(node),
        }
    }

    /// Loops around it, if that is known.
    pub fn loops(&self) -> Option<usize> {
        self.scopes.map(|scopes| scopes.loops(self.sub_flow()))
    }

    /// Whether a node can have run by then.
    pub fn is_earlier(&self, node: usize) -> Earlier {
        let (here, there) = (self.sub_flow(), self.flows.of(node));
        if here == there {
            let is_before = matches!(self.moment, Moment::Before(_));
            return if is_before { Earlier::SameSubFlow } else { Earlier::Perhaps };
        }
        let Some(scopes) = self.scopes else { return Earlier::Perhaps };
        let leaving = self.order.leaving(here);
        let is_later = match self.moment {
            Moment::Before(_) => self.order.leads_to(leaving.map(|(_, to)| to), there),
            Moment::Link(link) => {
                // What earlier groups of links have started has ended by then.
                let from = self.key(link);
                let later = leaving.filter(|(link, _)| self.key(*link) >= from).map(|(_, to)| to);
                self.order.leads_to(later, there)
            }
            Moment::Item(node) => {
                let loops: Vec<usize> =
                    self.order.leaving(here).map(|(at, _)| at).filter(|at| self.is_loop(*at, node)).collect();
                let last = loops.iter().map(|link| self.key(*link)).max();
                let later = leaving.filter(|(link, _)| last.is_some_and(|last| self.key(*link) > last));
                // Earlier items have run in the loop itself; what it leads out to has not.
                let made = loops.iter().filter_map(|link| scopes.made_by(*link));
                let exits = made.flat_map(|scope| self.exits(scopes, scope));
                self.order.leads_to(later.map(|(_, to)| to).chain(exits), there)
            }
        };
        if is_later { Earlier::No } else { Earlier::Perhaps }
    }

    /// Groups of links follow one another by this.
    fn key(&self, link: usize) -> (u32, usize) {
        self.outer.get(link).map_or((u32::MAX, usize::MAX), |link| (link.order, link.from))
    }

    /// A link goes through the list of a node.
    fn is_loop(&self, link: usize, node: usize) -> bool {
        let of = |link: &&&ControlLink| link.from == node && matches!(link.condition, Condition::Iterate { .. });
        self.outer.get(link).as_ref().is_some_and(of)
    }

    /// The sub flows that links lead to from inside a scope.
    fn exits<'a>(&'a self, scopes: &'a Scopes, scope: usize) -> impl Iterator<Item = usize> + 'a {
        let leads_out = move |link: &&&ControlLink| scopes.left_by(link.sub_flows.0, link.sub_flows.1).contains(&scope);
        self.outer.iter().filter(leads_out).map(|link| link.sub_flows.1)
    }
}
