//! The plan in the words of the execution metadata: sub flows with their waves and what can be fused, and the links between.

use super::data_order::DataOrder;
use super::scopes::Scopes;
use super::subflows::SubFlows;
use super::subject::Subject;
use super::{ControlLink, DataLink};
use petgraph::unionfind::UnionFind;
use pypeline_schema::execution_metadata::{Join, SubFlowLink, SubFlowMetadata};
use std::collections::{BTreeMap, HashMap};

/// Name, nodes, waves and fusable groups of every sub flow, how it joins, and its scope.
pub(super) fn sub_flows(
    subject: &Subject<'_>,
    links: &[DataLink],
    rows: &DataOrder,
    flows: &SubFlows,
    joins: &[Join],
    scopes: Option<&Scopes>,
) -> Vec<SubFlowMetadata> {
    let id = |node: usize| subject.id(node).to_owned();
    let mut stages = stages(subject, links, rows);
    let describe = |(at, nodes): (usize, &Vec<usize>)| {
        let mut waves: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        for &node in nodes {
            waves.entry(rows.waves.get(node).copied().unwrap_or(0)).or_default().push(id(node));
        }
        SubFlowMetadata {
            name: id(flows.head(at)),
            nodes: nodes.iter().map(|node| id(*node)).collect(),
            waves: waves.into_values().collect(),
            fusable: fusable(subject, nodes, &mut stages),
            join: joins.get(at).copied().unwrap_or_default(),
            scope: scopes.and_then(|scopes| scopes.of(at)),
        }
    };
    flows.members.iter().enumerate().map(describe).collect()
}

/// A node that can be part of a stage; what the engine serves never is.
fn lowers(subject: &Subject<'_>, node: usize) -> bool {
    subject.manifest(node).is_some_and(|manifest| manifest.lowers && !manifest.service)
}

/// Nodes that lower and are linked, as far as their rows come through the same running modules: times that rows were handed
/// to one before each node. Fusing only nodes of one such level can never put a running module between two nodes of a stage.
fn stages(subject: &Subject<'_>, links: &[DataLink], rows: &DataOrder) -> UnionFind<usize> {
    let lowers = |node: usize| lowers(subject, node);
    let levels = rows.longest(|from, to| usize::from(!lowers(from)) + usize::from(!lowers(to)));
    let mut stages = UnionFind::<usize>::new(levels.len());
    for link in links {
        if lowers(link.from) && lowers(link.to) && levels.get(link.from) == levels.get(link.to) {
            stages.union(link.from, link.to);
        }
    }
    stages
}

fn fusable(subject: &Subject<'_>, nodes: &[usize], stages: &mut UnionFind<usize>) -> Vec<Vec<String>> {
    let mut groups: Vec<Vec<String>> = Vec::new();
    let mut numbers: HashMap<usize, usize> = HashMap::new();
    for node in nodes.iter().copied().filter(|node| lowers(subject, *node)) {
        let number = *numbers.entry(stages.find_mut(node)).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        if let Some(group) = groups.get_mut(number) {
            group.push(subject.id(node).to_owned());
        }
    }
    groups
}

/// Control links between sub flows.
pub(super) fn links(subject: &Subject<'_>, flows: &SubFlows, outer: &[&ControlLink]) -> Vec<SubFlowLink> {
    let name = |sub_flow: usize| subject.id(flows.head(sub_flow)).to_owned();
    let link = |link: &&ControlLink| SubFlowLink {
        from: name(link.sub_flows.0),
        to: name(link.sub_flows.1),
        node: subject.id(link.from).to_owned(),
        order: link.order,
        condition: link.condition.text(),
        list_port: link.list_port.clone(),
        line: subject.document.positions.line(&link.pointer),
    };
    outer.iter().map(link).collect()
}
