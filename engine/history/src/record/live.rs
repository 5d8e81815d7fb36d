//! A run that goes on, as its event log has it up to now.

use super::{Told, folder, of_told};
use crate::model::{Detail, JobRef, RunState};
use crate::stats::Expected;
use crate::time;
use serde::Serialize;

/// What a run does now.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Live {
    /// Seconds since it began.
    pub elapsed: f64,
    /// Sub flows at work.
    pub running: Vec<LiveSubFlow>,
    /// Loops that go on.
    pub loops: Vec<LiveLoop>,
    /// The part of the work that is done, 0 to 1, by what its last successful runs took; none without such runs.
    pub done: Option<f64>,
    /// Seconds that the rest takes, by the same.
    pub remaining: Option<f64>,
    /// Seconds that a run takes, by the same.
    pub usual: Option<f64>,
}

/// A sub flow at work.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LiveSubFlow {
    /// Its name.
    pub name: String,
    /// Items of a loop in which it is at work; else 1.
    pub running: u64,
    /// The attempt, from 1.
    pub attempt: u64,
    /// Seconds since the last of these began.
    pub seconds: f64,
}

/// A loop that goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LiveLoop {
    /// The sub flow that runs per item.
    pub sub_flow: String,
    /// Items that have ended.
    pub done: u64,
    /// Of them with a failure that nobody handled.
    pub failed: u64,
}

/// Reads the log of a run that goes on: what is known of it, and what it does now.
pub(crate) fn live(job: &JobRef, run_id: &str, expected: &Expected, warnings: &mut Vec<String>) -> (Detail, Live) {
    let told = Told::read(&folder(job, run_id), warnings);
    let mut detail = of_told(job, run_id, &told, RunState::Running);
    let began = time::seconds(&detail.run.started_at).unwrap_or_default() as f64;
    // Clocks that were set meanwhile do not make it shorter than it says itself.
    let elapsed = (time::now() - began).max(told.last_t.unwrap_or_default());
    detail.run.seconds = Some(elapsed);
    let running = told.parts.iter().filter(|part| part.running > 0).map(|part| LiveSubFlow {
        name: part.name.clone(),
        running: part.running,
        attempt: part.attempt,
        seconds: (elapsed - part.since).max(0.0),
    });
    let loops = told.loops.iter();
    let loops = loops.map(|one| LiveLoop { sub_flow: one.to.clone(), done: one.done, failed: one.failed });
    let done = done(&told, elapsed, expected);
    let usual = expected.seconds;
    let remaining = usual.zip(done).map(|(usual, done)| (usual * (1.0 - done)).max(0.0));
    (detail, Live { elapsed, running: running.collect(), loops: loops.collect(), done, remaining, usual })
}

/// Each sub flow counts with its usual seconds: whole if it has ended, up to now if it is at work.
fn done(told: &Told, elapsed: f64, expected: &Expected) -> Option<f64> {
    let all: f64 = expected.sub_flows.values().filter_map(|usual| usual.seconds).sum();
    if expected.n_runs == 0 || all <= 0.0 {
        return None;
    }
    let of_part = |part: &super::told::Part| {
        let usual = expected.sub_flows.get(&part.name)?.seconds?;
        // One that takes longer than usual is nearly done for as long as it takes.
        let so_far = part.seconds + if part.running > 0 { (elapsed - part.since).max(0.0) } else { 0.0 };
        let goes_on = part.running > 0 || part.ended.is_none() || (part.in_loop && !told.loops.is_empty());
        Some(if goes_on { so_far.min(usual * 0.99) } else { usual })
    };
    let done: f64 = told.parts.iter().filter_map(of_part).sum();
    Some((done / all).clamp(0.0, 1.0))
}
