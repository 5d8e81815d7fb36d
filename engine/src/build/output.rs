//! Plan to job folder: four files, the same bytes for the same input, each written beside and renamed.

mod files;

use crate::build::load::Loaded;
use crate::build::load::defaults::reads_environment;
use crate::build::load::document::Document;
use crate::build::plan::Plan;
use crate::secrets::Reference;
use pypeline_schema::FORMAT_VERSION;
use pypeline_schema::dag::{DagControlLink, DagDataLink, DagFile, DagNode};
use pypeline_schema::execution_metadata::{ExecutionMetadata, PluginPin};
use pypeline_schema::flow::{FlowInfo, Variable};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

pub use files::{WriteError, write};

/// All that the job folder holds but the YAML.
pub struct Job {
    /// `*_dag.json`.
    pub dag: DagFile,
    /// `*_execution_metadata.json`.
    pub metadata: ExecutionMetadata,
    /// What `context/*_default.json` begins as.
    pub context: Map<String, Value>,
}

/// Turns a plan without errors into the files' content.
pub fn job(mut loaded: Loaded, plan: Plan, flow: FlowInfo) -> Job {
    let modules = std::mem::take(&mut loaded.modules);
    let plugins: BTreeMap<String, PluginPin> =
        modules.iter().flatten().map(|module| (module.plugin.library.clone(), module.plugin.pin())).collect();
    let document = &loaded.document;
    let nodes = document.nodes.iter().zip(modules).filter_map(|(node, module)| {
        let module = module?;
        Some(DagNode {
            id: node.id.clone(),
            module: module.manifest,
            library: module.plugin.library.clone(),
            effect: module.effect,
            config: module.config,
            misc: node.misc.clone(),
            line: document.positions.line(&node.pointer),
        })
    });
    let id = |node: usize| document.nodes.get(node).map_or_else(String::new, |node| node.id.clone());
    let data_links = plan.data.iter().map(|link| {
        let (mut from, mut to) = link.ports.clone();
        (from.node, to.node) = (id(link.from), id(link.to));
        DagDataLink { from, to, line: document.positions.line(&link.pointer) }
    });
    let control_links = plan.control.iter().map(|link| DagControlLink {
        from: id(link.from),
        to: id(link.to),
        order: link.order,
        condition: link.condition.text(),
        inner: link.inner,
        line: document.positions.line(&link.pointer),
    });
    let dag = DagFile {
        format_version: FORMAT_VERSION,
        flow,
        nodes: nodes.collect(),
        data_links: data_links.collect(),
        control_links: control_links.collect(),
    };
    let metadata = metadata(document, plan, plugins, &dag);
    // A secret that says only where it is may be said of every environment.
    let context = document.context.iter().map(|(name, variable)| (name, without_secret(variable)));
    let context = context.filter(|(_, variable)| !variable.secret || variable.default.is_some());
    // What the run reads of its environment is no value yet; in the file it would stand above it.
    let is_later = |variable: &Variable| variable.default.as_ref().is_some_and(reads_environment);
    let context = context.filter(|(_, variable)| !is_later(variable));
    let context = context.map(|(name, variable)| (name.clone(), variable.default.unwrap_or(Value::Null)));
    Job { context: context.collect(), metadata, dag }
}

fn metadata(document: &Document, plan: Plan, plugins: BTreeMap<String, PluginPin>, dag: &DagFile) -> ExecutionMetadata {
    let name =
        |sub_flow: &usize| plan.sub_flows.get(*sub_flow).map_or_else(String::new, |sub_flow| sub_flow.name.clone());
    let (roots, static_order) = (plan.roots.iter().map(name).collect(), plan.static_order.iter().map(name).collect());
    let mut metadata = ExecutionMetadata {
        format_version: FORMAT_VERSION,
        fingerprint: String::new(),
        settings: document.settings.clone(),
        sub_flows: plan.sub_flows,
        control: plan.links,
        scopes: plan.scopes,
        caches: plan.caches,
        roots,
        static_order,
        context: document.context.iter().map(|(name, variable)| (name.clone(), without_secret(variable))).collect(),
        params: document.params.iter().map(|(name, variable)| (name.clone(), without_secret(variable))).collect(),
        uses: plan.uses,
        plugins: plugins.into_values().collect(),
        lineage: Vec::new(),
    };
    metadata.fingerprint = crate::job_folder::fingerprint(dag, &metadata);
    metadata
}

/// A secret's default never reaches a file; where it is to be had may.
fn without_secret(variable: &Variable) -> Variable {
    let mut variable = variable.clone();
    let is_reference = |default: &Value| default.as_str().and_then(Reference::parse).is_some_and(|found| found.is_ok());
    if variable.secret {
        variable.default = variable.default.filter(is_reference);
    }
    variable
}
