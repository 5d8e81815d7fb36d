//! Plans that keep state, within a budget of memory: what may outgrow it is cut out of the plan, worked off in parts on disk, and its
//! rows take its place in the plan. The parts are run by the same engine, so that no value can differ.
//!
//! Order: [`cut`] finds the nodes that may outgrow the budget, by the sizes that [`size`] estimates, and settles them one by one:
//! groups, joins, distinct rows and windows by [`scatter`] (rows of one key go to one part, and the parts are worked off one after
//! another), sorts by [`sort`] (sorted runs, merged). [`spill`] has the files; [`guard`] watches the memory all the while, and [`turn`] keeps one stage from
//! taking what another has.
//!
//! Everything happens on the optimised plan: what a scan need not read is not spilled either.

mod cut;
mod guard;
mod mapped;
mod piece;
mod scatter;
mod size;
mod sort;
mod spill;
mod turn;
mod windows;

use crate::fault::{CANCELLED, OUTGROWN};
use crate::footers::Footer;
use crate::mend::mend;
use crate::watch::watch;
use guard::{Guard, Tripped};
use piece::Pieces;
use polars::prelude::{LazyFrame, OptFlags, PolarsError, PolarsResult};
use polars_plan::dsl::DslPlan;
use polars_plan::plans::IRPlan;
use pypeline_engine::executor::{LinkTarget, Memory, Stage};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::Ordering;

/// Runs the plans of a stage together. Where there is a budget, first as one plan as far as that seems to fit; if it does not, once
/// more with everything in parts that can be. `again` makes the plan once more: a sink can be run once.
pub(crate) fn run<E: From<PolarsError>>(
    plan: IRPlan,
    again: impl FnOnce() -> Result<IRPlan, E>,
    stage: &Stage,
) -> Result<(), E> {
    let Some(memory) = &stage.memory else { return Ok(piece::run(plan)?) };
    match attempt(plan, memory, stage, false) {
        Err(Stopped::Outgrown) => {
            tracing::info!(
                "this stage outgrew its memory budget of {} MB: it begins anew, in parts",
                memory.soft / 1_000_000
            );
            for link in &stage.links {
                link.rows.store(0, Ordering::Relaxed);
                if let LinkTarget::Table(writer) = &link.to {
                    writer.begin_anew();
                }
            }
            Ok(attempt(again()?, memory, stage, true).map_err(|stopped| too_large(stopped, memory))?)
        }
        ended => Ok(ended.map_err(|stopped| too_large(stopped, memory))?),
    }
}

/// Runs a plan whose rows cannot be had twice. It holds none of them, so nothing can be done in parts: a run that takes more than it
/// may all the same is stopped.
pub(crate) fn run_once(plan: IRPlan, stage: &Stage) -> PolarsResult<()> {
    let Some(memory) = &stage.memory else { return piece::run(plan) };
    attempt(plan, memory, stage, true).map_err(|stopped| too_large(stopped, memory))
}

/// The plans of a stage as one, as the streaming engine takes it.
pub(crate) fn optimized(frames: Vec<LazyFrame>, stage: &Stage, footers: &[Footer]) -> PolarsResult<IRPlan> {
    let inputs = frames.into_iter().map(|frame| frame.logical_plan).collect();
    let all = LazyFrame::from(DslPlan::SinkMultiple { inputs });
    let mut plan = all.with_optimizations(OptFlags::default() | OptFlags::STREAMING).to_alp_optimized()?;
    mend(&mut plan);
    watch(&mut plan, stage, footers)?;
    Ok(plan)
}

/// Why an attempt has ended early.
enum Stopped {
    /// It took more memory than it may, and there is another way.
    Outgrown,
    Failed(PolarsError),
}

fn attempt(plan: IRPlan, memory: &Memory, stage: &Stage, in_parts: bool) -> Result<(), Stopped> {
    memory.outgrown.store(false, Ordering::Relaxed);
    let guard = Guard::watch(if in_parts { memory.hard } else { memory.soft }, memory, &stage.cancelled);
    // Some of Polars' sinks panic where their rows end in an error: ours, if the guard has stopped them.
    let ran = catch_unwind(AssertUnwindSafe(|| {
        let mut pieces = Pieces::new(plan, memory, stage, &guard, in_parts);
        cut::settle(&mut pieces)?;
        pieces.finish()
    }));
    match (ran, guard.end()) {
        (Ok(Ok(())), _) => Ok(()),
        (_, Tripped::Yes) if !in_parts => Err(Stopped::Outgrown),
        (_, Tripped::Yes) => Err(Stopped::Failed(PolarsError::ComputeError(OUTGROWN.into()))),
        (Err(_), _) if stage.cancelled.load(Ordering::Relaxed) => {
            Err(Stopped::Failed(PolarsError::ComputeError(CANCELLED.into())))
        }
        (Ok(Err(error)), _) => Err(Stopped::Failed(error)),
        (Err(panic), _) => resume_unwind(panic),
    }
}

fn too_large(stopped: Stopped, memory: &Memory) -> PolarsError {
    match stopped {
        Stopped::Failed(error) if error.to_string().contains(OUTGROWN) => {
            PolarsError::ComputeError(format!("{OUTGROWN} ({} MB)", memory.hard / 1_000_000).into())
        }
        Stopped::Failed(error) => error,
        Stopped::Outgrown => PolarsError::ComputeError(CANCELLED.into()),
    }
}
