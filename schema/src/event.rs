//! The event log of a run, `events.jsonl`: every decision as one JSON line. Reports, progress and later tools read it.

use crate::fault::Fault;
use crate::run_result::{Skipped, State};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "pype event")]
pub struct EventLine {
    /// 1, 2, 3, … without gaps.
    pub seq: u64,
    /// Seconds since the run began.
    pub t: f64,
    /// Indices of the items around it, the outermost loop first; empty outside loops.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub iter: Vec<u64>,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// Something that happened or was decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The run began.
    RunStarted {
        /// [`crate::FORMAT_VERSION`].
        format_version: u32,
        /// Id of the run.
        run_id: String,
        /// The flow's name.
        job: String,
        /// RFC 3339, UTC.
        started_at: String,
        /// Fingerprint of the built flow.
        fingerprint: String,
        /// The run that it goes on with.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        resumes: Option<String>,
    },
    /// The process died, and whoever took the job next has found it so.
    RunDied,
    /// A sub flow was taken from its checkpoint, and did not run.
    Restored {
        /// Its name.
        sub_flow: String,
    },
    /// A sub flow that has begun before begins again, and what it did to the world outside may be done twice.
    EffectRepeated {
        /// Its name.
        sub_flow: String,
        /// The nodes whose effect it is.
        nodes: Vec<String>,
    },
    /// An attempt of a sub flow began.
    SubFlowStarted {
        /// Its name.
        sub_flow: String,
        /// 1, 2, …
        attempt: u64,
    },
    /// A node ended.
    NodeFinished {
        /// Its id.
        node: String,
        /// How.
        state: State,
        /// Rows taken in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rows_in: Option<u64>,
        /// Rows given out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rows_out: Option<u64>,
        /// Rows rejected.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rows_rejected: Option<u64>,
        /// Wall time of what it ran in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seconds: Option<f64>,
        /// Why it failed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fault: Option<Fault>,
    },
    /// A sub flow ended, or will not run.
    SubFlowFinished {
        /// Its name.
        sub_flow: String,
        /// How.
        state: State,
        /// Why it was skipped.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        skipped: Option<Skipped>,
        /// Attempts that it took.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        attempts: Option<u64>,
        /// Wall time of all attempts and the pauses between them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seconds: Option<f64>,
    },
    /// A transient failure: another attempt follows.
    Retry {
        /// The sub flow.
        sub_flow: String,
        /// The attempt that failed.
        attempt: u64,
        /// Seconds until the next.
        delay: f64,
        /// What went wrong, in a line.
        reason: String,
    },
    /// A control link was decided.
    LinkResolved {
        /// The node that it leaves.
        from: String,
        /// The sub flow that it reaches.
        to: String,
        /// Its order.
        order: u32,
        /// Its condition.
        condition: String,
        /// How it ended.
        resolution: Resolution,
        /// Why.
        reason: Reason,
    },
    /// A loop began.
    LoopStarted {
        /// The node that gives the list.
        from: String,
        /// The sub flow that runs per item.
        to: String,
        /// Items at the same time.
        parallel: u32,
        /// Items that the list has, where that is known before they are made.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        items: Option<u64>,
    },
    /// An item's turn began.
    IterationStarted {
        /// The sub flow that runs per item.
        to: String,
        /// The item, cut to 200 characters.
        item: String,
    },
    /// An item's turn ended.
    IterationFinished {
        /// The sub flow that ran per item.
        to: String,
        /// Succeeded, also after a failure that was handled; failed; or cancelled, where it was only stopped.
        state: State,
    },
    /// Another 1,000 items have ended, of which no line each was written.
    LoopProgress {
        /// The sub flow that runs per item.
        to: String,
        /// Items that have ended.
        done: u64,
        /// Of them with a failure that nobody handled.
        failed: u64,
    },
    /// A loop ended.
    LoopFinished {
        /// The sub flow that ran per item.
        to: String,
        /// Items that ran.
        items: u64,
        /// Of them with a failure that nobody handled.
        failed: u64,
    },
    /// A scope waits for a free place in the background, or runs there.
    BackgroundStarted {
        /// The sub flow that it begins with.
        to: String,
    },
    /// A scope in the background has ended.
    BackgroundFinished {
        /// The sub flow that it began with.
        to: String,
    },
    /// Something took longer than it may.
    Timeout {
        /// `run`, `sub flow` or `node`.
        what: String,
        /// Its name.
        name: String,
        /// The limit.
        seconds: f64,
    },
    /// What did not stop within the grace period was given up; nothing that it does later counts.
    Abandoned {
        /// The sub flow.
        sub_flow: String,
    },
    /// A handler has succeeded: the failure neither halts nor fails the run.
    FailureHandled {
        /// The sub flow that failed.
        sub_flow: String,
    },
    /// Running sub flows were asked to stop.
    Stopping {
        /// Why.
        reason: StopReason,
    },
    /// The run ended. Always the last line.
    RunFinished {
        /// How.
        state: State,
        /// Exit code of `pype run`.
        exit_code: u8,
        /// Wall time.
        seconds: f64,
    },
}

impl Event {
    /// Changes each text that is not the flow's own: what modules said, and items. See [`Fault::each_text`].
    pub fn each_text(&mut self, change: &mut dyn FnMut(&mut String)) {
        match self {
            Self::NodeFinished { fault: Some(fault), .. } => fault.each_text(change),
            Self::Retry { reason, .. } => change(reason),
            Self::IterationStarted { item, .. } => change(item),
            _ => {}
        }
    }
}

/// How a control link ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// Its target may run.
    Opened,
    /// Its condition was not met.
    NotChosen,
    /// Its source did not come to the end that it needs.
    Blocked,
}

/// Why a control link ended as it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The source succeeded.
    SourceSucceeded,
    /// The source failed.
    SourceFailed,
    /// The source was asked to stop.
    SourceCancelled,
    /// The source was skipped because a link into it was blocked.
    SourceBlocked,
    /// The source was skipped because no link into it was chosen.
    SourceNotChosen,
    /// The expression was true.
    ExpressionTrue,
    /// The expression was false.
    ExpressionFalse,
    /// The expression could not be evaluated, which is a failure.
    ExpressionFailed,
    /// No expression before it was true.
    NoneBeforeTrue,
    /// An expression before it was true.
    OneBeforeTrue,
    /// A failure has halted this part of the run.
    Halted,
    /// An item of the source's loop failed and nobody handled it.
    LoopFailed,
    /// What came of the link in the loop's frames, taken together.
    LoopEnded,
    /// The loop that the source is in never ran.
    LoopNeverRan,
}

/// Why running sub flows were asked to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// Another failed, under `fail_strategy: halt`.
    Failure,
    /// The run took longer than its timeout.
    Timeout,
    /// SIGINT.
    Interrupted,
    /// SIGTERM.
    Terminated,
    /// The job that runs this one is stopping.
    Caller,
}
