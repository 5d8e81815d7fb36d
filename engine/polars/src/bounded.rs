//! Plans that keep state, within a budget of memory: what may outgrow it is cut out of the plan, worked off in parts on disk, and its
//! rows take its place in the plan. The parts are run by the same engine, so that no value can differ.
//!
//! Order: [`cut`] finds the nodes that may outgrow the budget, by the sizes that [`size`] estimates, and settles them one by one:
//! groups, joins, distinct rows and windows by [`scatter`] (rows of one key go to one part, and the parts are worked off one after
//! another), sorts by [`sort`] (sorted runs, merged). [`spill`] has the files; [`guard`] watches the memory all the while.
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
mod windows;

use crate::fault::CANCELLED;
use guard::{Guard, Tripped};
use piece::Pieces;
use polars::prelude::{LazyFrame, OptFlags, PolarsError, PolarsResult};
use polars_plan::dsl::DslPlan;
use polars_plan::plans::IRPlan;
use pypeline_engine::executor::{Memory, Stage};
use std::sync::atomic::Ordering;

/// Runs the plans of a stage together. Where there is a budget, first as one plan as far as that seems to fit; if it does not, once
/// more with everything in parts that can be.
pub(crate) fn run(plans: Vec<DslPlan>, stage: &Stage) -> PolarsResult<()> {
    let all = LazyFrame::from(DslPlan::SinkMultiple { inputs: plans });
    let plan = all.with_optimizations(OptFlags::default() | OptFlags::STREAMING).to_alp_optimized()?;
    let Some(memory) = &stage.memory else { return piece::run(plan) };
    match attempt(copy(&plan), memory, stage, false) {
        Err(Stopped::Outgrown) => {
            tracing::info!(
                "this stage outgrew its memory budget of {} MB: it begins anew, in parts",
                memory.soft / 1_000_000
            );
            stage.links.iter().for_each(|link| link.rows.store(0, Ordering::Relaxed));
            attempt(plan, memory, stage, true).map_err(|stopped| too_large(stopped, memory))
        }
        ended => ended.map_err(|stopped| too_large(stopped, memory)),
    }
}

fn copy(plan: &IRPlan) -> IRPlan {
    IRPlan::new(plan.lp_top, plan.lp_arena.clone(), plan.expr_arena.clone())
}

/// Why an attempt has ended early.
enum Stopped {
    /// It took more memory than it may, and there is another way.
    Outgrown,
    Failed(PolarsError),
}

fn attempt(plan: IRPlan, memory: &Memory, stage: &Stage, in_parts: bool) -> Result<(), Stopped> {
    let limit = if in_parts { memory.hard } else { memory.soft };
    memory.outgrown.store(false, Ordering::Relaxed);
    let guard = Guard::watch(limit, &memory.outgrown, &stage.cancelled);
    let mut pieces = Pieces::new(plan, memory, stage, in_parts);
    let ran = cut::settle(&mut pieces).and_then(|()| pieces.finish());
    match (ran, guard.end()) {
        (Err(_), Tripped::Yes) if !in_parts => Err(Stopped::Outgrown),
        (Err(_), Tripped::Yes) => Err(Stopped::Failed(PolarsError::ComputeError(OUTGROWN.into()))),
        (ran, _) => ran.map_err(Stopped::Failed),
    }
}

/// What no way of working in parts could hold.
pub(crate) const OUTGROWN: &str = "this needs more memory than the run may take";

fn too_large(stopped: Stopped, memory: &Memory) -> PolarsError {
    match stopped {
        Stopped::Failed(error) if error.to_string().contains(OUTGROWN) => {
            PolarsError::ComputeError(format!("{OUTGROWN} ({} MB)", memory.hard / 1_000_000).into())
        }
        Stopped::Failed(error) => error,
        Stopped::Outgrown => PolarsError::ComputeError(CANCELLED.into()),
    }
}
