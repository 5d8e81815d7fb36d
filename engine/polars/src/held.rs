//! Stages whose rows cannot stream in and out, since they hold them: a sort has all its rows before it gives the first, and may have to begin
//! anew, in parts. What streams into such a stage is made a table first, and what it gives to a stream is one until it has ended.

use crate::plan::LINK;
use crate::stream::DEALT;
use polars_plan::plans::expr_ir::ExprIR;
use polars_plan::plans::{AExpr, FunctionIR, IR, IRAggExpr, IRFunctionExpr, IRPlan, is_elementwise_rec};
use polars_utils::arena::{Arena, Node};
use pypeline_engine::artifacts::ArtifactStore;
use pypeline_engine::executor::{LinkSource, LinkTarget, Stage, StageLink};
use pypeline_engine::streams::Stream;
use pypeline_schema::fault::Fault;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// Rows come in or leave while the stage runs.
pub(crate) fn has_streams(stage: &Stage) -> bool {
    stage
        .links
        .iter()
        .any(|link| matches!(link.from, LinkSource::Stream(_)) || matches!(link.to, LinkTarget::Stream(_)))
}

/// Every node of the plan looks at its rows as they pass, and each stream is read at one place.
pub(crate) fn passes_rows(plan: &IRPlan) -> bool {
    let (mut left, mut seen, mut caches) = (vec![plan.lp_top], HashSet::new(), HashSet::new());
    let mut read: BTreeMap<String, usize> = BTreeMap::new();
    while let Some(node) = left.pop() {
        if !seen.insert(node) {
            continue;
        }
        let ir = plan.lp_arena.get(node);
        if let IR::Cache { id, .. } = ir
            && !caches.insert(*id)
        {
            continue;
        }
        if let IR::MapFunction { function: FunctionIR::Opaque { fmt_str, .. }, .. } = ir
            && fmt_str.starts_with(DEALT)
        {
            *read.entry(fmt_str.to_string()).or_default() += 1;
        }
        if !passes(plan, node) {
            return false;
        }
        left.extend(ir.get_inputs());
    }
    read.values().all(|times| *times == 1)
}

/// The plan of a SELECT holds rows in what it does itself, behind the links that it reads.
pub(crate) fn holds_rows(plan: &IRPlan) -> bool {
    let mut left = vec![plan.lp_top];
    while let Some(node) = left.pop() {
        let ir = plan.lp_arena.get(node);
        if matches!(ir, IR::MapFunction { function: FunctionIR::Opaque { fmt_str, .. }, .. } if fmt_str.starts_with(LINK))
        {
            continue;
        }
        if !passes(plan, node) && !is_running_total(plan, node) {
            return true;
        }
        left.extend(ir.get_inputs());
    }
    false
}

/// One row of aggregates, none of which needs more than a value for what it has seen.
fn is_running_total(plan: &IRPlan, node: Node) -> bool {
    let IR::Select { expr, .. } = plan.lp_arena.get(node) else { return false };
    expr.iter().all(|each| is_total(each.node(), &plan.expr_arena))
}

fn is_total(expression: Node, expressions: &Arena<AExpr>) -> bool {
    match expressions.get(expression) {
        AExpr::Agg(aggregate) => !matches!(
            aggregate,
            IRAggExpr::Median(_) | IRAggExpr::NUnique(_) | IRAggExpr::Implode { .. } | IRAggExpr::AggGroups(_)
        ),
        AExpr::Len => true,
        AExpr::BinaryExpr { left, right, .. } => is_total(*left, expressions) && is_total(*right, expressions),
        AExpr::Cast { expr, .. } => is_total(*expr, expressions),
        // A sum in SQL asks whether all its values are NULL.
        AExpr::Ternary { predicate, truthy, falsy } => {
            [predicate, truthy, falsy].into_iter().all(|part| is_total(*part, expressions))
        }
        AExpr::Function { function: IRFunctionExpr::NullCount, .. } => true,
        _ => is_elementwise_rec(expression, expressions),
    }
}

fn passes(plan: &IRPlan, node: Node) -> bool {
    let by_row =
        |expressions: &[ExprIR]| expressions.iter().all(|each| is_elementwise_rec(each.node(), &plan.expr_arena));
    match plan.lp_arena.get(node) {
        IR::Select { expr, .. } => by_row(expr),
        IR::HStack { exprs, .. } => by_row(exprs),
        IR::Filter { predicate, .. } => by_row(std::slice::from_ref(predicate)),
        IR::Slice { offset, .. } => *offset >= 0,
        IR::MapFunction { .. }
        | IR::Scan { .. }
        | IR::DataFrameScan { .. }
        | IR::SimpleProjection { .. }
        | IR::Cache { .. }
        | IR::Union { .. }
        | IR::Sink { .. }
        | IR::SinkMultiple { .. } => true,
        _ => false,
    }
}

/// A stage with tables where it had streams, and which stream each table is for.
pub(crate) struct WithTables {
    pub stage: Stage,
    after: Vec<(usize, Arc<Stream>)>,
}

impl WithTables {
    /// Takes in all that streams into the stage; blocking.
    pub(crate) fn of(stage: &Stage, store: &Arc<ArtifactStore>) -> Result<Self, Box<Fault>> {
        let (mut links, mut after) = (Vec::new(), Vec::new());
        for (at, link) in stage.links.iter().enumerate() {
            let from = match &link.from {
                LinkSource::Stream(stream) => {
                    let table = store.register(&mut *stream.reader(|| ())?)?;
                    LinkSource::Table(Arc::new(table))
                }
                other => other.clone(),
            };
            let to = match &link.to {
                LinkTarget::Stream(stream) => {
                    after.push((at, Arc::clone(stream)));
                    LinkTarget::Table(Arc::new(store.writer()))
                }
                other => other.clone(),
            };
            links.push(StageLink { name: link.name.clone(), from, to, rows: Arc::clone(&link.rows) });
        }
        let (nodes, cancelled) = (stage.nodes.clone(), Arc::clone(&stage.cancelled));
        let stage = Stage { nodes, links, cancelled, memory: stage.memory.clone() };
        Ok(Self { stage, after })
    }

    /// Sends on what the stage has made for streams.
    pub(crate) fn send(self) -> Result<(), Box<Fault>> {
        for (at, stream) in self.after {
            let Some(StageLink { to: LinkTarget::Table(writer), .. }) = self.stage.links.get(at) else { continue };
            let table = writer.finish()?;
            stream.open(Arc::clone(table.schema()))?;
            for batch in table.to_stream()? {
                let batch = batch.map_err(|error| {
                    Box::new(Fault::new(pypeline_schema::fault::FaultKind::Data, error.to_string()))
                })?;
                stream.send_blocking(batch)?;
            }
        }
        Ok(())
    }
}
