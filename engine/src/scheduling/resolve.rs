//! How a link ends, given how its source did.

use super::state::End;
use super::{Reason, Resolution, Skipped, Verdict, When};

/// What a link's end depends on besides its condition.
#[derive(Debug, Clone, Copy)]
pub(super) struct Situation {
    pub end: End,
    /// An item of a loop of the same source failed before.
    pub loop_failed: bool,
    /// A failure has halted the region: ordinary links open no more.
    pub halted: bool,
    /// The answer for an expression; none where it was not asked.
    pub verdict: Option<Verdict>,
    /// An expression link before this one was true.
    pub one_before: bool,
}

/// The end of a link and its reason.
pub(super) fn resolve(when: When, at: Situation) -> (Resolution, Reason) {
    use Resolution::{Blocked, NotChosen, Opened};
    let (succeeded, reason) = match at.end {
        End::Skipped(Skipped::NotChosen) => return (NotChosen, Reason::SourceNotChosen),
        End::Skipped(Skipped::Blocked) => (false, Reason::SourceBlocked),
        End::Cancelled => (false, Reason::SourceCancelled),
        End::Failed => (false, Reason::SourceFailed),
        End::Succeeded if at.loop_failed => (false, Reason::LoopFailed),
        End::Succeeded => (true, Reason::SourceSucceeded),
    };
    let failed = matches!(reason, Reason::SourceFailed | Reason::LoopFailed);
    match when {
        When::Always => (Opened, reason),
        When::Error { .. } if failed => (Opened, reason),
        When::Error { .. } if succeeded => (NotChosen, reason),
        When::Error { .. } => (Blocked, reason),
        _ if !succeeded => (Blocked, reason),
        When::Expression if at.verdict == Some(Verdict::Failed) => (Blocked, Reason::ExpressionFailed),
        _ if at.halted => (Blocked, Reason::Halted),
        When::Ok => (Opened, reason),
        When::Else if at.one_before => (NotChosen, Reason::OneBeforeTrue),
        When::Else => (Opened, Reason::NoneBeforeTrue),
        When::Expression => match at.verdict {
            Some(Verdict::True) => (Opened, Reason::ExpressionTrue),
            Some(Verdict::False) => (NotChosen, Reason::ExpressionFalse),
            Some(Verdict::Failed) | None => (Blocked, Reason::ExpressionFailed),
        },
    }
}

/// The end of a link that leads out of a scope which was never entered, for want of items or because its link was shut.
pub(super) fn resolve_unentered(when: When, why: Skipped) -> Resolution {
    let situation =
        Situation { end: End::Skipped(why), loop_failed: false, halted: false, verdict: None, one_before: false };
    resolve(when, situation).0
}
