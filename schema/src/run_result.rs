//! What a run did, as data: printed by `pype run --output json`, drawn as the closing table.

use crate::fault::Fault;
use crate::link::PortRef;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a sub flow or a node ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Not begun.
    Pending,
    /// Begun.
    Running,
    /// Done.
    Succeeded,
    /// Ended with a fault.
    Failed,
    /// Never begun: blocked, or not chosen.
    Skipped,
    /// Stopped on request.
    Cancelled,
}

impl State {
    /// The lower-case word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Cancelled => "cancelled",
        }
    }
}

/// The whole run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "pype run result")]
pub struct RunResult {
    /// [`crate::FORMAT_VERSION`].
    pub format_version: u32,
    /// Unique, and in the order of time.
    pub run_id: String,
    /// The flow's name.
    pub job: String,
    /// Succeeded, failed or cancelled.
    pub state: State,
    /// Exit code of `pype run`.
    pub exit_code: u8,
    /// Wall time.
    pub seconds: f64,
    /// Why the run as a whole failed, where no node is to blame.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
    /// Most resident memory of the process, in bytes.
    pub peak_rss_bytes: u64,
    /// In declaration order.
    pub sub_flows: Vec<SubFlowResult>,
    /// Exact rows on every data link.
    pub links: Vec<LinkResult>,
}

/// One sub flow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SubFlowResult {
    /// Its name.
    pub name: String,
    /// How it ended.
    pub state: State,
    /// Wall time of its last attempt; none if it never began.
    pub seconds: Option<f64>,
    /// In declaration order.
    pub nodes: Vec<NodeResult>,
}

/// One node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NodeResult {
    /// Its id.
    pub id: String,
    /// Its module.
    pub module: String,
    /// File name of the plugin library that holds the module.
    pub library: String,
    /// Line of the node in the YAML, from 1.
    pub line: u32,
    /// How it ended.
    pub state: State,
    /// Rows taken in, over all input ports; none where it has none.
    pub rows_in: Option<u64>,
    /// Rows given out on ports other than `reject`; for a sink, rows written.
    pub rows_out: Option<u64>,
    /// Rows given out on port `reject`, where it is linked.
    pub rows_rejected: Option<u64>,
    /// Wall time of the stage that it ran in.
    pub seconds: Option<f64>,
    /// The stage that it ran in, from 1 within its sub flow.
    pub stage: Option<u32>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
}

/// One data link.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LinkResult {
    /// The output port.
    pub from: PortRef,
    /// The input port.
    pub to: PortRef,
    /// Rows that passed.
    pub rows: u64,
}
