//! A flow as its author writes it: the specification's four sections and the optional ones.

use crate::settings::Settings;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The whole YAML file. Its JSON Schema, `schema/flow.schema.json`, is made from this type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "pype flow")]
pub struct FlowFile {
    /// Who and what.
    pub flow: FlowInfo,
    /// How runs behave.
    #[serde(default)]
    pub settings: Settings,
    /// The nodes.
    pub modules: Vec<NodeSpec>,
    /// The links between them.
    #[serde(default)]
    pub connections: Connections,
    /// Context variables: what differs between environments.
    #[serde(default)]
    pub context: BTreeMap<String, Variable>,
    /// Arguments of one run.
    #[serde(default)]
    pub params: BTreeMap<String, Variable>,
    /// When the flow runs by itself.
    #[serde(default)]
    pub schedule: Option<Value>,
    /// Data sets that the flow makes.
    #[serde(default)]
    pub assets: Option<Value>,
}

/// `flow:`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FlowInfo {
    /// Names the job folder.
    #[schemars(length(max = 128), regex(pattern = r"^[a-zA-Z][a-zA-Z0-9_-]*$"))]
    pub name: String,
    /// Semver.
    #[schemars(regex(pattern = r"^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$"))]
    pub version: String,
    /// At least one.
    #[schemars(length(min = 1))]
    pub authors: Vec<String>,
    /// ISO date.
    #[schemars(regex(pattern = r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$"))]
    pub created: String,
    /// What the flow is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub desc: Option<String>,
}

/// An entry of `modules:`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NodeSpec {
    /// Unique in the flow, ignoring case; may be dotted.
    #[schemars(length(max = 256), regex(pattern = r"^[a-zA-Z][a-zA-Z0-9_]*(\.[a-zA-Z][a-zA-Z0-9_]*)*$"))]
    pub id: String,
    /// The module's name.
    #[schemars(length(max = 256))]
    pub name: String,
    /// Configuration: under `required` and `optional`, or straight here.
    #[serde(default)]
    pub configs: Map<String, Value>,
    /// Per-node settings and free keys.
    #[serde(default)]
    pub misc: Map<String, Value>,
}

/// `connections:`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Connections {
    /// Rows flow along these.
    #[serde(default)]
    pub data: Vec<DataLinkSpec>,
    /// Control flows along these.
    #[serde(default)]
    pub control: Vec<ControlLinkSpec>,
}

/// A data link: text or object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum DataLinkSpec {
    /// `a.out - b.in`.
    Text(String),
    /// `{from: a.out, to: b.in}`.
    Object {
        /// The output port.
        from: String,
        /// The input port.
        to: String,
    },
}

/// A control link: text or object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ControlLinkSpec {
    /// `a (1|) b`.
    Text(String),
    /// The same in named parts.
    Object {
        /// The node whose sub flow ends.
        from: String,
        /// The node whose sub flow may start.
        to: String,
        /// 1, 2, 3, … or `Last`.
        #[serde(default = "first")]
        order: Value,
        /// The condition.
        #[serde(default)]
        when: String,
        /// What opening it does; `iterate` and `start` may stand in `when` too.
        #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
        kind: Option<ControlLinkKind>,
        /// Items of an `iterate` link that run at the same time.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(range(min = 1))]
        parallel: Option<u32>,
        /// With `when: error`: a handler that succeeds takes the failure off the run.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        handled: Option<bool>,
    },
}

/// What opening a control link does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ControlLinkKind {
    /// Starts the target, which ends before what comes after.
    #[default]
    Normal,
    /// Runs the target's scope once per item of the source's list.
    Iterate,
    /// Starts the target's scope, and does not wait for it.
    Start,
}

fn first() -> Value {
    Value::from(1)
}

/// A declared context variable or parameter.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Variable {
    /// `str`, `int`, `float`, `bool`, `list` or `dict`; any where it is left out.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub type_name: Option<VariableType>,
    /// Its value where nothing else gives one; `vault://mount/path#key`, `env://NAME` and `file://path` say where a secret is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// Its value is never written down, and may stand in no file: only where it is to be had.
    #[serde(default)]
    pub secret: bool,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// Types of variables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum VariableType {
    /// Text.
    Str,
    /// Integer.
    Int,
    /// Number.
    Float,
    /// True or false.
    Bool,
    /// List.
    List,
    /// Mapping.
    Dict,
}
