//! Cycles, looked for twice: among nodes by data links, among sub flows by control links.

use super::subflows::SubFlows;
use super::subject::Subject;
use super::{ControlLink, DataLink};
use crate::diagnostics::code::Code;
use crate::diagnostics::{Diagnostic, Diagnostics};
use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use std::collections::{HashMap, HashSet};

/// Nodes and links of a circle that a message names one by one.
const SHOWN: usize = 6;

pub(super) fn check_data(subject: &Subject<'_>, links: &[DataLink], diagnostics: &mut Diagnostics) {
    // A link that names a wrong port is reported, and most likely leads elsewhere.
    let links: Vec<&DataLink> = links.iter().filter(|link| link.is_sound).collect();
    let edges = links.iter().map(|link| (link.from, link.to));
    for ring in rings(subject.n_nodes(), edges) {
        let message = format!("data links form a cycle: {}", draw(&ring, |node| subject.id(node)));
        let ring: Vec<&DataLink> = ring.iter().filter_map(|(_, link)| links.get(*link).copied()).collect();
        let describe = |link: &&DataLink| {
            let line = subject.document.positions.line(&link.pointer);
            format!("`{} - {}` (line {line})", link.ports.0, link.ports.1)
        };
        let help = format!("rows cannot flow in a circle: remove one of {}", name(&ring, describe));
        let Some(closing) = ring.last() else { continue };
        let finding = Diagnostic::new(Code::DataCycle, message).help(help);
        diagnostics.push(finding.at(&closing.pointer, subject.value(&closing.pointer)));
    }
}

/// True if there are any.
pub(super) fn check_control(
    subject: &Subject<'_>,
    flows: &SubFlows,
    outer: &[&ControlLink],
    diagnostics: &mut Diagnostics,
) -> bool {
    let edges = outer.iter().map(|link| (link.sub_flows.0, link.sub_flows.1));
    let rings = rings(flows.members.len(), edges);
    for ring in &rings {
        let drawn = draw(ring, |sub_flow| subject.id(flows.head(sub_flow)));
        let ring: Vec<&ControlLink> = ring.iter().filter_map(|(_, link)| outer.get(*link).copied()).collect();
        let named = name(&ring, |link| subject.describe(link));
        let Some(closing) = ring.last() else { continue };
        let finding = Diagnostic::new(Code::ControlCycle, format!("control links form a cycle of sub flows: {drawn}"))
            .help(format!("to repeat work, give the items to an iterate link; to end, remove one of {named}"));
        diagnostics.push(finding.at(&closing.pointer, subject.value(&closing.pointer)));
    }
    !rings.is_empty()
}

/// One ring of each group of vertices that reach each other: its vertices, each with the edge to the next.
fn rings(n_vertices: usize, edges: impl Iterator<Item = (usize, usize)>) -> Vec<Vec<(usize, usize)>> {
    let mut graph: DiGraph<(), usize> = DiGraph::new();
    let vertices: Vec<NodeIndex> = (0..n_vertices).map(|_| graph.add_node(())).collect();
    for (at, (from, to)) in edges.enumerate() {
        if let (Some(from), Some(to)) = (vertices.get(from), vertices.get(to)) {
            graph.add_edge(*from, *to, at);
        }
    }
    // Of the library's two ways this one does not recurse: a chain may be as long as it likes.
    let groups = kosaraju_scc(&graph).into_iter();
    let cyclic = groups
        .filter(|group| group.len() > 1 || group.first().is_some_and(|vertex| graph.contains_edge(*vertex, *vertex)));
    let mut found: Vec<Vec<(usize, usize)>> = cyclic.filter_map(|group| ring(&graph, &group)).collect();
    found.sort();
    found
}

/// Walks inside a strongly connected group until a vertex comes back.
fn ring(graph: &DiGraph<(), usize>, group: &[NodeIndex]) -> Option<Vec<(usize, usize)>> {
    let start = *group.iter().min()?;
    let group: HashSet<NodeIndex> = group.iter().copied().collect();
    let (mut path, mut places) = (Vec::new(), HashMap::from([(start, 0)]));
    let mut here = start;
    loop {
        let next = graph.neighbors(here).filter(|next| group.contains(next)).min()?;
        let edge = graph.find_edge(here, next).and_then(|edge| graph.edge_weight(edge))?;
        path.push((here.index(), *edge));
        if let Some(back) = places.get(&next) {
            return Some(path.split_off(*back));
        }
        places.insert(next, path.len());
        here = next;
    }
}

fn draw<'a>(ring: &[(usize, usize)], name: impl Fn(usize) -> &'a str) -> String {
    let shown = ring.iter().take(SHOWN).map(|(vertex, _)| format!("`{}`", name(*vertex)));
    let more = (ring.len() > SHOWN).then(|| format!("{} more", ring.len() - SHOWN));
    let first = ring.first().map(|(vertex, _)| format!("`{}`", name(*vertex)));
    shown.chain(more).chain(first).collect::<Vec<_>>().join(" -> ")
}

fn name<T>(links: &[T], describe: impl Fn(&T) -> String) -> String {
    let more = if links.len() > SHOWN { format!(" and {} more", links.len() - SHOWN) } else { String::new() };
    format!("{}{more}", links.iter().take(SHOWN).map(describe).collect::<Vec<_>>().join(", "))
}
