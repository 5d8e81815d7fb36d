//! Plan to job folder: four files, the same bytes for the same input, each written beside and renamed.

mod files;

use crate::build::load::Loaded;
use crate::build::load::defaults::reads_environment;
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
pub fn job(loaded: &Loaded, plan: &Plan, flow: &FlowInfo) -> Job {
    let document = &loaded.document;
    let nodes = document.nodes.iter().zip(&loaded.modules).filter_map(|(node, module)| {
        let module = module.as_ref()?;
        Some(DagNode {
            id: node.id.clone(),
            module: (*module.manifest).clone(),
            library: module.plugin.library.clone(),
            effect: module.effect,
            config: module.config.clone(),
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
        flow: flow.clone(),
        nodes: nodes.collect(),
        data_links: data_links.collect(),
        control_links: control_links.collect(),
    };
    let metadata = metadata(loaded, plan, &dag);
    // A secret that says only where it is may be said of every environment.
    let context = document.context.iter().map(|(name, variable)| (name, without_secret(variable)));
    let context = context.filter(|(_, variable)| !variable.secret || variable.default.is_some());
    // What the run reads of its environment is no value yet; in the file it would stand above it.
    let is_later = |variable: &Variable| variable.default.as_ref().is_some_and(reads_environment);
    let context = context.filter(|(_, variable)| !is_later(variable));
    let context = context.map(|(name, variable)| (name.clone(), variable.default.unwrap_or(Value::Null)));
    Job { context: context.collect(), metadata, dag }
}

fn metadata(loaded: &Loaded, plan: &Plan, dag: &DagFile) -> ExecutionMetadata {
    let document = &loaded.document;
    let name =
        |sub_flow: &usize| plan.sub_flows.get(*sub_flow).map_or_else(String::new, |sub_flow| sub_flow.name.clone());
    let plugins: BTreeMap<String, PluginPin> =
        loaded.modules.iter().flatten().map(|module| (module.plugin.library.clone(), module.plugin.pin())).collect();
    let mut metadata = ExecutionMetadata {
        format_version: FORMAT_VERSION,
        fingerprint: String::new(),
        settings: document.settings.clone(),
        sub_flows: plan.sub_flows.clone(),
        control: plan.links.clone(),
        scopes: plan.scopes.clone(),
        caches: plan.caches.clone(),
        roots: plan.roots.iter().map(name).collect(),
        static_order: plan.static_order.iter().map(name).collect(),
        context: document.context.iter().map(|(name, variable)| (name.clone(), without_secret(variable))).collect(),
        params: document.params.iter().map(|(name, variable)| (name.clone(), without_secret(variable))).collect(),
        uses: plan.uses.clone(),
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
