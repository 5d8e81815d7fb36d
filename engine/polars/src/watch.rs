//! Scans that no counter follows ([`footers`](crate::footers)) are looked after all the same: a stage that only holds what it reads
//! would hear of no stop, and tell nothing, before it has read everything.
//!
//! This is done to the optimised plan, where filters are in the scans already: nothing is kept from being read less.

use crate::footers::Footer;
use crate::plan::LINK;
use crate::stop::Stop;
use polars::prelude::{DataFrame, PlSmallStr, PolarsResult};
use polars_plan::dsl::ScanSources;
use polars_plan::plans::{FunctionIR, IR, IRPlan};
use polars_utils::arena::Node;
use pypeline_engine::executor::{LinkSource, Stage, Work};
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Puts a look-out behind each scan that has none: it lets the stage stop, and counts for the links what has been read of their rows until their
/// footers say how many there are. Links whose files are scanned more than once are not counted: nobody knows for which of them rows are.
pub(crate) fn watch(plan: &mut IRPlan, stage: &Stage, footers: &[Footer]) -> PolarsResult<()> {
    let scans = uncounted(plan, stage);
    let files: Vec<(Arc<AtomicU64>, Option<ScanSources>)> = footers
        .iter()
        .map(|(rows, frame)| Ok((Arc::clone(rows), sources(&frame.clone().to_alp()?).cloned())))
        .collect::<PolarsResult<_>>()?;
    let scanned: Vec<Option<ScanSources>> = scans.iter().map(|scan| of_node(plan, *scan).cloned()).collect();
    for (number, (scan, read)) in scans.iter().zip(&scanned).enumerate() {
        let is_only = scanned.iter().filter(|other| *other == read).count() == 1;
        let links = files.iter().filter(|(_, of_link)| is_only && of_link.is_some() && of_link == read);
        let links: Vec<Arc<AtomicU64>> = links.map(|(rows, _)| Arc::clone(rows)).collect();
        let read = plan.lp_arena.get(*scan).clone();
        let read = plan.lp_arena.add(read);
        plan.lp_arena.replace(*scan, look_out(read, &format!("scan {number}"), links, Stop::of(stage)));
    }
    Ok(())
}

/// Scans of files right behind which no counter of a link counts their rows.
fn uncounted(plan: &IRPlan, stage: &Stage) -> Vec<Node> {
    let (mut left, mut seen, mut scans) = (vec![(plan.lp_top, false)], HashSet::new(), Vec::new());
    while let Some((node, is_counted)) = left.pop() {
        if !seen.insert(node) {
            continue;
        }
        let ir = plan.lp_arena.get(node);
        if matches!(ir, IR::Scan { .. }) && !is_counted {
            scans.push(node);
        }
        let counts = counts_what_is_read(ir, stage);
        left.extend(ir.get_inputs().into_iter().map(|input| (input, counts)));
    }
    scans
}

/// The counter of a link on which rows are as they were read. Where a filter has gone into the scan, the counter of the link behind that is what follows it.
fn counts_what_is_read(ir: &IR, stage: &Stage) -> bool {
    let IR::MapFunction { function: FunctionIR::Opaque { fmt_str, .. }, .. } = ir else { return false };
    let number = fmt_str.strip_prefix(LINK).and_then(|number| number.parse::<usize>().ok());
    match number.and_then(|number| stage.links.get(number)).map(|link| &link.from) {
        Some(LinkSource::Port(node, _)) => matches!(stage.nodes.get(*node).map(|node| &node.work), Some(Work::Scan(_))),
        Some(LinkSource::Table(_) | LinkSource::Stream(_)) => true,
        None => false,
    }
}

fn of_node(plan: &IRPlan, node: Node) -> Option<&ScanSources> {
    match plan.lp_arena.get(node) {
        IR::Scan { sources, .. } => Some(sources),
        _ => None,
    }
}

fn sources(plan: &IRPlan) -> Option<&ScanSources> {
    of_node(plan, plan.lp_top)
}

/// A node that hands on what `input` reads, counts it for the links, and hears of a stop.
pub(crate) fn look_out(input: Node, name: &str, links: Vec<Arc<AtomicU64>>, stop: Stop) -> IR {
    let look = move |batch: DataFrame| -> PolarsResult<DataFrame> {
        stop.ask()?;
        for rows in &links {
            rows.fetch_add(batch.height() as u64, Ordering::Relaxed);
        }
        Ok(batch)
    };
    let function = FunctionIR::Opaque {
        function: Arc::new(look),
        schema: None,
        predicate_pd: false,
        projection_pd: false,
        streamable: true,
        fmt_str: PlSmallStr::from(name),
    };
    IR::MapFunction { input, function }
}
