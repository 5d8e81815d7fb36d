//! What `pype validate` and `pype build` print with `--output json`: every finding about a flow, and what it came to.

use crate::manifest::Effect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The outcome of checking a flow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckResult {
    /// There are no errors.
    pub ok: bool,
    /// Findings that keep the flow from being built.
    pub errors: usize,
    /// Findings that do not.
    pub warnings: usize,
    /// Nodes of the flow.
    pub nodes: usize,
    /// Sub flows that they make.
    pub sub_flows: usize,
    /// The job folder; null if none was written.
    pub job_folder: Option<String>,
    /// What each node does to the world outside, by ids; only where a job folder was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effects: Option<BTreeMap<String, Effect>>,
    /// All findings, by file and place.
    pub diagnostics: Vec<Finding>,
}

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The flow cannot be built.
    Error,
    /// The flow can be built, and may not do what was meant.
    Warning,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// Stable, never reused: `pype explain CODE` says more.
    #[schemars(regex(pattern = "^[A-Z][0-9]{3}$"))]
    pub code: String,
    /// Error or warning.
    pub severity: Severity,
    /// What is wrong, one sentence.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
    /// The file, as the user named it.
    pub file: String,
    /// JSON pointer (RFC 6901) of the value in the flow; empty for the whole of it.
    pub pointer: String,
    /// The same for people, nodes by their ids: `modules[clean].configs.condition`; empty for the whole flow.
    pub path: String,
    /// First line, from 1; null if the file could not be read.
    pub line: Option<u32>,
    /// First column, from 1, in characters.
    pub col: Option<u32>,
    /// Last line.
    pub end_line: Option<u32>,
    /// Column after the last character.
    pub end_col: Option<u32>,
    /// First byte in the file, from 0.
    pub offset: Option<usize>,
    /// Number of bytes.
    pub len: Option<usize>,
    /// Other places that have to do with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<Related>,
}

/// Another place of a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Related {
    /// What is there.
    pub message: String,
    /// The file, as the user named it.
    pub file: String,
    /// First line, from 1.
    pub line: u32,
    /// First column, from 1, in characters.
    pub col: u32,
    /// Last line.
    pub end_line: u32,
    /// Column after the last character.
    pub end_col: u32,
}
