//! A stage's nodes joined to their links: counters, tables in and out, temporary files. And the stage run on its thread.

use super::pass::{Attempt, Work as AttemptWork, lock};
use super::publish::Publication;
use crate::artifacts::{Artifact, ArtifactStore, ArtifactWriter};
use crate::executor::{LinkSource, LinkTarget, Memory, Stage, StageLink, StageNode, Work};
use crate::memory::Budget;
use crate::run::job::Job;
use crate::run::prepare::{NodeFault, SubFlowPlan};
use crate::streams::Stream;
use pypeline_schema::fault::{Fault, FaultKind};
use pypeline_schema::lowering::Lowering;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Tables made so far, by node and output port.
pub(super) type Tables = BTreeMap<(usize, String), Arc<Artifact>>;

/// A stage and the tables that it fills.
struct Wired {
    stage: Stage,
    outputs: Vec<((usize, String), Arc<ArtifactWriter>)>,
    /// Counters of further links of one port, which carry the same rows as the first.
    twins: Vec<(Arc<AtomicU64>, Arc<AtomicU64>)>,
}

/// What a stage is wired from.
struct Parts<'a> {
    job: &'a Job,
    plan: &'a SubFlowPlan,
    nodes: &'a [usize],
    /// The data links of the nodes, with their counters.
    links: &'a [(usize, Arc<AtomicU64>)],
    tables: &'a Tables,
    streams: &'a BTreeMap<usize, Arc<Stream>>,
    publications: &'a BTreeMap<usize, Publication>,
    store: &'a Arc<ArtifactStore>,
    cancelled: Arc<AtomicBool>,
}

/// The data links that reach or leave some nodes, each once.
fn links_of(job: &Job, nodes: &[usize]) -> Vec<usize> {
    let (inputs, outputs) = (&job.index.inputs, &job.index.outputs);
    let of =
        |node: &usize| inputs.get(*node).into_iter().chain(outputs.get(*node)).flatten().copied().collect::<Vec<_>>();
    let mut links: Vec<usize> = nodes.iter().flat_map(of).collect();
    links.sort_unstable();
    links.dedup();
    links
}

/// Runs a stage on a thread of its own: it computes and blocks for as long as it takes.
pub(super) async fn run_stage(work: &AttemptWork, nodes: &[usize]) -> Result<(), Vec<NodeFault>> {
    let (attempt, shared) = (&work.attempt, &work.attempt.shared);
    let blame = nodes.first().copied().unwrap_or_default();
    let links = links_of(&shared.job, nodes).into_iter().map(|link| (link, attempt.counter(link)));
    let wired = {
        let (tables, publications) = (lock(&attempt.tables), lock(&attempt.publications));
        let streams = lock(&attempt.streams);
        wire(&Parts {
            job: &shared.job,
            plan: &work.plan,
            nodes,
            links: &links.collect::<Vec<_>>(),
            tables: &tables,
            streams: &streams,
            publications: &publications,
            store: &shared.store,
            cancelled: attempt.cancel.flag(),
        })
    };
    let wired = wired.ok_or_else(|| vec![(blame, contract("a table that this stage reads was never made"))])?;
    let Wired { stage, outputs, twins } = wired;
    let executor = Arc::clone(&shared.executor);
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let work = move || {
        let ran = catch_unwind(AssertUnwindSafe(|| executor.run(&stage)));
        // A receiver that is gone belongs to a run that is ending.
        let _ = sender.send(ran);
    };
    let spawned = std::thread::Builder::new().name("pype-stage".to_owned()).spawn(work);
    spawned
        .map_err(|error| vec![(blame, Box::new(Fault::new(FaultKind::Io, "no thread to be had").caused_by(&error)))])?;
    match receiver.await {
        Ok(Ok(Ok(()))) => {}
        Ok(Ok(Err(fault))) => {
            let node = fault.node.and_then(|id| shared.job.index.node(&id));
            let (node, fault) = at_sink(attempt, node, fault.fault);
            let names: Vec<&str> =
                nodes.iter().filter_map(|node| Some(shared.job.dag.nodes.get(*node)?.id.as_str())).collect();
            return Err(vec![match node {
                Some(node) => (node, fault),
                None => (blame, Box::new(fault.with("stage", names.join(", ")))),
            }]);
        }
        Ok(Err(panic)) => {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default();
            let names: Vec<&str> =
                nodes.iter().filter_map(|node| Some(shared.job.dag.nodes.get(*node)?.id.as_str())).collect();
            let fault = Fault::new(FaultKind::Panic, format!("{} panicked: {text}", shared.executor.name()));
            return Err(vec![(blame, Box::new(fault.with("stage", names.join(", "))))]);
        }
        Err(_) => return Err(vec![(blame, contract("the stage's thread ended without a word"))]),
    }
    for (first, twin) in twins {
        twin.store(first.load(Ordering::Relaxed), Ordering::Relaxed);
    }
    for (port, writer) in outputs {
        let artifact = writer.finish().map_err(|fault| vec![(port.0, fault)])?;
        lock(&attempt.tables).insert(port, Arc::new(artifact));
    }
    Ok(())
}

/// A failure of the disk, at the sink whose file it was, and with its path.
fn at_sink(attempt: &Attempt, node: Option<usize>, fault: Box<Fault>) -> (Option<usize>, Box<Fault>) {
    let publications = lock(&attempt.publications);
    let is_of = |publication: &Publication| fault.message.contains(&publication.temporary().display().to_string());
    let node = node.or_else(|| publications.iter().find(|(_, publication)| is_of(publication)).map(|(node, _)| *node));
    let target =
        node.and_then(|node| publications.get(&node)).map(|publication| publication.target().display().to_string());
    let is_told = fault.context.iter().any(|(key, _)| key == "path");
    match target.filter(|_| fault.kind == FaultKind::Io && !is_told) {
        Some(target) => (node, Box::new(fault.with("path", target))),
        None => (node, fault),
    }
}

fn contract(text: &str) -> Box<Fault> {
    Box::new(Fault::new(FaultKind::Contract, text))
}

/// The stage as it would be, without tables from before; none if it needs such.
pub(in crate::run) fn stage_for_explain(
    job: &Job,
    plan: &SubFlowPlan,
    nodes: &[usize],
    store: &Arc<ArtifactStore>,
) -> Option<Stage> {
    let links: Vec<(usize, Arc<AtomicU64>)> =
        links_of(job, nodes).into_iter().map(|link| (link, Arc::default())).collect();
    let (tables, streams, publications) = (Tables::new(), BTreeMap::new(), BTreeMap::new());
    let cancelled = Arc::default();
    let parts = Parts {
        job,
        plan,
        nodes,
        links: &links,
        tables: &tables,
        streams: &streams,
        publications: &publications,
        store,
        cancelled,
    };
    wire(&parts).map(|wired| wired.stage)
}

fn wire(parts: &Parts<'_>) -> Option<Wired> {
    let stage_nodes: Vec<StageNode> = parts.nodes.iter().filter_map(|node| stage_node(parts, *node)).collect();
    let place = |node: usize| parts.nodes.iter().position(|other| *other == node);
    let mut wired = Wired {
        stage: Stage {
            nodes: stage_nodes,
            links: Vec::new(),
            cancelled: Arc::clone(&parts.cancelled),
            memory: memory(parts.store),
        },
        outputs: Vec::new(),
        twins: Vec::new(),
    };
    let known = |(at, rows)| Some((at, parts.job.dag.data_links.get(at)?, *parts.job.index.pairs.get(at)?, rows));
    for (at, link, (from, to), rows) in parts.links.iter().filter_map(|(at, rows)| known((*at, rows))) {
        let name = format!("{} - {}", link.from, link.to);
        let port = (from, link.from.port.clone());
        match (place(from), place(to)) {
            (None, None) => {}
            (Some(source), Some(target)) => wired.stage.links.push(StageLink {
                name,
                from: LinkSource::Port(source, link.from.port.clone()),
                to: LinkTarget::Port(target, link.to.port.clone()),
                rows: Arc::clone(rows),
            }),
            // The rows were counted when the table was made.
            (None, Some(target)) => wired.stage.links.push(StageLink {
                name,
                from: match parts.streams.get(&at) {
                    Some(stream) => LinkSource::Stream(Arc::clone(stream)),
                    None => LinkSource::Table(Arc::clone(parts.tables.get(&port)?)),
                },
                to: LinkTarget::Port(target, link.to.port.clone()),
                rows: Arc::default(),
            }),
            (Some(source), None) if parts.streams.contains_key(&at) => {
                let stream = parts.streams.get(&at).cloned()?;
                wired.stage.links.push(StageLink {
                    name,
                    from: LinkSource::Port(source, link.from.port.clone()),
                    to: LinkTarget::Stream(stream),
                    rows: Arc::clone(rows),
                });
            }
            (Some(source), None) => match wired.outputs.iter().position(|(known, _)| *known == port) {
                Some(_) => {
                    let first = first_counter(parts, &port);
                    wired.twins.extend(first.map(|first| (first, Arc::clone(rows))));
                }
                None => {
                    let writer = Arc::new(parts.store.writer());
                    wired.outputs.push((port, Arc::clone(&writer)));
                    wired.stage.links.push(StageLink {
                        name,
                        from: LinkSource::Port(source, link.from.port.clone()),
                        to: LinkTarget::Table(writer),
                        rows: Arc::clone(rows),
                    });
                }
            },
        }
    }
    add_lists(parts, &mut wired);
    Some(wired)
}

/// What the stage may take.
fn memory(store: &Arc<ArtifactStore>) -> Option<Memory> {
    let Budget { soft, hard, .. } = store.budget()?;
    Some(Memory { soft, hard, store: Arc::clone(store), outgrown: Arc::default() })
}

/// Ports whose rows are a loop's items have a table, also where no link reads them.
fn add_lists(parts: &Parts<'_>, wired: &mut Wired) {
    for (at, &node) in parts.nodes.iter().enumerate() {
        for port in parts.job.index.lists.get(node).into_iter().flatten() {
            let key = (node, port.clone());
            if wired.outputs.iter().any(|(known, _)| *known == key) {
                continue;
            }
            let writer = Arc::new(parts.store.writer());
            wired.outputs.push((key, Arc::clone(&writer)));
            wired.stage.links.push(StageLink {
                name: format!("the items of {}", parts.job.dag.nodes.get(node).map_or("", |node| node.id.as_str())),
                from: LinkSource::Port(at, port.clone()),
                to: LinkTarget::Table(writer),
                rows: Arc::default(),
            });
        }
    }
}

/// Counter of the first link that leaves the stage by this port.
fn first_counter(parts: &Parts<'_>, (node, port): &(usize, String)) -> Option<Arc<AtomicU64>> {
    let leaves = |at: usize| {
        let (Some(link), Some((from, to))) = (parts.job.dag.data_links.get(at), parts.job.index.pairs.get(at)) else {
            return false;
        };
        from == node && link.from.port == *port && !parts.nodes.contains(to)
    };
    parts.links.iter().find(|(at, _)| leaves(*at)).map(|(_, rows)| Arc::clone(rows))
}

fn stage_node(parts: &Parts<'_>, node: usize) -> Option<StageNode> {
    let id = parts.job.dag.nodes.get(node)?.id.clone();
    let prepared = parts.plan.of(node)?;
    let work = match prepared.lowering.clone()? {
        Lowering::Scan(scan) => Work::Scan(scan),
        Lowering::Select(selects) => Work::Select(selects),
        Lowering::Destination(destination) => match parts.publications.get(&node) {
            Some(publication) => {
                Work::Write { destination: publication.destination(), temporary: publication.temporary().to_path_buf() }
            }
            // Nothing is written by an explanation.
            None => Work::Write { temporary: destination.path.clone().into(), destination },
        },
        Lowering::Run | Lowering::Service(_) => return None,
    };
    Some(StageNode { id, work })
}
