//! What the index knows of jobs and runs.

use pypeline_schema::run_result::State;
use serde::Serialize;
use std::path::PathBuf;

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RunState {
    /// It holds its job's lock.
    Running,
    /// Done.
    Succeeded,
    /// Ended with a failure that nobody handled.
    Failed,
    /// Stopped on request.
    Cancelled,
    /// It ended without a word: killed, or the power went.
    Died,
    /// It has not told of its end, and nothing here says more: it began on a machine whose files are not seen from here, or its
    /// record has not one whole line.
    Unknown,
}

impl RunState {
    /// All of them, as people may ask for them.
    pub const ALL: [Self; 6] =
        [Self::Running, Self::Succeeded, Self::Failed, Self::Cancelled, Self::Died, Self::Unknown];

    /// The lower-case word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Died => "died",
            Self::Unknown => "unknown",
        }
    }

    /// The state of this word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// The end of a run as its result tells it.
    pub(crate) fn of_end(state: State) -> Self {
        match state {
            State::Succeeded => Self::Succeeded,
            State::Cancelled => Self::Cancelled,
            _ => Self::Failed,
        }
    }
}

/// A job that the index knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JobRef {
    /// Its key in the index.
    #[serde(skip)]
    pub(crate) key: i64,
    /// The flow's name.
    pub name: String,
    /// Its job folder, absolute.
    pub folder: PathBuf,
    /// The root of its project.
    pub project: PathBuf,
}

/// One run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Run {
    /// Unique, and in the order of time.
    pub run_id: String,
    /// The flow's name.
    pub job: String,
    /// Its job folder, absolute.
    pub job_folder: PathBuf,
    /// The root of its project.
    pub project: PathBuf,
    /// How it stands.
    pub state: RunState,
    /// Exit code of `pype run`; none while it runs or where it died.
    pub exit_code: Option<u8>,
    /// RFC 3339, UTC.
    pub started_at: String,
    /// Wall time; where it died, up to the last that is heard of it.
    pub seconds: Option<f64>,
    /// Rows written, over all sinks.
    pub rows: Option<u64>,
    /// All failures.
    pub n_failures: u64,
    /// Failures that a handler took off the run.
    pub n_handled: u64,
    /// The node of the first failure.
    pub failed_node: Option<String>,
    /// What the first failure says.
    pub failed_message: Option<String>,
    /// Most resident memory of its process.
    pub peak_rss_bytes: Option<u64>,
    /// Fingerprint of the built flow.
    pub fingerprint: Option<String>,
    /// Its process.
    pub pid: Option<u32>,
    /// The machine that it ran on.
    pub host: Option<String>,
    /// Its record is still in the job folder.
    pub has_record: bool,
    /// The run that it went on with. Its record knows, and the index does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resumes: Option<String>,
    /// It did not come to its end, and `pype run --resume` would go on with it. The checkpoints know, and the index does not.
    pub resumable: bool,
}

/// One sub flow of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SubFlow {
    /// Its name.
    pub name: String,
    /// How it ended. In a run that died, one that was at work then is [`State::Running`].
    pub state: State,
    /// Times that it ran.
    pub runs: u64,
    /// Times that it was taken from a checkpoint instead. The record knows, and the index does not.
    pub restored: u64,
    /// Runs that failed.
    pub failed: u64,
    /// Attempts after the first of all its runs.
    pub retries: u64,
    /// Wall time of all its runs.
    pub seconds: Option<f64>,
}

/// One node of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Node {
    /// Its id.
    pub id: String,
    /// Its sub flow, where it is known.
    pub sub_flow: Option<String>,
    /// Its module, where it is known.
    pub module: Option<String>,
    /// How it ended.
    pub state: State,
    /// Rows taken in.
    pub rows_in: Option<u64>,
    /// Rows given out; for a sink, rows written.
    pub rows_out: Option<u64>,
    /// Rows rejected.
    pub rows_rejected: Option<u64>,
    /// Wall time of the stage that it ran in.
    pub seconds: Option<f64>,
}

/// One data link of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Link {
    /// The output port: `node.port`.
    pub from: String,
    /// The input port: `node.port`.
    pub to: String,
    /// Rows that passed.
    pub rows: u64,
}

/// One run with its parts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Detail {
    /// The run.
    #[serde(flatten)]
    pub run: Run,
    /// In declaration order.
    pub sub_flows: Vec<SubFlow>,
    /// In declaration order.
    pub nodes: Vec<Node>,
    /// Where the run's end is known.
    pub links: Vec<Link>,
}

/// How a run of a job could go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Resume {
    /// Id of the run; of its first part, if it was resumed before.
    pub run_id: String,
    /// Sub flows that have landed.
    pub landed: u64,
    /// What to type; for secrets, which are to be given again, an ellipsis.
    pub command: String,
}

/// A job at a glance.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JobLine {
    /// The job.
    #[serde(flatten)]
    pub job: JobRef,
    /// Its latest run.
    pub last: Option<Run>,
    /// Of its last 20 runs, those that have ended.
    pub ended: u64,
    /// Of these, those that succeeded.
    pub succeeded: u64,
}

/// The state of a word of the index.
pub(crate) fn node_state(word: &str) -> State {
    let all = [State::Running, State::Succeeded, State::Failed, State::Skipped, State::Cancelled, State::Restored];
    all.into_iter().find(|state| state.as_str() == word).unwrap_or(State::Pending)
}
