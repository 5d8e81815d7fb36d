//! `settings:` of a flow: how its runs behave. Everything is optional.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Settings as written; `None` means the documented default.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Seconds for the whole run; no limit by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub timeout: Option<u64>,
    /// Seconds for one attempt of a sub flow; no limit by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub sub_flow_timeout: Option<u64>,
    /// Seconds that what runs has to end by itself once it is asked to stop (default 5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 86_400.0))]
    pub grace: Option<f64>,
    /// Which iterations the event log tells of (default `summary`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<EventDetail>,
    /// Further attempts of a sub flow after a transient failure (default 1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retries: Option<u32>,
    /// Seconds before the first further attempt (default 1); doubled each time, and spread by chance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0))]
    pub retry_delay: Option<f64>,
    /// What a failure does to the rest of the run (default `halt`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fail_strategy: Option<FailStrategy>,
    /// Where rows live between stages (default `auto`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_mode: Option<ExecutionMode>,
    /// Threads for blocking work (default 2 × cores; `PYPELINE_THREADS` stands above it).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1024))]
    pub threads: Option<u32>,
    /// Rows above which an artifact goes to Parquet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spill_threshold_rows: Option<u64>,
    /// Share of the machine's memory above which artifacts go to Parquet and stages work in parts (default 0.6).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub max_ram_share: Option<f64>,
    /// Memory budget of a run, as `512MB` or `2GiB`, 64 MiB at least (default: `max_ram_share` of what the machine or its container
    /// has). What needs more is worked off in parts, on disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^[0-9]+(\.[0-9]+)? *([kKmMgGtT]i?)?[bB]?$"))]
    pub memory_limit: Option<String>,
    /// Whether a run keeps what a later one needs to go on after the last sub flow that succeeded (default `on`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<Checkpointing>,
    /// What finished sub flows outlive (default `power`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub durability: Option<Durability>,
    /// Seconds that finished sub flows may wait to be made safe against power loss together (default 0.05); 0: each before the
    /// next begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 60.0))]
    pub commit_delay: Option<f64>,
    /// Environment variables that templates may read by `env('NAME')`; none by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub env: Option<Vec<String>>,
    /// Run the roots at the same time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parallel_roots: Option<bool>,
}

/// What a failed sub flow does to the rest of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FailStrategy {
    /// Ordinary links no longer open.
    #[default]
    Halt,
    /// Everything that is not blocked runs.
    Continue,
}

/// What finished sub flows, their files and what is kept of them, outlive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Durability {
    /// A power loss.
    #[default]
    Power,
    /// The end of the process, however hard; not that of the machine.
    Process,
    /// Nothing is waited for, and nothing is promised after an end that is no orderly one.
    Off,
}

/// Whether a run can be gone on with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Checkpointing {
    /// What succeeded is kept until the run has succeeded.
    #[default]
    On,
    /// A run always begins anew.
    Off,
}

/// How much the event log tells of loops.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum EventDetail {
    /// All of a loop's first 10,000 items; of later ones failures, and a line per 1,000 items.
    #[default]
    Summary,
    /// Everything.
    Full,
}

/// Where rows live between stages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ExecutionMode {
    /// In memory until a threshold, then in Parquet.
    #[default]
    Auto,
    /// In memory.
    Memory,
    /// In Parquet.
    Streaming,
    /// The specification's word for `memory`.
    Pandas,
    /// The specification's word for `streaming`.
    Dask,
}
