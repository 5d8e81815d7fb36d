//! Sub flows: connected components of the graph that the data links alone make; inside each, waves and what can be fused.

use super::{DataLink, Subject};
use petgraph::unionfind::UnionFind;
use pypeline_schema::execution_metadata::SubFlowMetadata;

/// The sub flow of each node; sub flows are numbered by their first declared node.
pub(super) fn assign(n_nodes: usize, links: &[DataLink]) -> Vec<usize> {
    let mut components = UnionFind::<usize>::new(n_nodes);
    for link in links {
        components.union(link.from, link.to);
    }
    let mut roots: Vec<usize> = Vec::new();
    let number = |root: usize| match roots.iter().position(|known| *known == root) {
        Some(at) => at,
        None => {
            roots.push(root);
            roots.len() - 1
        }
    };
    components.into_labeling().into_iter().map(number).collect()
}

/// Name, nodes, waves and fusable groups of every sub flow.
pub(super) fn describe(subject: &Subject<'_>, links: &[DataLink], sub_flow_of: &[usize]) -> Vec<SubFlowMetadata> {
    let n_sub_flows = sub_flow_of.iter().max().map_or(0, |last| last + 1);
    let levels = levels(subject, links);
    let waves = waves(sub_flow_of.len(), links);
    (0..n_sub_flows)
        .map(|sub_flow| {
            let nodes: Vec<usize> =
                (0..sub_flow_of.len()).filter(|node| sub_flow_of.get(*node) == Some(&sub_flow)).collect();
            let is_head = |node: &&usize| links.iter().all(|link| link.to != **node);
            let head = nodes.iter().find(is_head).or(nodes.first()).copied().unwrap_or_default();
            SubFlowMetadata {
                name: id(subject, head),
                nodes: nodes.iter().map(|node| id(subject, *node)).collect(),
                waves: group_by(subject, &nodes, &waves),
                fusable: fusable(subject, &nodes, links, &levels),
            }
        })
        .collect()
}

fn id(subject: &Subject<'_>, node: usize) -> String {
    subject.document.nodes.get(node).map_or_else(String::new, |node| node.id.clone())
}

/// Topological wave of each node: one more than the latest of those that it reads from.
fn waves(n_nodes: usize, links: &[DataLink]) -> Vec<usize> {
    longest(n_nodes, links, |_, _| 1)
}

/// Times that rows were handed to a running module before each node. Fusing only nodes of one level can never put a
/// running module between two nodes of one stage.
fn levels(subject: &Subject<'_>, links: &[DataLink]) -> Vec<usize> {
    let lowers = |node: usize| subject.modules.get(node).is_some_and(|m| m.as_ref().is_some_and(|m| m.manifest.lowers));
    longest(subject.document.nodes.len(), links, |from, to| usize::from(!lowers(from)) + usize::from(!lowers(to)))
}

/// Longest path to each node by a weight per link. Rounds are bounded, so that a cycle (reported elsewhere) ends too.
fn longest(n_nodes: usize, links: &[DataLink], weight: impl Fn(usize, usize) -> usize) -> Vec<usize> {
    let mut length = vec![0; n_nodes];
    for _ in 0..n_nodes {
        let mut changed = false;
        for link in links {
            let reach = length.get(link.from).copied().unwrap_or(0) + weight(link.from, link.to);
            if let Some(known) = length.get_mut(link.to).filter(|known| **known < reach) {
                *known = reach;
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    length
}

fn group_by(subject: &Subject<'_>, nodes: &[usize], key: &[usize]) -> Vec<Vec<String>> {
    let last = nodes.iter().filter_map(|node| key.get(*node)).max().copied().unwrap_or(0);
    let of =
        |wave: usize| nodes.iter().filter(move |node| key.get(**node) == Some(&wave)).map(|node| id(subject, *node));
    (0..=last).map(|wave| of(wave).collect::<Vec<_>>()).filter(|wave| !wave.is_empty()).collect()
}

fn fusable(subject: &Subject<'_>, nodes: &[usize], links: &[DataLink], levels: &[usize]) -> Vec<Vec<String>> {
    let lowers = |node: usize| subject.modules.get(node).is_some_and(|m| m.as_ref().is_some_and(|m| m.manifest.lowers));
    let mut stages = UnionFind::<usize>::new(levels.len());
    for link in links {
        if lowers(link.from) && lowers(link.to) && levels.get(link.from) == levels.get(link.to) {
            stages.union(link.from, link.to);
        }
    }
    let mut groups: Vec<(usize, Vec<String>)> = Vec::new();
    for node in nodes.iter().copied().filter(|node| lowers(*node)) {
        let stage = stages.find(node);
        match groups.iter_mut().find(|(known, _)| *known == stage) {
            Some((_, group)) => group.push(id(subject, node)),
            None => groups.push((stage, vec![id(subject, node)])),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}
