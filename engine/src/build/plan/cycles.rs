//! Cycles, looked for twice: among nodes by data links, among sub flows by control links.

use super::{ControlLink, DataLink, Subject};
use crate::diagnostics::code::Code;
use crate::diagnostics::{Diagnostic, Diagnostics};
use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};

pub(super) fn check_data(subject: &Subject<'_>, links: &[DataLink], diagnostics: &mut Diagnostics) {
    let edges = links.iter().map(|link| (link.from, link.to, link.pointer.as_str()));
    let name = |node: usize| subject.document.nodes.get(node).map_or_else(String::new, |node| node.id.clone());
    for (ring, pointer) in rings(subject.document.nodes.len(), edges) {
        let message = format!("data links form a cycle: {}", draw(&ring, name));
        let finding =
            Diagnostic::new(Code::DataCycle, message).help("rows cannot flow in a circle: remove one of these links");
        diagnostics.push(finding.at(&pointer, subject.document.positions.value(&pointer)));
    }
}

pub(super) fn check_control(
    subject: &Subject<'_>,
    links: &[ControlLink],
    sub_flow_of: &[usize],
    diagnostics: &mut Diagnostics,
) {
    let of = |node: usize| sub_flow_of.get(node).copied().unwrap_or_default();
    let outer = links.iter().filter(|link| !link.inner);
    let edges = outer.map(|link| (of(link.from), of(link.to), link.pointer.as_str()));
    let first_node = |sub_flow: usize| sub_flow_of.iter().position(|of| *of == sub_flow);
    let name = |sub_flow: usize| {
        let node = first_node(sub_flow).and_then(|node| subject.document.nodes.get(node));
        node.map_or_else(String::new, |node| node.id.clone())
    };
    for (ring, pointer) in rings(sub_flow_of.len(), edges) {
        let message = format!("control links form a cycle of sub flows: {}", draw(&ring, name));
        let finding = Diagnostic::new(Code::ControlCycle, message)
            .help("to repeat work, give the items to an iterate link; to end, remove one of these links");
        diagnostics.push(finding.at(&pointer, subject.document.positions.value(&pointer)));
    }
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
    let groups = tarjan_scc(&graph).into_iter();
    let cyclic = groups
        .filter(|group| group.len() > 1 || group.first().is_some_and(|vertex| graph.contains_edge(*vertex, *vertex)));
    let mut found: Vec<(Vec<usize>, String)> = cyclic.filter_map(|group| ring(&graph, &group)).collect();
    found.sort();
    found
}

/// Walks inside a strongly connected group until a vertex comes back.
fn ring(graph: &DiGraph<(), &str>, group: &[NodeIndex]) -> Option<(Vec<usize>, String)> {
    let start = *group.iter().min()?;
    let mut path = vec![start];
    loop {
        let here = *path.last()?;
        let next = graph.neighbors(here).filter(|next| group.contains(next)).min()?;
        if let Some(back) = path.iter().position(|seen| *seen == next) {
            let pointer = graph.find_edge(here, next).and_then(|edge| graph.edge_weight(edge))?;
            let ring = path.get(back..)?.iter().map(|vertex| vertex.index()).collect();
            return Some((ring, (*pointer).to_owned()));
        }
        path.push(next);
    }
}

fn draw(ring: &[usize], name: impl Fn(usize) -> String) -> String {
    let mut names: Vec<String> = ring.iter().map(|vertex| format!("`{}`", name(*vertex))).collect();
    names.extend(names.first().cloned());
    names.join(" -> ")
}
