//! A stage as lazy frames: one frame per sink, with a counter on every link.

use crate::fault::{at_node, translate};
use crate::footers::{Footer, Uncounted};
use crate::header_only::is_header_only;
use crate::operate::operate;
use crate::stop::Stop;
use crate::{scan, sink, stream, table};
use polars::prelude::{DataFrame, DslBuilder, LazyFrame, OptFlags, PolarsResult, SchemaRef};
use pypeline_engine::executor::{LinkSource, LinkTarget, Stage, StageFault, StageLink, Work};
use pypeline_schema::fault::{Fault, FaultKind};
use pypeline_schema::lowering::Operation;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A stage ready to run.
pub(crate) struct Planned {
    /// One frame per sink; they are to be collected together.
    pub frames: Vec<LazyFrame>,
    /// Links that nobody counts on the way.
    pub footers: Vec<Footer>,
    /// The frame of each SELECT, with the index of its node.
    pub selects: Vec<(usize, LazyFrame)>,
}

/// How the name of a link's counter begins.
pub(crate) const LINK: &str = "link ";

/// Frames by node and output port.
type Frames = HashMap<(usize, String), LazyFrame>;

/// Plans a stage node by node, so that a fault is laid at the door of the node that causes it.
pub(crate) fn plan(stage: &Stage) -> Result<Planned, StageFault> {
    let (uncounted, mut frames) = (Uncounted::of(stage), Frames::new());
    let mut planned = Planned { frames: Vec::new(), footers: Vec::new(), selects: Vec::new() };
    for (at, node) in stage.nodes.iter().enumerate() {
        let lay = |fault: Box<Fault>| StageFault { node: Some(node.id.clone()), fault };
        match &node.work {
            Work::Scan(scan) => {
                if !is_read(stage, at) {
                    continue;
                }
                let frame = scan::scan(scan).map_err(lay)?;
                if is_header_only(scan) {
                    let node_id = node.id.as_str();
                    tracing::warn!(node_id, "the input file has a header and no rows: its columns are taken for text");
                }
                for link in stage.links.iter().filter(|link| leaves(link, at) && uncounted.has(scan, link)) {
                    planned.footers.push((Arc::clone(&link.rows), frame.clone()));
                }
                frames.insert((at, "data".to_owned()), frame);
                share_fan_out(stage, at, &mut frames);
            }
            Work::Select(selects) => {
                let inputs = inputs(&uncounted, stage, at, &frames).map_err(lay)?;
                let linked: Vec<(&String, &Operation)> =
                    selects.iter().filter(|(port, _)| is_port_read(stage, at, port)).collect();
                if linked.is_empty() {
                    for (_, frame) in inputs {
                        planned.frames.push(sink::discard(frame).map_err(|error| lay(Box::new(translate(&error))))?);
                    }
                    continue;
                }
                // Read by several SELECTs, the rows are still made once.
                let shared = linked.len() > 1;
                let inputs: Vec<(String, LazyFrame)> = inputs
                    .into_iter()
                    .map(|(name, frame)| (name, if shared { frame.cache() } else { frame }))
                    .collect();
                for (port, operation) in linked {
                    let mut frame = operate(&inputs, operation)
                        .map_err(|error| lay(Box::new(at_node(&error, &column_names(&inputs)))))?;
                    frame.collect_schema().map_err(|error| lay(Box::new(at_node(&error, &column_names(&inputs)))))?;
                    planned.selects.push((at, frame.clone()));
                    frames.insert((at, port.clone()), frame);
                }
                share_fan_out(stage, at, &mut frames);
            }
            Work::Write { destination, temporary } => {
                for (_, frame) in inputs(&uncounted, stage, at, &frames).map_err(lay)? {
                    planned.frames.push(sink::write(frame, destination, temporary).map_err(lay)?);
                }
            }
        }
    }
    let bytes = sink::batch_bytes(stage);
    for (number, link) in stage.links.iter().enumerate() {
        let LinkSource::Port(node, _) = &link.from else { continue };
        let lay = |fault: Box<Fault>| StageFault { node: stage.nodes.get(*node).map(|node| node.id.clone()), fault };
        let frame = || link_frame(&uncounted, stage, number, link, &frames).map_err(lay);
        match &link.to {
            LinkTarget::Port(..) => {}
            LinkTarget::Table(writer) => {
                planned.frames.push(sink::table(frame()?, Arc::clone(writer), bytes).map_err(lay)?);
            }
            LinkTarget::Stream(stream) => {
                planned.frames.push(sink::stream(frame()?, Arc::clone(stream), bytes).map_err(lay)?);
            }
        }
    }
    Ok(planned)
}

/// The first node whose SELECT does not pass the optimiser, where types are reconciled: asked after a failure, to say whose it is.
pub(crate) fn first_that_cannot_be_planned(stage: &Stage) -> Option<String> {
    let selects = plan(stage).ok()?.selects;
    let (at, _) = selects.into_iter().find(|(_, frame)| frame.clone().to_alp_optimized().is_err())?;
    stage.nodes.get(at).map(|node| node.id.clone())
}

fn is_read(stage: &Stage, node: usize) -> bool {
    stage.links.iter().any(|link| leaves(link, node))
}

fn leaves(link: &StageLink, node: usize) -> bool {
    matches!(&link.from, LinkSource::Port(from, _) if *from == node)
}

fn is_port_read(stage: &Stage, node: usize, port: &str) -> bool {
    readers(stage, node, port) > 0
}

fn readers(stage: &Stage, node: usize, port: &str) -> usize {
    stage
        .links
        .iter()
        .filter(|link| matches!(&link.from, LinkSource::Port(from, p) if *from == node && p == port))
        .count()
}

/// A port with several links is computed once: an explicit cache is sure, where the optimiser's search for common sub plans
/// compares maps by name alone.
fn share_fan_out(stage: &Stage, node: usize, frames: &mut Frames) {
    for ((at, port), frame) in frames.iter_mut() {
        if *at == node && readers(stage, node, port) > 1 {
            *frame = frame.clone().cache();
        }
    }
}

/// The counted frames of a node's input links, by input port.
fn inputs(
    uncounted: &Uncounted<'_>,
    stage: &Stage,
    node: usize,
    frames: &Frames,
) -> Result<Vec<(String, LazyFrame)>, Box<Fault>> {
    let links = stage.links.iter().enumerate();
    links
        .filter_map(|(number, link)| match &link.to {
            LinkTarget::Port(to, port) if *to == node => Some((number, link, port)),
            _ => None,
        })
        .map(|(number, link, port)| Ok((port.clone(), link_frame(uncounted, stage, number, link, frames)?)))
        .collect()
}

fn link_frame(
    uncounted: &Uncounted<'_>,
    stage: &Stage,
    number: usize,
    link: &StageLink,
    frames: &Frames,
) -> Result<LazyFrame, Box<Fault>> {
    let frame = match &link.from {
        LinkSource::Table(artifact) => table::read(artifact)?,
        LinkSource::Stream(stream) => stream::read(stream, remembered(stage))?,
        LinkSource::Port(node, port) => frames.get(&(*node, port.clone())).cloned().ok_or_else(|| {
            Box::new(Fault::new(FaultKind::Contract, format!("link `{}` leaves a port that has no rows", link.name)))
        })?,
    };
    let scan = match &link.from {
        LinkSource::Port(node, _) => stage.nodes.get(*node).map(|node| &node.work),
        _ => None,
    };
    match scan {
        Some(Work::Scan(scan)) if uncounted.has(scan, link) => Ok(frame),
        _ => Ok(counted(frame, number, &link.rows, stage)),
    }
}

/// Bytes that a stream of the stage remembers: all of them together a small part of what the run may take.
fn remembered(stage: &Stage) -> usize {
    let n_streams = stage.links.iter().filter(|link| matches!(link.from, LinkSource::Stream(_))).count();
    sink::batch_bytes(stage) / n_streams.max(1)
}

/// A pass-through that counts rows and lets the run stop. Projections pass it; predicates and slices do not, so that the count
/// is exactly what the link carries. Its name must be unique: the optimiser takes maps of one name over one input for the same.
fn counted(frame: LazyFrame, number: usize, rows: &Arc<AtomicU64>, stage: &Stage) -> LazyFrame {
    let (rows, stop) = (Arc::clone(rows), Stop::of(stage));
    let count = move |batch: DataFrame| -> PolarsResult<DataFrame> {
        stop.ask()?;
        rows.fetch_add(batch.height() as u64, Ordering::Relaxed);
        Ok(batch)
    };
    let flags = OptFlags::PROJECTION_PUSHDOWN | OptFlags::STREAMING;
    let optimizations = frame.get_current_optimizations();
    let plan = DslBuilder::from(frame.logical_plan).map(count, flags, None, format!("{LINK}{number}").into()).build();
    LazyFrame::from_logical_plan(plan, optimizations)
}

/// Names of the columns of all inputs.
fn column_names(inputs: &[(String, LazyFrame)]) -> Vec<String> {
    let schemas = inputs.iter().filter_map(|(_, frame)| frame.clone().collect_schema().ok());
    schemas.flat_map(|schema: SchemaRef| schema.iter_names().map(ToString::to_string).collect::<Vec<_>>()).collect()
}
