//! Why two nodes that are joined do not run as one, and how rows get from the one to the other instead.

use crate::run::job::Job;
use crate::run::prepare::{SubFlowPlan, Unit};
use pypeline_schema::lowering::Lowering;
use serde::Serialize;

/// A data link between two units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Boundary {
    /// `a.output - b.input`.
    pub link: String,
    /// `stream`: rows are read while they come; `table`: when all are there, in memory or in a file.
    pub by: &'static str,
    /// Why the two nodes are not one stage.
    pub apart: String,
    /// Why there is a table; none for a stream.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
}

impl Boundary {
    /// One line: the link, how its rows come, and why so.
    pub fn in_words(&self) -> String {
        let Self { link, by, apart, table } = self;
        let table = table.as_ref().filter(|table| *table != apart).map_or_else(String::new, |why| format!(" ({why})"));
        format!("<- {link}: a {by}{table}, as {apart}")
    }
}

/// The links by which rows come into a unit.
pub(super) fn boundaries(job: &Job, plan: &SubFlowPlan, unit: &Unit, fuse: bool) -> Vec<Boundary> {
    let reached = unit.nodes().iter().filter_map(|node| job.index.inputs.get(*node)).flatten();
    let outside = |link: &&usize| job.index.pairs.get(**link).is_some_and(|(from, _)| !unit.nodes().contains(from));
    reached.filter(outside).filter_map(|link| boundary(job, plan, unit, *link, fuse)).collect()
}

fn boundary(job: &Job, plan: &SubFlowPlan, unit: &Unit, link: usize, fuse: bool) -> Option<Boundary> {
    let (from, to) = *job.index.pairs.get(link)?;
    let dag = job.dag.data_links.get(link)?;
    let streams = plan.streams.contains(&link);
    let table = (!streams).then(|| why_table(job, plan, unit, (link, from), fuse));
    Some(Boundary {
        link: format!("{} - {}", dag.from, dag.to),
        by: if streams { "stream" } else { "table" },
        apart: why_apart(job, plan, (from, to), fuse),
        table,
    })
}

fn id(job: &Job, node: usize) -> &str {
    job.dag.nodes.get(node).map_or("", |node| node.id.as_str())
}

fn why_apart(job: &Job, plan: &SubFlowPlan, (from, to): (usize, usize), fuse: bool) -> String {
    let lowering = |node: usize| plan.of(node).and_then(|ready| ready.lowering.as_ref());
    for node in [from, to] {
        match lowering(node) {
            None => return format!("`{}` runs by itself", id(job, node)),
            Some(Lowering::Service(_)) => return format!("`{}` is done by the engine itself", id(job, node)),
            Some(_) => {}
        }
    }
    if !fuse {
        return "--no-fuse was asked for".to_owned();
    }
    if lowering(to).is_some_and(Lowering::reads_twice) {
        return format!("`{}` reads its rows twice", id(job, to));
    }
    "a module that runs by itself lies on another way between the two".to_owned()
}

fn why_table(job: &Job, plan: &SubFlowPlan, unit: &Unit, (link, from): (usize, usize), fuse: bool) -> String {
    if !fuse {
        return "--no-fuse was asked for".to_owned();
    }
    let port = job.dag.data_links.get(link).map_or("", |link| link.from.port.as_str());
    let writer = plan.waves.iter().flatten().map(|(_, unit)| unit).find(|unit| unit.nodes().contains(&from));
    for end in writer.into_iter().chain([unit]) {
        if let Unit::Service(node) = end {
            return format!("`{}` takes or gives all rows at once", id(job, *node));
        }
    }
    if job.index.lists.get(from).is_some_and(|ports| ports.iter().any(|list| list == port)) {
        return "its rows are the items of a loop too".to_owned();
    }
    let reader = job.index.pairs.get(link).and_then(|(_, to)| plan.of(*to));
    if let Some(reader) = reader.filter(|reader| reader.lowering.as_ref().is_some_and(Lowering::reads_twice)) {
        return format!("`{}` reads its rows twice", id(job, reader.node));
    }
    let leaves = |link: &&usize| {
        let is_port = job.dag.data_links.get(**link).is_some_and(|link| link.from.port == port);
        let to = job.index.pairs.get(**link).map(|(_, to)| *to);
        is_port && !to.is_some_and(|to| writer.is_some_and(|writer| writer.nodes().contains(&to)))
    };
    if job.index.outputs.get(from).into_iter().flatten().filter(leaves).count() > 1 {
        return "several read it".to_owned();
    }
    "the two are joined by another way too, or too many would run together".to_owned()
}
