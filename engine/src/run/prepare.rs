//! A sub flow with its values known: each node's configuration resolved and lowered, and the nodes parted into units of work.

use super::job::Job;
use crate::config;
use crate::project::Project;
use crate::secrets::net;
use crate::template::{self, Resolved, Scope};
use pypeline_schema::dag::DagNode;
use pypeline_schema::fault::{Fault, FaultKind};
use pypeline_schema::lowering::{LowerRequest, Lowering};
use serde_json::{Map, Value};
use std::sync::Arc;

/// A node ready to run.
pub(super) struct Prepared {
    /// Index into the DAG's nodes.
    pub node: usize,
    /// Templates resolved.
    pub config: Arc<Value>,
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
    /// Index into the DAG's nodes; the engine itself does the work.
    Service(usize),
}

impl Unit {
    /// Its nodes.
    pub(super) fn nodes(&self) -> &[usize] {
        match self {
            Self::Stage(nodes) => nodes,
            Self::Module(node) | Self::Service(node) => std::slice::from_ref(node),
        }
    }
}

/// A failure before anything ran, laid at a node's door.
pub(super) type NodeFault = (usize, Box<Fault>);

/// A sub flow ready to run.
pub(super) struct SubFlowPlan {
    pub prepared: Vec<Prepared>,
    /// Units whose inputs are ready together, wave after wave, with their numbers.
    pub waves: Vec<Vec<(u32, Unit)>>,
}

impl SubFlowPlan {
    /// What a node does.
    pub(super) fn of(&self, node: usize) -> Option<&Prepared> {
        self.prepared.iter().find(|ready| ready.node == node)
    }
}

/// Resolves, lowers and parts a sub flow; all faults at once.
pub(super) fn plan(
    job: &Job,
    project: &Project,
    sub_flow: usize,
    scope: &Scope,
    fuse: bool,
) -> Result<SubFlowPlan, Vec<NodeFault>> {
    let nodes = job.index.nodes_of.get(sub_flow).map_or(&[][..], Vec::as_slice);
    let prepared = prepare(job, project, nodes, scope)?;
    let links: Vec<(usize, usize)> = job
        .index
        .links_of
        .get(sub_flow)
        .into_iter()
        .flatten()
        .filter_map(|link| job.index.pairs.get(*link).copied())
        .collect();
    let waves = waves(units(&prepared, &links, fuse), &links);
    let waves = waves.ok_or_else(|| {
        let fault = Fault::new(FaultKind::Contract, "the job's data links form a cycle; build it again");
        vec![(nodes.first().copied().unwrap_or_default(), Box::new(fault))]
    })?;
    Ok(SubFlowPlan { prepared, waves })
}

/// Resolves and lowers all nodes of a sub flow; all faults at once.
pub(super) fn prepare(
    job: &Job,
    project: &Project,
    nodes: &[usize],
    scope: &Scope,
) -> Result<Vec<Prepared>, Vec<NodeFault>> {
    let (mut prepared, mut faults) = (Vec::new(), Vec::new());
    for &at in nodes {
        let Some(node) = job.dag.nodes.get(at) else { continue };
        match prepare_node(job, project, at, node, scope) {
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
    scope: &Scope,
) -> Result<Prepared, Box<Fault>> {
    let mut config = Value::Object(node.config.clone());
    if job.index.is_templated.get(at).copied().unwrap_or(false) {
        let resolved = template::resolve(&config, scope).map_err(|error| {
            let fault = Fault::new(FaultKind::Config, error.message);
            Box::new(fault.with("key", error.pointer.trim_start_matches('/')))
        })?;
        keep_secret(&resolved);
        check_again(node, &resolved)?;
        config = resolved.value;
    }
    let lowering = if node.module.lowers { lower(job, project, at, node, &config)? } else { None };
    Ok(Prepared { node: at, config: Arc::new(config), lowering })
}

/// What a filter has made of a secret is a secret too.
fn keep_secret(resolved: &Resolved) {
    resolved.tainted.iter().filter_map(|pointer| resolved.value.pointer(pointer)).for_each(keep_texts);
}

fn keep_texts(value: &Value) {
    match value {
        Value::String(text) => net::add_derived(text),
        Value::Array(items) => items.iter().for_each(keep_texts),
        Value::Object(map) => map.values().for_each(keep_texts),
        _ => {}
    }
}

/// The build could not see behind the templates: now the values are known.
fn check_again(node: &DagNode, resolved: &Resolved) -> Result<(), Box<Fault>> {
    let Resolved { value: resolved, tainted } = resolved;
    let is_unspeakable = |node: &DagNode, key: &str| {
        is_unspeakable(node, key) || tainted.iter().any(|at| at.trim_start_matches('/').split('/').next() == Some(key))
    };
    let values = resolved.as_object().cloned().unwrap_or_else(Map::new);
    let violations =
        config::check(&node.module, &values).map_err(|error| Box::new(Fault::new(FaultKind::Contract, error)))?;
    // What comes out of a template is data: it may not lead out of the expression that it stands in.
    for key in config::expression_keys(&node.module) {
        if let Some(Err(error)) = resolved.get(key).and_then(Value::as_str).map(config::parse_expression) {
            let text = match is_unspeakable(node, key) {
                true => "not an SQL expression, once its template has its values".to_owned(),
                false => format!("not an SQL expression: {error}"),
            };
            return Err(Box::new(Fault::new(FaultKind::Config, text).with("key", key)));
        }
    }
    // A value that still looks like a template came out of one: it is data, and the module will say if it is wrong.
    let Some(violation) = violations.into_iter().next() else { return Ok(()) };
    let pointer = violation.pointer.trim_start_matches('/');
    let key = pointer.split('/').next().unwrap_or_default();
    if is_unspeakable(node, key) {
        let kind = match resolved.pointer(&violation.pointer) {
            Some(Value::String(_)) => "a text",
            Some(Value::Number(_)) => "a number",
            Some(Value::Bool(_)) => "true or false",
            Some(Value::Null) => "null",
            Some(Value::Array(_)) => "a list",
            Some(Value::Object(_)) => "a mapping",
            None => "something else",
        };
        let text = format!("its template gives {kind} that the module does not accept");
        return Err(Box::new(Fault::new(FaultKind::Config, text).with("key", pointer)));
    }
    let fault = Fault::new(FaultKind::Config, violation.message).with("key", pointer);
    Err(Box::new(match violation.help {
        Some(help) => fault.help(help),
        None => fault,
    }))
}

/// A value of this key may be a secret: it comes from the context, and stands in no message.
fn is_unspeakable(node: &DagNode, key: &str) -> bool {
    let written = node.config.get(key);
    written.is_some_and(|written| template::is_template(written) && written.to_string().contains("context"))
}

fn lower(
    job: &Job,
    project: &Project,
    at: usize,
    node: &DagNode,
    config: &Value,
) -> Result<Option<Lowering>, Box<Fault>> {
    let plugin =
        job.plugin(node).ok_or_else(|| Box::new(Fault::new(FaultKind::Contract, "its plugin is not loaded")))?;
    let linked = job.index.outputs.get(at).into_iter().flatten().filter_map(|link| job.dag.data_links.get(*link));
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
        other @ (Lowering::Select(_) | Lowering::Service(_)) => Some(other),
    })
}

/// Parts a sub flow's nodes into units, in topological order. Nodes that lower and are joined are one stage, unless a module
/// that runs lies between them on some path: fusing only nodes of one level can never put it inside a stage.
pub(super) fn units(prepared: &[Prepared], links: &[(usize, usize)], fuse: bool) -> Vec<Unit> {
    let order = topological(prepared, links);
    let lowering =
        |node: usize| prepared.iter().find(|ready| ready.node == node).and_then(|ready| ready.lowering.as_ref());
    let lowers = |node: usize| lowering(node).is_some_and(|lowering| !matches!(lowering, Lowering::Service(_)));
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
            units.push(if lowering(node).is_some() { Unit::Service(node) } else { Unit::Module(node) });
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

/// Units by the time at which their inputs are ready; none if they wait for one another.
fn waves(units: Vec<Unit>, links: &[(usize, usize)]) -> Option<Vec<Vec<(u32, Unit)>>> {
    let mut left: Vec<(u32, Unit)> = (1..).zip(units).collect();
    let mut waves = Vec::new();
    while !left.is_empty() {
        let waits = |unit: &Unit| {
            let comes_from = |from: &usize| {
                !unit.nodes().contains(from) && left.iter().any(|(_, other)| other.nodes().contains(from))
            };
            links.iter().any(|(from, to)| unit.nodes().contains(to) && comes_from(from))
        };
        let is_ready: Vec<bool> = left.iter().map(|(_, unit)| !waits(unit)).collect();
        let mut is_ready = is_ready.into_iter();
        let (wave, later): (Vec<_>, Vec<_>) = left.into_iter().partition(|_| is_ready.next().unwrap_or(false));
        if wave.is_empty() {
            return None;
        }
        waves.push(wave);
        left = later;
    }
    Some(waves)
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
                config: Arc::default(),
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
