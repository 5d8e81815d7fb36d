//! The job's names as numbers, worked out once: a run looks nothing up by its name.

use crate::template;
use pypeline_schema::dag::DagFile;
use pypeline_schema::execution_metadata::{ExecutionMetadata, ScopeKind};
use pypeline_schema::valve::{Condition, parse_condition};
use serde_json::Value;
use std::collections::HashMap;

/// Nodes, sub flows and links by number: their places in the job's files.
#[derive(Debug, Default)]
pub struct Index {
    nodes: HashMap<String, usize>,
    sub_flows: HashMap<String, usize>,
    sub_flow_of: Vec<usize>,
    /// Per sub flow its nodes, in declaration order.
    pub nodes_of: Vec<Vec<usize>>,
    /// Per data link its two nodes.
    pub pairs: Vec<(usize, usize)>,
    /// Per node the data links that reach it.
    pub inputs: Vec<Vec<usize>>,
    /// Per node the data links that leave it.
    pub outputs: Vec<Vec<usize>>,
    /// Per sub flow its data links.
    pub links_of: Vec<Vec<usize>>,
    /// Per data link its place among those of its sub flow.
    pub place_of: Vec<usize>,
    /// Per node the output ports whose rows are some loop's items.
    pub lists: Vec<Vec<String>>,
    /// Of each of them, how many loops go over it.
    pub loops_over: HashMap<(usize, String), usize>,
    /// Per sub flow: it runs once per item of some loop.
    pub in_loop: Vec<bool>,
    /// Per node: some value of its configuration is a template.
    pub is_templated: Vec<bool>,
    /// Per control link that makes an outermost loop, the nodes inside.
    pub loop_nodes: Vec<Option<Vec<usize>>>,
    /// Per control link between sub flows its condition, read.
    pub conditions: Vec<Condition>,
}

impl Index {
    pub(super) fn new(dag: &DagFile, metadata: &ExecutionMetadata) -> Self {
        let nodes: HashMap<String, usize> =
            dag.nodes.iter().enumerate().map(|(at, node)| (node.id.clone(), at)).collect();
        let n = dag.nodes.len();
        let find = |id: &str| nodes.get(id).copied().unwrap_or(usize::MAX);
        let mut index = Self {
            inputs: vec![Vec::new(); n],
            outputs: vec![Vec::new(); n],
            lists: vec![Vec::new(); n],
            links_of: vec![Vec::new(); metadata.sub_flows.len()],
            ..Self::default()
        };
        let mut sub_flow_of = vec![0; n];
        for (at, sub_flow) in metadata.sub_flows.iter().enumerate() {
            let mut members: Vec<usize> = sub_flow.nodes.iter().map(|id| find(id)).filter(|node| *node < n).collect();
            members.sort_unstable();
            for node in &members {
                if let Some(of) = sub_flow_of.get_mut(*node) {
                    *of = at;
                }
            }
            index.nodes_of.push(members);
        }
        for (at, link) in dag.data_links.iter().enumerate() {
            let (from, to) = (find(&link.from.node), find(&link.to.node));
            index.pairs.push((from, to));
            index.outputs.get_mut(from).into_iter().for_each(|links| links.push(at));
            index.inputs.get_mut(to).into_iter().for_each(|links| links.push(at));
            let of = sub_flow_of.get(from).and_then(|sub_flow| index.links_of.get_mut(*sub_flow));
            index.place_of.push(of.map_or(0, |links| {
                links.push(at);
                links.len() - 1
            }));
        }
        for link in &metadata.control {
            if let Some(port) = &link.list_port {
                *index.loops_over.entry((find(&link.node), port.clone())).or_default() += 1;
            }
            let ports = index.lists.get_mut(find(&link.node));
            if let (Some(port), Some(ports)) = (&link.list_port, ports)
                && !ports.contains(port)
            {
                ports.push(port.clone());
            }
            index.conditions.push(parse_condition(&link.condition).unwrap_or(Condition::Ok));
        }
        let loops = |scope: Option<usize>| {
            let parent = |scope: &usize| metadata.scopes.get(*scope).and_then(|scope| scope.parent);
            std::iter::successors(scope, parent)
                .any(|scope| metadata.scopes.get(scope).is_some_and(|scope| scope.kind == ScopeKind::Iterate))
        };
        index.in_loop = metadata.sub_flows.iter().map(|sub_flow| loops(sub_flow.scope)).collect();
        index.loop_nodes = vec![None; metadata.control.len()];
        for scope in metadata.scopes.iter().filter(|scope| scope.kind == ScopeKind::Iterate && !loops(scope.parent)) {
            let is_inside = |name: &String| scope.sub_flows.contains(name);
            let inside = metadata.sub_flows.iter().filter(|sub_flow| is_inside(&sub_flow.name));
            let nodes = inside.flat_map(|sub_flow| &sub_flow.nodes).map(|id| find(id)).collect();
            if let Some(slot) = index.loop_nodes.get_mut(scope.link) {
                *slot = Some(nodes);
            }
        }
        index.is_templated =
            dag.nodes.iter().map(|node| template::is_template(&Value::Object(node.config.clone()))).collect();
        (index.nodes, index.sub_flow_of) = (nodes, sub_flow_of);
        let names = metadata.sub_flows.iter().enumerate().map(|(at, sub_flow)| (sub_flow.name.clone(), at));
        index.sub_flows = names.collect();
        index
    }

    /// A node by its id.
    pub fn node(&self, id: &str) -> Option<usize> {
        self.nodes.get(id).copied()
    }

    /// A sub flow by its name.
    pub fn sub_flow(&self, name: &str) -> Option<usize> {
        self.sub_flows.get(name).copied()
    }

    /// The sub flow of a node.
    pub fn sub_flow_of(&self, node: usize) -> usize {
        self.sub_flow_of.get(node).copied().unwrap_or_default()
    }

    /// A node of a sub flow has a template in its configuration.
    pub fn is_variable(&self, sub_flow: usize) -> bool {
        let nodes = self.nodes_of.get(sub_flow).into_iter().flatten();
        nodes.into_iter().any(|node| self.is_templated.get(*node).copied().unwrap_or(false))
    }
}
