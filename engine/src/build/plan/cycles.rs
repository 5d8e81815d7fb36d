//! Cycles, looked for twice: among nodes by data links, among sub flows by control links.

use super::subflows::SubFlows;
use super::subject::Subject;
use super::{ControlLink, DataLink};
use crate::diagnostics::code::Code;
use crate::diagnostics::{Diagnostic, Diagnostics};
use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use std::collections::{HashMap, HashSet};

pub(super) fn check_data(subject: &Subject<'_>, links: &[DataLink], diagnostics: &mut Diagnostics) {
    let edges = links.iter().map(|link| (link.from, link.to, link.pointer.as_str()));
    for (ring, pointer) in rings(subject.n_nodes(), edges) {
        let message = format!("data links form a cycle: {}", draw(&ring, |node| subject.id(node)));
        let finding =
            Diagnostic::new(Code::DataCycle, message).help("rows cannot flow in a circle: remove one of these links");
        diagnostics.push(finding.at(&pointer, subject.value(&pointer)));
    }
}

/// True if there are any.
pub(super) fn check_control(
    subject: &Subject<'_>,
    flows: &SubFlows,
    outer: &[&ControlLink],
    diagnostics: &mut Diagnostics,
) -> bool {
    let edges = outer.iter().map(|link| (link.sub_flows.0, link.sub_flows.1, link.pointer.as_str()));
    let rings = rings(flows.members.len(), edges);
    for (ring, pointer) in &rings {
        let drawn = draw(ring, |sub_flow| subject.id(flows.head(sub_flow)));
        let finding = Diagnostic::new(Code::ControlCycle, format!("control links form a cycle of sub flows: {drawn}"))
            .help("to repeat work, give the items to an iterate link; to end, remove one of these links");
        diagnostics.push(finding.at(pointer, subject.value(pointer)));
    }
    !rings.is_empty()
}

/// One ring of each group of vertices that reach each other, with the place of one of its links.
fn rings<'a>(n_vertices: usize, edges: impl Iterator<Item = (usize, usize, &'a str)>) -> Vec<(Vec<usize>, String)> {
    let mut graph: DiGraph<(), &str> = DiGraph::new();
    let vertices: Vec<NodeIndex> = (0..n_vertices).map(|_| graph.add_node(())).collect();
    for (from, to, pointer) in edges {
        if let (Some(from), Some(to)) = (vertices.get(from), vertices.get(to)) {
            graph.add_edge(*from, *to, pointer);
        }
    }
    // Of the library's two ways this one does not recurse: a chain may be as long as it likes.
    let groups = kosaraju_scc(&graph).into_iter();
    let cyclic = groups
        .filter(|group| group.len() > 1 || group.first().is_some_and(|vertex| graph.contains_edge(*vertex, *vertex)));
    let mut found: Vec<(Vec<usize>, String)> = cyclic.filter_map(|group| ring(&graph, &group)).collect();
    found.sort();
    found
}

/// Walks inside a strongly connected group until a vertex comes back.
fn ring(graph: &DiGraph<(), &str>, group: &[NodeIndex]) -> Option<(Vec<usize>, String)> {
    let start = *group.iter().min()?;
    let group: HashSet<NodeIndex> = group.iter().copied().collect();
    let (mut path, mut places) = (vec![start], HashMap::from([(start, 0)]));
    loop {
        let here = *path.last()?;
        let next = graph.neighbors(here).filter(|next| group.contains(next)).min()?;
        if let Some(back) = places.get(&next) {
            let pointer = graph.find_edge(here, next).and_then(|edge| graph.edge_weight(edge))?;
            let ring = path.get(*back..)?.iter().map(|vertex| vertex.index()).collect();
            return Some((ring, (*pointer).to_owned()));
        }
        places.insert(next, path.len());
        path.push(next);
    }
}

fn draw<'a>(ring: &[usize], name: impl Fn(usize) -> &'a str) -> String {
    let mut names: Vec<String> = ring.iter().map(|vertex| format!("`{}`", name(*vertex))).collect();
    names.extend(names.first().cloned());
    names.join(" -> ")
}
