//! The journal of a run's checkpoints, `checkpoints/<run id>/journal`: one record a line, a checksum before each. What stands
//! here after a crash is what `pype run --resume` takes for done.

use crate::fault::Fault;
use crate::lowering::{CacheMode, Items};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Version of the records. Journals of earlier versions are read, those of later ones refused.
pub const CHECKPOINT_VERSION: u32 = 1;

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "record", rename_all = "snake_case")]
#[schemars(title = "pype checkpoint record")]
pub enum Record {
    /// The first: what the run was given.
    Frozen(Box<Frozen>),
    /// A process begins to work on the run.
    Session(Session),
    /// A sub flow begins whose effect may be repeated, or that may have brought a process down.
    Begun(Begun),
    /// A file that rows are added to is about to take its name.
    Intent(Intent),
    /// A sub flow has succeeded.
    Landed(Box<Landed>),
    /// A sub flow has failed, and a link is there that may handle it.
    Failed(Box<FailedSubFlow>),
    /// A process has ended its work in order.
    Ended(SessionEnd),
}

/// What a run was given, and what it is to find unchanged when it goes on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Frozen {
    /// [`CHECKPOINT_VERSION`].
    pub checkpoint_version: u32,
    /// Version of pype.
    pub pype: String,
    /// Id of the run: `run.id` in templates, also when it is resumed.
    pub run_id: String,
    /// The flow's name.
    pub job: String,
    /// RFC 3339, UTC: `run.started_at` in templates, also when it is resumed.
    pub started_at: String,
    /// Larger than that of every run before: the order of runs, whatever the clock does.
    pub sequence: u64,
    /// The run of another job that runs this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub called_by: Option<String>,
    /// `--context`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_name: Option<String>,
    /// `--set`, but for secrets.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub set: Map<String, Value>,
    /// `--param`, but for secrets.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub given_params: Map<String, Value>,
    /// Secrets among both, which are to be given again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub given_secrets: Vec<String>,
    /// Fingerprint of the built flow.
    pub fingerprint: String,
    /// SHA-256 of each sub flow as it was built, by name: nodes, configuration, links, the links that lead to it.
    pub sub_flows: BTreeMap<String, String>,
    /// SHA-256 of each plugin library.
    pub plugins: BTreeMap<String, String>,
    /// Context variables.
    pub context: BTreeMap<String, Held>,
    /// Parameters.
    pub params: BTreeMap<String, Held>,
    /// Environment variables that templates read.
    pub env: BTreeMap<String, Held>,
}

/// A value as it is written down.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Held {
    /// A value.
    Value(Value),
    /// A secret: where it is, or nothing.
    Secret(String),
}

/// A process at work on a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Session {
    /// Id of the record in `runs/`.
    pub run_id: String,
    /// Process id.
    pub process: u32,
    /// What was changed since, and went on all the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accepted: Vec<String>,
}

/// The end of a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SessionEnd {
    /// `failed` or `cancelled`.
    pub state: String,
}

/// A sub flow in a frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Begun {
    /// Hash of the frame's key and the sub flow's name, 32 hex digits.
    pub key: String,
    /// Its name.
    pub sub_flow: String,
    /// Indices of the items around it, the outermost loop first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub iter: Vec<u64>,
}

/// The moment before a file that rows are added to is renamed: if it has its name already when the sub flow runs again, the
/// rows are taken off first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Intent {
    /// As in [`Begun`].
    pub key: String,
    /// The file.
    pub target: String,
    /// Bytes of the old file, with which the new one begins.
    pub base: u64,
    /// Inode of the new file.
    pub inode: u64,
    /// Bytes of the new file.
    pub length: u64,
}

/// All that a sub flow has left for others.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Landed {
    /// As in [`Begun`].
    pub key: String,
    /// Its name.
    pub sub_flow: String,
    /// Indices of the items around it, the outermost loop first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub iter: Vec<u64>,
    /// Globals, by keys `node__variable`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub globals: BTreeMap<String, Value>,
    /// Rows of its data links, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<u64>,
    /// Items that its nodes gave to loops, by node.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub items: BTreeMap<String, u64>,
    /// Rows that loops go over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lists: Vec<KeptList>,
    /// Lists that are no tables, by node.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub lazy_lists: BTreeMap<String, Items>,
    /// Rows under a name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub caches: Vec<KeptCache>,
    /// Rows for the job that runs this one, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub returned: Vec<KeptCache>,
    /// Context variables that it set.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub context: Map<String, Value>,
    /// Files that it read, as they were.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<FileSeen>,
    /// Files that it wrote, as they are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outputs: Vec<FileSeen>,
}

/// A failure that a link may handle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FailedSubFlow {
    /// As in [`Begun`].
    pub key: String,
    /// Its name.
    pub sub_flow: String,
    /// Indices of the items around it, the outermost loop first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub iter: Vec<u64>,
    /// Globals that its nodes have set, by keys `node__variable`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub globals: BTreeMap<String, Value>,
    /// The nodes that failed, and why.
    pub faults: Vec<(String, Fault)>,
}

/// Rows that loops go over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct KeptList {
    /// The node.
    pub node: String,
    /// Its port.
    pub port: String,
    /// The rows.
    pub table: Vec<KeptTable>,
}

/// Rows under a name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct KeptCache {
    /// The name.
    pub name: String,
    /// What becomes of rows that are there.
    #[serde(default)]
    pub mode: CacheMode,
    /// The rows.
    pub table: Vec<KeptTable>,
}

/// Part of a table: as Parquet, where it has columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeptTable {
    /// A small one, in the record itself, as Base64.
    Here(String),
    /// A file in the run's folder.
    File {
        /// Its name.
        name: String,
        /// Bytes.
        length: u64,
        /// SHA-256, in hex.
        sha256: String,
        /// Rows.
        rows: u64,
    },
    /// Rows that have no columns: there is nothing of them but their number.
    Columnless {
        /// Rows.
        rows: u64,
        /// What is noted of them all.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        notes: BTreeMap<String, String>,
    },
}

/// A file at some moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileSeen {
    /// Where.
    pub path: String,
    /// Bytes.
    pub length: u64,
    /// When it was changed last, in nanoseconds since 1970.
    pub changed: i64,
}
