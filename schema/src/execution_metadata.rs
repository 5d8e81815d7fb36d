//! `<job>_execution_metadata.json`: what the scheduler needs, computed once at build.

use crate::flow::Variable;
use crate::lineage::SinkLineage;
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
    /// What ITERATE and START links govern; a scope stands before those inside it.
    pub scopes: Vec<ScopeMetadata>,
    /// Rows kept between sub flows, and the scope whose frames hold them: the innermost around all who write and read them.
    pub caches: BTreeMap<String, Option<usize>>,
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
    /// Where the columns of sinks come from, for those whose sources declare their columns. Not part of the fingerprint.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lineage: Vec<SinkLineage>,
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
    /// How it decides where several control links reach it.
    #[serde(default)]
    pub join: Join,
    /// Index of the innermost scope that it is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<usize>,
}

/// How a sub flow with several incoming control links decides, once the last of them is resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Join {
    /// At least one link opened, none blocked.
    #[default]
    Clean,
    /// Every link opened.
    All,
    /// At least one link opened.
    Any,
}

/// The sub flows that run once per item of an ITERATE link, or in the background of a START link: those that every way
/// from the roots reaches through the link's target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ScopeMetadata {
    /// What makes it.
    pub kind: ScopeKind,
    /// Index of its link in `control`.
    pub link: usize,
    /// The scope that it is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<usize>,
    /// Its sub flows, those of inner scopes too, in declaration order.
    pub sub_flows: Vec<String>,
}

/// What makes a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ScopeKind {
    /// An ITERATE link.
    Iterate,
    /// A START link.
    Start,
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
    /// The output port whose rows are the items of an ITERATE link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list_port: Option<String>,
    /// Line in the YAML, from 1.
    pub line: u32,
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
    /// `node__Var` of `each('node', 'Var')`, in lower case: the run keeps these of every item.
    #[serde(default)]
    pub each: Vec<String>,
    /// Environment variables of `env('NAME')`, without which the run does not begin.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<String>,
    /// Those with a value for where they are not set.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub optional_env: Vec<String>,
    /// Places of `secret('path', 'key')`, as `vault://path#key`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<String>,
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
