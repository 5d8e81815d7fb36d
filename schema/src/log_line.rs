//! A line of a log, `log.jsonl`: what the engine and the modules say while a run goes on, as one JSON object a line.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One line. Keys without a value are left out.
///
/// Control characters, line separators and marks of writing direction are escaped (`\u009b`), so that no text in a line can
/// end it or reach a terminal. A line has at most 65,536 bytes: longer texts are cut, and end in `[cut, <n> bytes in all]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "pype log line")]
pub struct LogLine {
    /// RFC 3339, UTC, with microseconds.
    #[schemars(regex(pattern = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$"))]
    pub time: String,
    /// How grave it is.
    pub level: LogLevel,
    /// Id of the run that it belongs to.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub run: String,
    /// The sub flow at work.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sub_flow: String,
    /// The node that says it, or of which it is said.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub node_id: String,
    /// Indices of the items around it, the outermost loop first; empty outside loops.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub iter: Vec<u64>,
    /// The part of the engine (`pypeline_engine::run`), or the name of the module (`csv_source`) that says it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub target: String,
    /// What is said; perhaps several lines, as a table.
    pub message: String,
    /// Facts beside the message.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub fields: Map<String, Value>,
}

/// How grave a line is, the gravest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum LogLevel {
    /// A failure.
    Error,
    /// An oddity.
    Warn,
    /// What modules say.
    Info,
    /// For the curious.
    Debug,
    /// Everything.
    Trace,
}

impl LogLevel {
    /// The upper-case word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "ERROR",
            Self::Warn => "WARN",
            Self::Info => "INFO",
            Self::Debug => "DEBUG",
            Self::Trace => "TRACE",
        }
    }
}
