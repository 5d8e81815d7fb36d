//! A sub flow with its values known: each node's configuration resolved and lowered, and the nodes parted into units of work.

use super::job::Job;
use crate::config;
use crate::project::Project;
use crate::template::{self, Scope};
use pypeline_schema::dag::{DagDataLink, DagNode};
use pypeline_schema::fault::{Fault, FaultKind};
use pypeline_schema::lowering::{LowerRequest, Lowering};
use serde_json::{Map, Value};
use std::sync::Arc;

/// A node ready to run.
pub(super) struct Prepared {
    /// Index into the DAG's nodes.
    pub node: usize,
    /// Templates resolved.
    pub config: Value,
    /// What it does; none for a module that runs.
    pub lowering: Option<Lowering>,
}

/// What runs as one: a fused stage, or a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unit {
    /// Indices into the DAG's nodes, in topological order.
    Stage(Vec<usize>),
    /// Index into the DAG's nodes.
    Module(usize),
}

impl Unit {
    /// Its nodes.
    pub(super) fn nodes(&self) -> &[usize] {
        match self {
            Self::Stage(nodes) => nodes,
            Self::Module(node) => std::slice::from_ref(node),
        }
    }
}

/// A failure before anything ran, laid at a node's door.
pub(super) type NodeFault = (usize, Box<Fault>);

/// Resolves and lowers all nodes of a sub flow; all faults at once.
pub(super) fn prepare(
    job: &Job,
    project: &Project,
    nodes: &[usize],
    scope: Scope,
) -> Result<Vec<Prepared>, Vec<NodeFault>> {
    let scope = Arc::new(scope);
    let (mut prepared, mut faults) = (Vec::new(), Vec::new());
    for &at in nodes {
        let Some(node) = job.dag.nodes.get(at) else { continue };
        match prepare_node(job, project, at, node, &scope) {
            Ok(ready) => prepared.push(ready),
            Err(fault) => faults.push((at, fault)),
        }
    }
    if faults.is_empty() { Ok(prepared) } else { Err(faults) }
}

fn prepare_node(
    job: &Job,
    project: &Project,
    at: usize,
    node: &DagNode,
    scope: &Arc<Scope>,
) -> Result<Prepared, Box<Fault>> {
    let written = Value::Object(node.config.clone());
    let config = template::resolve(&written, scope).map_err(|error| {
        let fault = Fault::new(FaultKind::Config, error.message);
        Box::new(fault.with("key", error.pointer.trim_start_matches('/')))
    })?;
    if template::is_template(&written) {
        check_again(node, &config)?;
    }
    let lowering = if node.module.lowers { lower(job, project, node, &config)? } else { None };
    Ok(Prepared { node: at, config, lowering })
}

/// The build could not see behind the templates: now the values are known.
fn check_again(node: &DagNode, resolved: &Value) -> Result<(), Box<Fault>> {
    let values = resolved.as_object().cloned().unwrap_or_else(Map::new);
    let violations =
        config::check(&node.module, &values).map_err(|error| Box::new(Fault::new(FaultKind::Contract, error)))?;
    // What comes out of a template is data: it may not lead out of the expression that it stands in.
    for key in config::expression_keys(&node.module) {
        if let Some(Err(error)) = resolved.get(key).and_then(Value::as_str).map(config::parse_expression) {
            return Err(Box::new(
                Fault::new(FaultKind::Config, format!("not an SQL expression: {error}")).with("key", key),
            ));
        }
    }
    // A value that still looks like a template came out of one: it is data, and the module will say if it is wrong.
    match violations.into_iter().next() {
        None => Ok(()),
        Some(violation) => {
            let fault =
                Fault::new(FaultKind::Config, violation.message).with("key", violation.pointer.trim_start_matches('/'));
            Err(Box::new(match violation.help {
                Some(help) => fault.help(help),
                None => fault,
            }))
        }
    }
}

fn lower(job: &Job, project: &Project, node: &DagNode, config: &Value) -> Result<Option<Lowering>, Box<Fault>> {
    let plugin =
        job.plugin(node).ok_or_else(|| Box::new(Fault::new(FaultKind::Contract, "its plugin is not loaded")))?;
    let linked = job.dag.data_links.iter().filter(|link| link.from.node == node.id);
    let mut linked_outputs: Vec<String> = linked.map(|link| link.from.port.clone()).collect();
    linked_outputs.sort();
    linked_outputs.dedup();
    let request = LowerRequest { config: config.clone(), linked_outputs };
    Ok(match plugin.lower(&node.module.name, &request)? {
        Lowering::Run => None,
        Lowering::Scan(mut scan) => {
            for path in &mut scan.paths {
                *path = project.resolve(path).display().to_string();
            }
            Some(Lowering::Scan(scan))
        }
        Lowering::Destination(mut destination) => {
            destination.path = project.resolve(&destination.path).display().to_string();
            Some(Lowering::Destination(destination))
        }
        select @ Lowering::Select(_) => Some(select),
    })
}

/// Parts a sub flow's nodes into units, in topological order. Nodes that lower and are joined are one stage, unless a module
/// that runs lies between them on some path: fusing only nodes of one level can never put it inside a stage.
pub(super) fn units(prepared: &[Prepared], links: &[(usize, usize)], fuse: bool) -> Vec<Unit> {
    let order = topological(prepared, links);
    let lowers = |node: usize| prepared.iter().any(|ready| ready.node == node && ready.lowering.is_some());
    let mut level: Vec<(usize, usize)> = Vec::new();
    for &node in &order {
        let of = |wanted: usize| level.iter().find(|(node, _)| *node == wanted).map_or(0, |(_, level)| *level);
        let hand_over = |from: usize| !fuse || !lowers(from) || !lowers(node);
        let from =
            links.iter().filter(|(_, to)| *to == node).map(|(from, _)| of(*from) + usize::from(hand_over(*from)));
        level.push((node, from.max().unwrap_or(0)));
    }
    let of = |wanted: usize| level.iter().find(|(node, _)| *node == wanted).map_or(0, |(_, level)| *level);
    let mut units: Vec<Unit> = Vec::new();
    for &node in &order {
        if !lowers(node) {
            units.push(Unit::Module(node));
            continue;
        }
        let joined = |other: usize| {
            let linked = links.iter().any(|&(from, to)| (from, to) == (other, node) || (from, to) == (node, other));
            fuse && linked && lowers(other) && of(other) == of(node)
        };
        let mut nodes = vec![node];
        // A node can join two stages that were apart until now: they become one.
        units.retain(|unit| match unit {
            Unit::Stage(stage) if stage.iter().any(|other| joined(*other)) => {
                nodes.extend(stage);
                false
            }
            _ => true,
        });
        nodes.sort_by_key(|node| order.iter().position(|other| other == node));
        units.push(Unit::Stage(nodes));
    }
    units
}

/// Kahn's algorithm, ties by declaration order.
fn topological(prepared: &[Prepared], links: &[(usize, usize)]) -> Vec<usize> {
    let mut left: Vec<usize> = prepared.iter().map(|ready| ready.node).collect();
    let mut order = Vec::new();
    while !left.is_empty() {
        let is_ready = |node: &usize| links.iter().all(|(from, to)| to != node || order.contains(from));
        let Some(at) = left.iter().position(is_ready) else { break };
        order.push(left.remove(at));
    }
    order
}

/// Links of the DAG as pairs of node indices.
pub(super) fn pairs(nodes: &[DagNode], links: &[DagDataLink]) -> Vec<(usize, usize)> {
    let index = |id: &str| nodes.iter().position(|node| node.id == id).unwrap_or(usize::MAX);
    links.iter().map(|link| (index(&link.from.node), index(&link.to.node))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `lowers` says per node whether it lowers.
    fn parted(lowers: &[bool], links: &[(usize, usize)], fuse: bool) -> Vec<Unit> {
        let prepared: Vec<Prepared> = lowers
            .iter()
            .enumerate()
            .map(|(node, lowers)| Prepared {
                node,
                config: Value::Null,
                lowering: lowers.then(|| Lowering::Select([].into())),
            })
            .collect();
        units(&prepared, links, fuse)
    }

    #[test]
    fn what_lowers_and_is_joined_is_one_stage() {
        assert_eq!(parted(&[true, true, true], &[(0, 1), (1, 2)], true), [Unit::Stage(vec![0, 1, 2])]);
        assert_eq!(parted(&[true, true], &[(0, 1)], false), [Unit::Stage(vec![0]), Unit::Stage(vec![1])]);
    }

    #[test]
    fn a_running_module_parts_stages_even_beside_a_shortcut() {
        // 0 -> 1 (runs) -> 2, and 0 -> 2: fusing 0 with 2 would wait for itself.
        let found = parted(&[true, false, true], &[(0, 1), (1, 2), (0, 2)], true);
        assert_eq!(found, [Unit::Stage(vec![0]), Unit::Module(1), Unit::Stage(vec![2])]);
    }

    #[test]
    fn two_sources_meet_in_one_stage() {
        assert_eq!(parted(&[true, true, true], &[(0, 2), (1, 2)], true), [Unit::Stage(vec![0, 1, 2])]);
    }
}
