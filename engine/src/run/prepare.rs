//! A sub flow with its values known: each node's configuration resolved and lowered, and the nodes parted into units of work.

mod streams;
mod units;

use super::job::Job;
use crate::config;
use crate::config::leaves::{Meaning, leaves};
use crate::project::Project;
use crate::secrets::net;
use crate::template::{self, Resolved, Scope};
use pypeline_schema::dag::{DagDataLink, DagNode};
use pypeline_schema::fault::{Fault, FaultKind};
use pypeline_schema::link::PortRef;
use pypeline_schema::lowering::{LowerRequest, Lowering};
use pypeline_schema::ports::PortNames;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::sync::Arc;
use streams::{Link, Streams, streams};
pub(super) use units::Unit;
use units::{units, waves};

/// A node ready to run.
pub(super) struct Prepared {
    /// Index into the DAG's nodes.
    pub node: usize,
    /// Templates resolved.
    pub config: Arc<Value>,
    /// What it does; none for a module that runs.
    pub lowering: Option<Lowering>,
}

/// A failure before anything ran, laid at a node's door.
pub(super) type NodeFault = (usize, Box<Fault>);

/// A sub flow ready to run.
pub(super) struct SubFlowPlan {
    pub prepared: Vec<Prepared>,
    /// Units whose inputs are ready together, wave after wave, with their numbers.
    pub waves: Vec<Vec<(u32, Unit)>>,
    /// Data links between units of one wave, by number: their rows are read while they come.
    pub streams: BTreeSet<usize>,
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
    let numbers = job.index.links_of.get(sub_flow).map_or(&[][..], Vec::as_slice);
    let links: Vec<Link> = numbers.iter().filter_map(|number| link(job, &prepared, *number)).collect();
    let pairs: Vec<(usize, usize)> = links.iter().map(|link| (link.from, link.to)).collect();
    let units = units(&prepared, &pairs, fuse);
    // Not fused, every link is a table: that is what people look into.
    let Streams { links: streams, groups } = if fuse { streams(&units, &links) } else { Streams::none(units.len()) };
    let waves = waves(units, &pairs, &groups);
    let waves = waves.ok_or_else(|| {
        let fault = Fault::new(FaultKind::Contract, "the job's data links form a cycle; build it again");
        vec![(nodes.first().copied().unwrap_or_default(), Box::new(fault))]
    })?;
    Ok(SubFlowPlan { prepared, waves, streams })
}

fn link(job: &Job, prepared: &[Prepared], number: usize) -> Option<Link> {
    let (from, to) = *job.index.pairs.get(number)?;
    let port = job.dag.data_links.get(number)?.from.port.clone();
    let is_list = job.index.lists.get(from).is_some_and(|ports| ports.contains(&port));
    let reader = prepared.binary_search_by_key(&to, |ready| ready.node).ok().and_then(|at| prepared.get(at));
    let reads_twice = reader.and_then(|ready| ready.lowering.as_ref()).is_some_and(Lowering::reads_twice);
    Some(Link { number, from, port, to, is_read_again: is_list || reads_twice })
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
        check_again(job, node, &resolved)?;
        config = resolved.value;
    }
    check_ports(job, at, node, config.as_object())?;
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
fn check_again(job: &Job, node: &DagNode, resolved: &Resolved) -> Result<(), Box<Fault>> {
    let Resolved { value: resolved, tainted } = resolved;
    let is_unspeakable = |node: &DagNode, key: &str| {
        is_unspeakable(node, key) || tainted.iter().any(|at| at.trim_start_matches('/').split('/').next() == Some(key))
    };
    let check = job.checks.of(&node.module).map_err(|error| Box::new(Fault::new(FaultKind::Contract, error)))?;
    let violations = check.checker.check(resolved);
    // What comes out of a template is data: it may not lead out of the expression that it stands in.
    for leaf in resolved.as_object().into_iter().flat_map(|values| leaves(&check.patterns, values)) {
        let (what, parsed) = match leaf.meaning {
            Meaning::Expression => ("an SQL expression", config::parse_expression(leaf.text)),
            Meaning::Query => ("an SQL query", config::parse_query(leaf.text)),
            Meaning::Column => continue,
        };
        let pointer = leaf.pointer.trim_start_matches('/');
        let key = pointer.split('/').next().unwrap_or_default().replace("~1", "/").replace("~0", "~");
        if let Err(error) = parsed {
            let text = match is_unspeakable(node, &key) {
                true => format!("not {what}, once its template has its values"),
                false => format!("not {what}: {error}"),
            };
            return Err(Box::new(Fault::new(FaultKind::Config, text).with("key", pointer)));
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

/// Ports that a template has named, now that its value is known: those that links name must be among them.
fn check_ports(job: &Job, at: usize, node: &DagNode, config: Option<&Map<String, Value>>) -> Result<(), Box<Fault>> {
    let (index, links) = (&job.index, &job.dag.data_links);
    let of = |all: &[Vec<usize>]| all.get(at).cloned().unwrap_or_default();
    let Some(config) = config else { return Ok(()) };
    let named = |all: &[Vec<usize>], port: fn(&DagDataLink) -> &PortRef| {
        of(all).into_iter().filter_map(|link| Some(port(links.get(link)?).port.as_str())).collect::<Vec<_>>()
    };
    let inputs =
        (named(&index.inputs, |link| &link.to), PortNames::inputs(&node.module, config), &node.module.inputs_key);
    let outputs =
        (named(&index.outputs, |link| &link.from), PortNames::outputs(&node.module, config), &node.module.outputs_key);
    for (linked, ports, key) in [inputs, outputs] {
        if let (Some(key), Some(port)) = (key, linked.into_iter().find(|port| !ports.has(port))) {
            let fault =
                Fault::new(FaultKind::Config, format!("a link names the port `{port}`, which is no key of `{key}`"));
            return Err(Box::new(fault.with("key", key)));
        }
    }
    Ok(())
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
    let link = |link: &usize| job.dag.data_links.get(*link);
    let linked = job.index.outputs.get(at).into_iter().flatten().filter_map(link);
    let mut linked_outputs: Vec<String> = linked.map(|link| link.from.port.clone()).collect();
    linked_outputs.sort();
    linked_outputs.dedup();
    let linked = job.index.inputs.get(at).into_iter().flatten().filter_map(link);
    let linked_inputs: Vec<String> = linked.map(|link| link.to.port.clone()).collect();
    let request = LowerRequest { config: config.clone(), linked_inputs, linked_outputs };
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
