//! A job's graph as data for other programs: all of it, however large.

use pypeline_schema::dag::{DagControlLink, DagDataLink, DagFile, DagNode};
use pypeline_schema::execution_metadata::{ExecutionMetadata, SubFlowMetadata};
use serde_json::{Value, json};
use std::collections::HashMap;

/// Nodes, links, sub flows and scopes by their names.
pub fn data(dag: &DagFile, metadata: &ExecutionMetadata) -> Value {
    let mut place: HashMap<&str, (&str, usize)> = HashMap::new();
    for sub_flow in &metadata.sub_flows {
        for (wave, ids) in (1..).zip(&sub_flow.waves) {
            place.extend(ids.iter().map(|id| (id.as_str(), (sub_flow.name.as_str(), wave))));
        }
    }
    let node = |node: &DagNode| {
        let (sub_flow, wave) = place.get(node.id.as_str()).copied().unwrap_or_default();
        json!({
            "id": node.id, "module": node.module.name, "type": node.module.kind, "effect": node.effect,
            "sub_flow": sub_flow, "wave": wave, "line": node.line,
        })
    };
    let sub_flow = |sub_flow: &SubFlowMetadata| {
        json!({
            "name": sub_flow.name, "nodes": sub_flow.nodes, "waves": sub_flow.waves, "fusable": sub_flow.fusable,
            "join": sub_flow.join, "scope": sub_flow.scope,
        })
    };
    let inner = |link: &DagControlLink| json!({"from": link.from, "to": link.to, "order": link.order, "condition": link.condition, "line": link.line});
    let data_link = |link: &DagDataLink| json!({"from": link.from, "to": link.to, "line": link.line});
    json!({
        "flow": {"name": dag.flow.name, "version": dag.flow.version},
        "nodes": dag.nodes.iter().map(node).collect::<Vec<_>>(),
        "data_links": dag.data_links.iter().map(data_link).collect::<Vec<_>>(),
        "sub_flows": metadata.sub_flows.iter().map(sub_flow).collect::<Vec<_>>(),
        "control_links": metadata.control,
        "inner_control_links": dag.control_links.iter().filter(|link| link.inner).map(inner).collect::<Vec<_>>(),
        "scopes": metadata.scopes,
        "static_order": metadata.static_order,
    })
}
