//! A plan in pieces: the nodes of the optimised plan, of which some are run by themselves and then replaced by the rows that they gave.

use super::guard::Guard;
use super::spill::{Files, Spilled, scan};
use super::turn::Turn;
use crate::stop::Stop;
use crate::watch::look_out;
use polars::prelude::{DataFrame, PlanCallback, PolarsResult, SchemaRef};
use polars_plan::dsl::{CallbackSinkType, SinkTypeIR};
use polars_plan::plans::{AExpr, IR, IRPlan};
use polars_utils::arena::{Arena, Node};
use pypeline_engine::executor::{Memory, Stage};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Name of the look-outs behind spilled rows.
const SPILLED: &str = "spilled rows";

/// A plan while it is cut.
pub(super) struct Pieces<'a> {
    pub plan: IRPlan,
    pub memory: &'a Memory,
    pub files: Files,
    /// Files that the plan reads by now.
    read: Vec<Spilled>,
    /// Everything that can be is worked off in parts, however small it seems.
    pub in_parts: bool,
    guard: &'a Guard,
    /// While it works in parts.
    turn: Option<Turn>,
    stage: &'a Stage,
}

impl<'a> Pieces<'a> {
    pub(super) fn new(plan: IRPlan, memory: &'a Memory, stage: &'a Stage, guard: &'a Guard, in_parts: bool) -> Self {
        let files = Files::new(&memory.store);
        Self { plan, memory, files, read: Vec::new(), in_parts, guard, turn: None, stage }
    }

    /// A node of the plan.
    pub(super) fn node(&self, node: Node) -> &IR {
        self.plan.lp_arena.get(node)
    }

    /// The columns that a node gives.
    pub(super) fn schema(&self, node: Node) -> SchemaRef {
        self.node(node).schema(&self.plan.lp_arena).into_owned()
    }

    /// Puts rows in the place of a node; all that reads the node reads them.
    pub(super) fn replace(&mut self, node: Node, rows: Vec<Spilled>) -> PolarsResult<()> {
        let read = self.plan.lp_arena.add(scan(&rows, &self.schema(node))?);
        self.plan.lp_arena.replace(node, look_out(read, SPILLED, Vec::new(), self.stop()));
        self.read.extend(rows);
        Ok(())
    }

    /// A node that reads rows which were spilled, and hears of a stop.
    pub(super) fn scan<'s>(
        &self,
        nodes: &mut Arena<IR>,
        files: impl IntoIterator<Item = &'s Spilled>,
        schema: &SchemaRef,
    ) -> PolarsResult<Node> {
        let read = nodes.add(scan(files, schema)?);
        Ok(nodes.add(look_out(read, SPILLED, Vec::new(), self.stop())))
    }

    /// Runs the plan that ends at `top`, which may be a node of no plan until now, and hands on its rows. True from `take` ends it.
    pub(super) fn rows(
        &self,
        top: Node,
        arenas: (Arena<IR>, Arena<AExpr>),
        batch: Option<NonZeroUsize>,
        take: impl FnMut(DataFrame) -> PolarsResult<bool> + Send + 'static,
    ) -> PolarsResult<()> {
        let stop = self.stop();
        let take = std::sync::Mutex::new(take);
        let function = PlanCallback::new(move |rows: DataFrame| {
            stop.ask()?;
            let mut take = take.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            take(rows)
        });
        let (mut nodes, expressions) = arenas;
        let sink = CallbackSinkType { function, maintain_order: true, chunk_size: batch };
        let top = nodes.add(IR::Sink { input: top, payload: SinkTypeIR::Callback(sink) });
        run(IRPlan::new(top, nodes, expressions))
    }

    /// The nodes and expressions of the plan, to be changed for one run.
    pub(super) fn arenas(&self) -> (Arena<IR>, Arena<AExpr>) {
        (self.plan.lp_arena.clone(), self.plan.expr_arena.clone())
    }

    /// From now on work is done in parts; waits until no other stage does so.
    pub(super) fn begin_parts(&mut self) -> PolarsResult<()> {
        let stop = self.stop();
        self.turn = Some(self.guard.begin_parts(|| Turn::take(&stop))?);
        Ok(())
    }

    /// What a part may hold: a node needs several times its rows while it works on them.
    pub(super) fn part_bytes(&self) -> u64 {
        self.memory.soft / 10
    }

    /// Into how many parts rows of so many bytes go.
    pub(super) fn n_parts(&self, bytes: u64) -> usize {
        let parts = bytes.div_ceil(self.part_bytes().max(1));
        // Where nothing is known of the size, in many.
        if bytes == 0 { 32 } else { usize::try_from(parts).unwrap_or(usize::MAX).clamp(2, 256) }
    }

    /// What may wait for each of several files.
    pub(super) fn batch_bytes(&self, n_files: usize) -> usize {
        let all = usize::try_from(self.memory.soft / 8).unwrap_or(usize::MAX);
        (all / n_files.max(1)).clamp(64 << 10, 16 << 20)
    }

    /// A batch of rows that the rest of the plan scans: Polars reads up to a hundred or so ahead.
    pub(super) fn scan_bytes(&self) -> usize {
        usize::try_from(self.memory.soft / 512).unwrap_or(usize::MAX).clamp(128 << 10, 8 << 20)
    }

    /// What is sorted at once.
    pub(super) fn run_bytes(&self) -> u64 {
        self.memory.soft / 8
    }

    /// What each of several runs holds while they are merged.
    pub(super) fn merge_bytes(&self) -> usize {
        usize::try_from(self.memory.soft / 1024).unwrap_or(usize::MAX).clamp(64 << 10, 16 << 20)
    }

    /// What may stop the work.
    pub(super) fn stop(&self) -> Stop {
        Stop::of(self.stage)
    }

    /// What the links have counted until now.
    pub(super) fn counts(&self) -> Vec<u64> {
        self.stage.links.iter().map(|link| link.rows.load(Ordering::Relaxed)).collect()
    }

    /// Takes counts back, where rows are made once more.
    pub(super) fn restore(&self, counts: &[u64]) {
        let set = |(rows, count): (&Arc<AtomicU64>, &u64)| rows.store(*count, Ordering::Relaxed);
        self.stage.links.iter().map(|link| &link.rows).zip(counts).for_each(set);
    }

    /// Runs what is left of the plan.
    pub(super) fn finish(self) -> PolarsResult<()> {
        run(self.plan)
    }
}

/// Runs a plan that ends in sinks.
pub(super) fn run(mut plan: IRPlan) -> PolarsResult<()> {
    plan.ensure_root_node_is_sink();
    polars_stream::run_query(plan.lp_top, &mut plan.lp_arena, &mut plan.expr_arena).map(drop)
}
