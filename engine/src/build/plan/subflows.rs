//! Sub flows: connected components of the graph that the data links alone make.

use super::DataLink;
use super::data_order::DataOrder;
use petgraph::unionfind::UnionFind;
use std::collections::HashMap;

/// Which node is in which sub flow; sub flows are numbered by their first declared node.
pub(super) struct SubFlows {
    /// The sub flow of each node.
    pub of: Vec<usize>,
    /// The nodes of each sub flow in declaration order.
    pub members: Vec<Vec<usize>>,
    /// The node that gives each sub flow its name: the first without data inputs.
    pub heads: Vec<usize>,
}

impl SubFlows {
    pub fn of(&self, node: usize) -> usize {
        self.of.get(node).copied().unwrap_or_default()
    }

    pub fn head(&self, sub_flow: usize) -> usize {
        self.heads.get(sub_flow).copied().unwrap_or_default()
    }
}

/// Parts the nodes into sub flows.
pub(super) fn assign(n_nodes: usize, links: &[DataLink], rows: &DataOrder) -> SubFlows {
    let mut components = UnionFind::<usize>::new(n_nodes);
    for link in links {
        components.union(link.from, link.to);
    }
    let mut numbers: HashMap<usize, usize> = HashMap::new();
    let mut members: Vec<Vec<usize>> = Vec::new();
    let number = |(node, label): (usize, usize)| {
        let number = *numbers.entry(label).or_insert_with(|| {
            members.push(Vec::new());
            members.len() - 1
        });
        if let Some(members) = members.get_mut(number) {
            members.push(node);
        }
        number
    };
    let of = components.into_labeling().into_iter().enumerate().map(number).collect();
    let is_head = |node: &&usize| rows.has_input.get(**node) == Some(&false);
    let head = |nodes: &Vec<usize>| nodes.iter().find(is_head).or(nodes.first()).copied().unwrap_or_default();
    let heads = members.iter().map(head).collect();
    SubFlows { of, members, heads }
}
