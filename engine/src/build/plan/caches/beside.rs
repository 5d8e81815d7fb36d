//! Sub flows that may run at the same time: in branches of one group of links, or one of them in the background.
//!
//! A sub flow is followed back as long as there is one way, as far as that tells; where ways meet, nothing is concluded.

use super::super::ControlLink;
use super::super::control_order::ControlOrder;
use super::super::scopes::Scopes;
use std::collections::HashMap;

/// Links that are followed back from one sub flow at most.
const STEPS: usize = 10_000;

/// The control flow as planned.
pub(in super::super) struct Ways<'a> {
    pub outer: &'a [&'a ControlLink],
    pub order: &'a ControlOrder,
    pub scopes: &'a Scopes,
    /// Roots run at the same time.
    pub parallel_roots: bool,
}

impl Ways<'_> {
    /// Both run, and neither waits for the other.
    pub fn are_beside(&self, one: usize, other: usize) -> bool {
        if self.scopes.is_started_beside(one, other) || self.scopes.is_started_beside(other, one) {
            return true;
        }
        let (way, root) = self.back(one);
        let way: HashMap<usize, usize> = way.into_iter().collect();
        let (other_way, other_root) = self.back(other);
        let meeting = other_way.into_iter().find_map(|(from, link)| Some((link, *way.get(&from)?)));
        match meeting {
            Some((link, other)) => {
                let group = |link: usize| self.outer.get(link).map(|link| (link.order, link.from));
                link != other && group(link) == group(other)
            }
            None => self.parallel_roots && root.is_some() && other_root.is_some() && root != other_root,
        }
    }

    /// The sub flows that every way to this one leads through, the nearest first, each with the link that is taken there; and the
    /// root where they begin, if there is one way only.
    fn back(&self, sub_flow: usize) -> (Vec<(usize, usize)>, Option<usize>) {
        let (mut way, mut here) = (Vec::new(), sub_flow);
        while way.len() < STEPS {
            match self.order.incoming.get(here).map(Vec::as_slice).unwrap_or_default() {
                [] => return (way, Some(here)),
                [link] => {
                    let Some(from) = self.outer.get(*link).map(|link| link.sub_flows.0) else { break };
                    way.push((from, *link));
                    here = from;
                }
                _ => break,
            }
        }
        (way, None)
    }
}
