//! `<job>_dag.json`: nodes with the whole module metadata embedded, their links and their configuration.

use crate::flow::FlowInfo;
use crate::link::PortRef;
use crate::manifest::{Effect, ModuleManifest};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::sync::Arc;

/// The file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "pype dag.json")]
pub struct DagFile {
    /// [`crate::FORMAT_VERSION`].
    pub format_version: u32,
    /// From the YAML.
    pub flow: FlowInfo,
    /// In declaration order.
    pub nodes: Vec<DagNode>,
    /// In declaration order.
    pub data_links: Vec<DagDataLink>,
    /// In declaration order.
    pub control_links: Vec<DagControlLink>,
}

/// One use of a module.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DagNode {
    /// Its id.
    pub id: String,
    /// The module's metadata, as its plugin declared it at build. Nodes of one module share it in memory.
    pub module: Arc<ModuleManifest>,
    /// File name of the plugin library that holds the module.
    pub library: String,
    /// What it does to the world outside the run with this configuration: the module's word, unless the build knows better.
    pub effect: Effect,
    /// Configuration after defaults; templates unresolved.
    pub config: Map<String, Value>,
    /// `misc:` of the node.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub misc: Map<String, Value>,
    /// Line of the node in the YAML, from 1.
    pub line: u32,
}

/// Rows flow from an output port to an input port.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DagDataLink {
    /// The output port.
    pub from: PortRef,
    /// The input port.
    pub to: PortRef,
    /// Line in the YAML, from 1.
    pub line: u32,
}

/// The target's sub flow may start when the valve opens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DagControlLink {
    /// The node whose sub flow ends.
    pub from: String,
    /// The node whose sub flow may start.
    pub to: String,
    /// Resolved: `Last` is a number here.
    pub order: u32,
    /// The canonical text of the condition.
    pub condition: String,
    /// Both nodes are in one sub flow: it says what the data order says already.
    pub inner: bool,
    /// Line in the YAML, from 1.
    pub line: u32,
}
