//! Where the columns of a job's sinks come from: worked out from the job folder alone, and the heads of the files that it would read.

use super::job::Job;
use crate::columns::lineage::trace;
use crate::columns::{LinkView, NodeView, Subject, look, order, scope};
use crate::executor::Executor;
use crate::project::Project;
use pypeline_schema::lineage::LineageReport;
use pypeline_schema::manifest::ModuleKind;
use serde_json::{Map, Value};
use std::collections::HashMap;

/// The lineage of every sink whose columns can be known; `context` goes before declared defaults.
pub fn lineage(job: &Job, project: &Project, context: &Map<String, Value>, executor: &dyn Executor) -> LineageReport {
    let (dag, metadata) = (&job.dag, &job.metadata);
    let by_id: HashMap<&str, usize> = dag.nodes.iter().enumerate().map(|(at, node)| (node.id.as_str(), at)).collect();
    let nodes = dag.nodes.iter().map(|node| {
        let functions = job.plugin(node)?;
        Some(NodeView { id: &node.id, manifest: &node.module, functions, config: &node.config })
    });
    let links = dag.data_links.iter().filter_map(|link| {
        let (from, to) = (by_id.get(link.from.node.as_str())?, by_id.get(link.to.node.as_str())?);
        Some(LinkView { from: *from, output: &link.from.port, to: *to, input: &link.to.port })
    });
    let sub_flows: HashMap<&str, usize> =
        metadata.sub_flows.iter().enumerate().map(|(at, sub_flow)| (sub_flow.name.as_str(), at)).collect();
    let first = metadata.static_order.iter().filter_map(|name| sub_flows.get(name.as_str()).copied());
    let scope = scope(&metadata.context, context, &metadata.params);
    let subject = Subject {
        nodes: nodes.collect(),
        links: links.collect(),
        loops: HashMap::new(),
        order: order(dag.nodes.iter().map(|node| node.id.as_str()), &metadata.sub_flows, first),
        project,
        scope: &scope,
        executor,
    };
    let known = look(&subject);
    let sinks = trace(&subject, &known, false);
    let is_known = |id: &str| sinks.iter().any(|sink| sink.node == id);
    let unknown = dag.nodes.iter().filter(|node| node.module.kind == ModuleKind::Sink && !is_known(&node.id));
    LineageReport { unknown: unknown.map(|node| node.id.clone()).collect(), sinks }
}
