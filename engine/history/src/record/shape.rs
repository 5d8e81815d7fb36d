//! What the job folder still knows of a flow that a run ran: modules, sub flows, sinks. Only if it is the same build.

use super::{Told, written};
use crate::model::{Detail, JobRef};
use pypeline_engine::job_folder::JobFolder;
use pypeline_schema::link::PortRef;
use pypeline_schema::run_result::{FailureResult, State};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Deserialize)]
struct Dag {
    nodes: Vec<DagNode>,
    data_links: Vec<DagLink>,
}

#[derive(Deserialize)]
struct DagNode {
    id: String,
    module: DagModule,
    line: u32,
}

#[derive(Deserialize)]
struct DagModule {
    name: String,
}

#[derive(Deserialize)]
struct DagLink {
    from: PortRef,
    to: PortRef,
}

#[derive(Deserialize)]
struct Metadata {
    fingerprint: String,
    sub_flows: Vec<MetadataSubFlow>,
}

#[derive(Deserialize)]
struct MetadataSubFlow {
    name: String,
    nodes: Vec<String>,
}

/// The built flow, if it is the one that the run had.
fn of(job: &JobRef, told: &Told) -> Option<(Dag, Metadata)> {
    let folder = JobFolder::new(&job.folder, &job.name);
    let metadata: Metadata = serde_json::from_slice(&std::fs::read(folder.metadata()).ok()?).ok()?;
    if told.fingerprint.as_ref() != Some(&metadata.fingerprint) {
        return None;
    }
    Some((serde_json::from_slice(&std::fs::read(folder.dag()).ok()?).ok()?, metadata))
}

/// Fills in modules, sub flows and the rows that sinks wrote.
pub(super) fn complete(job: &JobRef, told: &Told, detail: &mut Detail) {
    let Some((dag, metadata)) = of(job, told) else { return };
    let modules: BTreeMap<&str, &str> =
        dag.nodes.iter().map(|node| (node.id.as_str(), node.module.name.as_str())).collect();
    let sub_flows = sub_flows(&metadata);
    for node in &mut detail.nodes {
        node.module = modules.get(node.id.as_str()).map(|name| (*name).to_owned());
        node.sub_flow = sub_flows.get(node.id.as_str()).map(|name| (*name).to_owned());
    }
    let sources: BTreeSet<&str> = dag.data_links.iter().map(|link| link.from.node.as_str()).collect();
    let targets: BTreeSet<&str> = dag.data_links.iter().map(|link| link.to.node.as_str()).collect();
    let done: Vec<_> = detail.nodes.iter().filter(|node| node.state == State::Succeeded).cloned().collect();
    detail.run.rows = Some(written(&done, &sources, &targets));
}

/// The failures that a log tells, with their places in the flow where these are known.
pub(super) fn failures(job: &JobRef, told: &Told) -> Vec<FailureResult> {
    let shape = of(job, told);
    let lines: BTreeMap<&str, u32> =
        shape.iter().flat_map(|(dag, _)| &dag.nodes).map(|node| (node.id.as_str(), node.line)).collect();
    let sub_flows = shape.as_ref().map(|(_, metadata)| sub_flows(metadata)).unwrap_or_default();
    let failure = |failure: &super::told::ToldFailure| FailureResult {
        sub_flow: sub_flows.get(failure.node.as_str()).map_or_else(String::new, |name| (*name).to_owned()),
        node: failure.node.clone(),
        line: lines.get(failure.node.as_str()).copied().unwrap_or_default(),
        iter: failure.iter.clone(),
        item: None,
        handled: false,
        fault: failure.fault.clone(),
    };
    told.failures.iter().map(failure).collect()
}

fn sub_flows(metadata: &Metadata) -> BTreeMap<&str, &str> {
    metadata
        .sub_flows
        .iter()
        .flat_map(|sub_flow| sub_flow.nodes.iter().map(|node| (node.as_str(), sub_flow.name.as_str())))
        .collect()
}
