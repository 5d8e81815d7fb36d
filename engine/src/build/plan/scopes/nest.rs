//! How scopes lie in one another: by the tree of dominators of the control graph, below one root for all of its roots.

use super::super::ControlLink;
use super::super::control_order::ControlOrder;
use super::{Heads, Scopes};
use petgraph::algo::dominators::{Dominators, simple_fast};
use petgraph::graph::{DiGraph, NodeIndex};
use pypeline_schema::execution_metadata::{ScopeKind, ScopeMetadata};
use std::collections::HashMap;

/// The scopes by the tree of dominators, an outer one before those inside it.
pub(super) fn nest(
    heads: &Heads,
    outer: &[&ControlLink],
    order: &ControlOrder,
    name: impl Fn(usize) -> String,
) -> Scopes {
    let n = order.incoming.len();
    if heads.is_empty() {
        return Scopes { list: Vec::new(), of: vec![None; n], is_sound: true };
    }
    let dominators = dominators(n, outer, order);
    // Per sub flow the target whose scope is its innermost, and per target how many scopes are around its own.
    let mut innermost: Vec<Option<usize>> = vec![None; n];
    let mut around: HashMap<usize, (Option<usize>, usize)> = HashMap::new();
    for &sub_flow in &order.sorted {
        let dominator = dominators.immediate_dominator(NodeIndex::new(sub_flow)).map(|vertex| vertex.index());
        let outside = dominator.and_then(|dominator| innermost.get(dominator).copied().flatten());
        let inside = if heads.contains_key(&sub_flow) {
            let depth = outside.and_then(|outside| around.get(&outside)).map_or(0, |(_, depth)| depth + 1);
            around.insert(sub_flow, (outside, depth));
            Some(sub_flow)
        } else {
            outside
        };
        if let Some(innermost) = innermost.get_mut(sub_flow) {
            *innermost = inside;
        }
    }
    let mut targets: Vec<(usize, usize, usize)> =
        heads.iter().filter_map(|(target, (link, _))| Some((around.get(target)?.1, *link, *target))).collect();
    targets.sort_unstable();
    let number: HashMap<usize, usize> = targets.iter().enumerate().map(|(at, (.., target))| (*target, at)).collect();
    let number = |target: usize| number.get(&target).copied();
    let scope = |&(_, link, target): &(usize, usize, usize)| {
        let kind = heads.get(&target).map_or(ScopeKind::Iterate, |(_, kind)| *kind);
        let parent = around.get(&target).and_then(|(outside, _)| *outside).and_then(number);
        ScopeMetadata { kind, link, parent, sub_flows: Vec::new() }
    };
    let list = targets.iter().map(scope).collect();
    let of = innermost.into_iter().map(|target| target.and_then(number)).collect();
    let mut scopes = Scopes { list, of, is_sound: true };
    for sub_flow in 0..n {
        let around: Vec<usize> = scopes.around(sub_flow).collect();
        for scope in around {
            if let Some(scope) = scopes.list.get_mut(scope) {
                scope.sub_flows.push(name(sub_flow));
            }
        }
    }
    scopes
}

fn dominators(n: usize, outer: &[&ControlLink], order: &ControlOrder) -> Dominators<NodeIndex> {
    let mut graph: DiGraph<(), ()> = DiGraph::with_capacity(n + 1, outer.len() + n);
    let vertices: Vec<NodeIndex> = (0..n).map(|_| graph.add_node(())).collect();
    let root = graph.add_node(());
    let vertex = |sub_flow: usize| vertices.get(sub_flow).copied().unwrap_or(root);
    for start in order.roots() {
        graph.add_edge(root, vertex(start), ());
    }
    for link in outer {
        graph.add_edge(vertex(link.sub_flows.0), vertex(link.sub_flows.1), ());
    }
    simple_fast(&graph, root)
}

#[cfg(test)]
mod tests {
    use super::super::heads;
    use super::*;
    use proptest::prelude::*;
    use pypeline_schema::valve::Condition;
    use std::collections::BTreeSet;

    fn link((from, to, kind): (usize, usize, u8)) -> ControlLink {
        let condition = match kind {
            0 => Condition::Iterate { parallel: 1 },
            1 => Condition::Start,
            _ => Condition::Ok,
        };
        ControlLink::of_test(from, to, condition)
    }

    /// What the roots reach without ever passing `barrier`.
    fn reached_around(n: usize, links: &[ControlLink], barrier: usize) -> BTreeSet<usize> {
        let is_root = |at: &usize| links.iter().all(|link| link.sub_flows.1 != *at);
        let mut stack: Vec<usize> = (0..n).filter(is_root).filter(|at| *at != barrier).collect();
        let mut seen = BTreeSet::new();
        while let Some(at) = stack.pop() {
            if seen.insert(at) {
                let next = links.iter().filter(|link| link.sub_flows.0 == at).map(|link| link.sub_flows.1);
                stack.extend(next.filter(|to| *to != barrier));
            }
        }
        seen
    }

    proptest! {
        #[test]
        fn a_scope_is_what_nothing_reaches_past_its_target(
            n in 1_usize..12,
            picks in proptest::collection::vec((0_usize..100, 0_usize..100, 0_u8..6), 0..24),
        ) {
            let forward = |(a, b, kind): (usize, usize, u8)| (a % n, b % n, kind);
            let links = picks.into_iter().map(forward).filter(|(from, to, _)| from < to).map(link);
            let links: Vec<ControlLink> = links.collect();
            let outer: Vec<&ControlLink> = links.iter().collect();
            let heads = heads(&outer);
            let order = ControlOrder::new(n, &outer);
            let scopes = nest(&heads, &outer, &order, |sub_flow| sub_flow.to_string());
            prop_assert_eq!(scopes.list.len(), heads.len());
            for (at, scope) in scopes.list.iter().enumerate() {
                let target = links[scope.link].sub_flows.1;
                let around = reached_around(n, &links, target);
                let expected: Vec<String> = (0..n).filter(|at| !around.contains(at)).map(|at| at.to_string()).collect();
                prop_assert_eq!(&scope.sub_flows, &expected);
                prop_assert!(scope.parent.is_none_or(|parent| parent < at));
                if let Some(parent) = scope.parent {
                    prop_assert!(scopes.list[parent].sub_flows.contains(&target.to_string()));
                }
                prop_assert_eq!(scopes.of(target), Some(at));
            }
            for sub_flow in 0..n {
                let holding = scopes.list.iter().filter(|scope| scope.sub_flows.contains(&sub_flow.to_string()));
                prop_assert_eq!(scopes.around(sub_flow).count(), holding.count());
            }
        }
    }
}
