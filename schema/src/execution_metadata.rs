//! `<job>_execution_metadata.json`: what the scheduler needs, computed once at build.

use crate::flow::Variable;
use crate::settings::Settings;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "pype execution_metadata.json")]
pub struct ExecutionMetadata {
    /// [`crate::FORMAT_VERSION`].
    pub format_version: u32,
    /// SHA-256 of the built flow: nodes, configuration, links, settings, plugins.
    pub fingerprint: String,
    /// As written.
    pub settings: Settings,
    /// In the order of their first declared node.
    pub sub_flows: Vec<SubFlowMetadata>,
    /// Control links between sub flows.
    pub control: Vec<SubFlowLink>,
    /// Sub flows without an incoming control link, in declaration order.
    pub roots: Vec<String>,
    /// The order in which sub flows start if every one succeeds.
    pub static_order: Vec<String>,
    /// Declared context variables.
    pub context: BTreeMap<String, Variable>,
    /// Declared parameters.
    pub params: BTreeMap<String, Variable>,
    /// Names used in templates and conditions.
    pub uses: TemplateUses,
    /// The plugin libraries that hold the flow's modules.
    pub plugins: Vec<PluginPin>,
}

/// A connected component of the graph made by the data links alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SubFlowMetadata {
    /// Its first declared node without data inputs.
    pub name: String,
    /// Its nodes in declaration order.
    pub nodes: Vec<String>,
    /// Nodes by topological wave.
    pub waves: Vec<Vec<String>>,
    /// Connected nodes that can be fused into one stage.
    pub fusable: Vec<Vec<String>>,
}

/// A control link between two sub flows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SubFlowLink {
    /// The sub flow that ends.
    pub from: String,
    /// The sub flow that may start.
    pub to: String,
    /// The node that the link leaves.
    pub node: String,
    /// Resolved order.
    pub order: u32,
    /// The canonical text of the condition.
    pub condition: String,
}

/// Names that templates and conditions use.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TemplateUses {
    /// `context.x`.
    pub context: Vec<String>,
    /// `params.x`.
    pub params: Vec<String>,
    /// `node__Var`, in lower case.
    pub globals: Vec<String>,
}

/// A plugin library as the build saw it; a run refuses another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PluginPin {
    /// File name, without a folder.
    pub library: String,
    /// The plugin's own version.
    pub version: String,
    /// SHA-256 of the file, in hex.
    pub sha256: String,
}
