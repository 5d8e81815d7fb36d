//! One module that runs: created, set up, run, and torn down on every path on which its setup began.

use super::conductor::DROP_SHARE;
use super::context::NodeContext;
use super::instances::Idle;
use super::pass::{Attempt, Work, lock};
use super::ports::{Given, Input, Output, Rows, Taker};
use crate::artifacts::ArtifactWriter;
use pypeline_abi::context::{HostContext_TO, HostContextArc};
use pypeline_abi::module::RunIo;
use pypeline_abi::rows::{InputPort_TO, OutputPort_TO};
use pypeline_abi::sabi_trait::TD_Opaque;
use pypeline_abi::{RArc, RString};
use pypeline_schema::fault::{Fault, FaultKind};
use pypeline_schema::ports::PortNames;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

type Fallible<T> = Result<T, Box<Fault>>;

/// The table behind each output port that somebody reads.
type Outputs = Vec<(String, Arc<ArtifactWriter>)>;

/// Runs the module of a node; its tables are there afterwards.
pub(super) async fn run(work: &Work, node: usize) -> Fallible<()> {
    let (attempt, shared) = (&work.attempt, &work.attempt.shared);
    let (io, outputs) = wire(work, node)?;
    let idle = instance(work, node).await?;
    let ran = within_grace(attempt, idle.instance.run(io)).await;
    // The body of a loop keeps its instances; one that has failed, or was asked to stop, is not trusted with another pass.
    if ran.is_ok() && shared.in_loop(attempt.pass.sub_flow) && !attempt.cancel.is_cancelled() {
        shared.instances.put(idle);
    } else {
        let torn_down = tear_down(attempt, &idle).await;
        ran?;
        torn_down?;
    }
    for (port, writer) in outputs {
        let artifact = writer.finish().map_err(|fault| Box::new(fault.with("port", &port)))?;
        lock(&attempt.tables).insert((node, port), Arc::new(artifact));
    }
    Ok(())
}

/// An instance that is set up: one kept from an item before if its configuration is the same, else a new one. A retry gets a
/// new one always.
async fn instance(work: &Work, node: usize) -> Fallible<Idle> {
    let (attempt, shared) = (&work.attempt, &work.attempt.shared);
    let contract = |text: &str| Box::new(Fault::new(FaultKind::Contract, text));
    let config = work.plan.of(node).map(|ready| Arc::clone(&ready.config)).unwrap_or_default();
    if let Some(kept) = shared.instances.take(node) {
        let is_same = Arc::ptr_eq(&kept.config, &config) || kept.config == config;
        if is_same && attempt.pass.attempts() == 1 {
            kept.context.bind(attempt);
            return Ok(kept);
        }
        tear_down(attempt, &kept).await?;
    }
    let dag_node = shared.job.dag.nodes.get(node).ok_or_else(|| contract("no such node"))?;
    let plugin = shared.job.plugin(dag_node).ok_or_else(|| contract("its plugin is not loaded"))?;
    let context = NodeContext::new(attempt, &dag_node.id);
    let host: HostContextArc = HostContext_TO::from_ptr(RArc::new(context.clone()), TD_Opaque);
    let instance = plugin.create(&dag_node.module.name, &config, host)?;
    let idle = Idle { node, config, instance, context };
    match within_grace(attempt, idle.instance.setup()).await {
        Ok(()) => Ok(idle),
        Err(fault) => {
            // What its setup began is taken back; the setup's failure is what is told.
            let _ = tear_down(attempt, &idle).await;
            Err(fault)
        }
    }
}

async fn tear_down(attempt: &Attempt, idle: &Idle) -> Fallible<()> {
    let ended = tokio::time::timeout(attempt.shared.grace, idle.instance.teardown()).await;
    idle.context.drop_folder();
    ended.unwrap_or_else(|_| Err(Box::new(Fault::new(FaultKind::Timeout, "its teardown did not end in time"))))
}

/// Once it is asked to stop, a call has a part of the grace period to end by itself; then it is dropped.
async fn within_grace<T>(attempt: &Attempt, call: impl Future<Output = Fallible<T>>) -> Fallible<T> {
    let grace = async {
        attempt.cancel.cancelled().await;
        tokio::time::sleep(attempt.shared.grace.mul_f64(DROP_SHARE)).await;
    };
    tokio::select! {
        biased;
        result = call => result,
        () = grace => Err(Box::new(Fault::new(FaultKind::Timeout, "it was asked to stop, and did not end in time"))),
    }
}

/// The ports of a run, and the table behind each output port that somebody reads.
fn wire(work: &Work, node: usize) -> Fallible<(RunIo, Outputs)> {
    let (attempt, shared) = (&work.attempt, &work.attempt.shared);
    let mut io = RunIo { inputs: Vec::new().into(), outputs: Vec::new().into(), extra_json: RString::new() };
    let (index, links) = (&shared.job.index, &shared.job.dag.data_links);
    let given = Arc::new(Given::default());
    for &at in index.inputs.get(node).into_iter().flatten() {
        let (Some(link), Some((from, _))) = (links.get(at), index.pairs.get(at)) else { continue };
        let port = link.to.port.clone();
        let table = || lock(&attempt.tables).get(&(*from, link.from.port.clone())).cloned().map(Rows::Table);
        let rows = attempt.stream(at).map(Rows::Stream).or_else(table);
        let rows =
            rows.ok_or_else(|| Box::new(Fault::new(FaultKind::Contract, format!("no rows for input `{port}`"))))?;
        let input = Input::new(port, rows, Arc::clone(&given), shared.pool.clone());
        io.inputs.push(InputPort_TO::from_value(input, TD_Opaque));
    }
    let mut writers = Vec::new();
    let config = work.plan.of(node).and_then(|ready| ready.config.as_object().cloned()).unwrap_or_default();
    let outputs = shared.job.dag.nodes.get(node).map(|node| PortNames::outputs(&node.module, &config).names);
    let lists = index.lists.get(node).map_or(&[][..], Vec::as_slice);
    for port in outputs.into_iter().flatten() {
        let port = port.to_owned();
        let leaving = index.outputs.get(node).into_iter().flatten();
        let readers: Vec<usize> =
            leaving.filter(|at| links.get(**at).is_some_and(|link| link.from.port == port)).copied().collect();
        let counters: Vec<Arc<AtomicU64>> = readers.iter().map(|at| attempt.counter(*at)).collect();
        let is_read = !counters.is_empty() || lists.contains(&port);
        let taker = match readers.iter().find_map(|at| attempt.stream(*at)) {
            Some(stream) => Some(Taker::Stream(stream)),
            None => is_read.then(|| Taker::Table(Arc::new(shared.store.writer()))),
        };
        if let Some(Taker::Table(writer)) = &taker {
            writers.push((port.clone(), Arc::clone(writer)));
        }
        let (given, pool) = (Arc::clone(&given), shared.pool.clone());
        let output = Output::new(port, taker, counters, given, pool, attempt.cancel.clone());
        io.outputs.push(OutputPort_TO::from_value(output, TD_Opaque));
    }
    Ok((io, writers))
}
