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
    /// Done in an earlier part of the run, and taken from its checkpoint.
    Restored,
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
            Self::Restored => "restored",
        }
    }
}

/// Why a sub flow was skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Skipped {
    /// A link into it was blocked.
    Blocked,
    /// No link into it was chosen.
    NotChosen,
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
    /// Failures in the order in which they happened: the first 1,000, handled ones too.
    pub failures: Vec<FailureResult>,
    /// All failures.
    pub n_failures: u64,
    /// Failures that a handler took off the run.
    pub n_handled: u64,
    /// The run's record: event log and result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<String>,
    /// The run that it goes on with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resumes: Option<String>,
    /// What to type for it to go on where it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume: Option<String>,
    /// Exact rows on every data link.
    pub links: Vec<LinkResult>,
}

/// Left out of files where it says nothing.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(n: &u64) -> bool {
    *n == 0
}

impl RunResult {
    /// Changes each text that is not the flow's own: what modules said, and items. See [`Fault::each_text`].
    pub fn each_text(&mut self, change: &mut dyn FnMut(&mut String)) {
        let nodes = self.sub_flows.iter_mut().flat_map(|sub_flow| &mut sub_flow.nodes);
        let faults = nodes.filter_map(|node| node.fault.as_mut()).chain(&mut self.fault);
        faults.for_each(|fault| fault.each_text(change));
        for failure in &mut self.failures {
            failure.fault.each_text(change);
            failure.item.iter_mut().for_each(&mut *change);
        }
    }
}

/// One failure of a sub flow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FailureResult {
    /// The sub flow.
    pub sub_flow: String,
    /// The node to blame.
    pub node: String,
    /// Line of the node in the YAML, from 1.
    pub line: u32,
    /// Indices of the items around it, the outermost loop first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub iter: Vec<u64>,
    /// The innermost item, cut to 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// A handler succeeded: it neither halts nor fails the run.
    pub handled: bool,
    /// What went wrong.
    pub fault: Fault,
}

/// One sub flow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SubFlowResult {
    /// Its name.
    pub name: String,
    /// How it ended; in a loop, over all items: failed, else cancelled, if any was.
    pub state: State,
    /// Why it was skipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skipped: Option<Skipped>,
    /// Times that it ran: 1, or in a loop once per item.
    pub runs: u64,
    /// Times that it was taken from a checkpoint instead.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub restored: u64,
    /// Runs that failed.
    pub failed: u64,
    /// Attempts after the first of all its runs.
    pub retries: u64,
    /// Wall time of its runs, all attempts and the pauses between them; none if it never began.
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
    /// Rows that came in and left by no linked port, where each row leaves at most once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows_filtered: Option<u64>,
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
