//! One module that runs: created, set up, run, and torn down on every path on which its setup began.

use super::GRACE;
use super::context::NodeContext;
use super::ports::{Input, Output};
use super::sub_flow::Attempt;
use crate::artifacts::ArtifactWriter;
use pypeline_abi::context::{HostContext_TO, HostContextArc};
use pypeline_abi::module::RunIo;
use pypeline_abi::rows::{InputPort_TO, OutputPort_TO};
use pypeline_abi::sabi_trait::TD_Opaque;
use pypeline_abi::{RArc, RString};
use pypeline_schema::fault::{Fault, FaultKind};
use serde_json::Value;
use std::future::Future;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, PoisonError};

type Fallible<T> = Result<T, Box<Fault>>;

/// The table behind each output port that somebody reads.
type Outputs = Vec<(String, Arc<ArtifactWriter>)>;

/// Runs the module of a node; its tables are there afterwards.
pub(super) async fn run(attempt: &Arc<Attempt>, node: usize) -> Fallible<()> {
    let shared = &attempt.shared;
    let contract = |text: &str| Box::new(Fault::new(FaultKind::Contract, text));
    let dag_node = shared.job.dag.nodes.get(node).ok_or_else(|| contract("no such node"))?;
    let plugin = shared.job.plugin(dag_node).ok_or_else(|| contract("its plugin is not loaded"))?;
    let config =
        attempt.prepared.iter().find(|ready| ready.node == node).map_or(Value::Null, |ready| ready.config.clone());
    let context = NodeContext::new(attempt, &dag_node.id);
    let context: HostContextArc = HostContext_TO::from_ptr(RArc::new(context), TD_Opaque);
    let instance = plugin.create(&dag_node.module.name, &config, context)?;
    let (io, outputs) = wire(attempt, node)?;
    let ran = match within_grace(attempt, instance.setup()).await {
        Ok(()) => within_grace(attempt, instance.run(io)).await,
        Err(fault) => Err(fault),
    };
    let torn_down = tokio::time::timeout(GRACE, instance.teardown()).await;
    ran?;
    match torn_down {
        Ok(result) => result?,
        Err(_) => return Err(Box::new(Fault::new(FaultKind::Other, "its teardown did not end in time"))),
    }
    for (port, writer) in outputs {
        let artifact = writer.finish().map_err(|fault| Box::new(fault.with("port", &port)))?;
        attempt.tables.lock().unwrap_or_else(PoisonError::into_inner).insert((node, port), Arc::new(artifact));
    }
    Ok(())
}

/// Once the run is asked to stop, a call has a grace period to end by itself; then it is dropped.
async fn within_grace<T>(attempt: &Attempt, call: impl Future<Output = Fallible<T>>) -> Fallible<T> {
    let grace = async {
        attempt.cancel.cancelled().await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        result = call => result,
        () = grace => Err(Box::new(Fault::new(FaultKind::Other, "it was asked to stop, and did not end in time"))),
    }
}

/// The ports of a run, and the table behind each output port that somebody reads.
fn wire(attempt: &Arc<Attempt>, node: usize) -> Fallible<(RunIo, Outputs)> {
    let shared = &attempt.shared;
    let dag_node = shared.job.dag.nodes.get(node);
    let (inputs, outputs) =
        dag_node.map(|n| (n.module.input_ports.clone(), n.module.output_ports.clone())).unwrap_or_default();
    let links = || shared.job.dag.data_links.iter().zip(&shared.pairs).zip(&shared.links);
    let mut io = RunIo { inputs: Vec::new().into(), outputs: Vec::new().into(), extra_json: RString::new() };
    for port in inputs {
        let link = links().find(|((link, (_, to)), _)| *to == node && link.to.port == port);
        let Some(((link, (from, _)), _)) = link else { continue };
        let key = (*from, link.from.port.clone());
        let table = attempt.tables.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        let table =
            table.ok_or_else(|| Box::new(Fault::new(FaultKind::Contract, format!("no rows for input `{port}`"))))?;
        let input = Input::new(port, table, shared.runtime.clone());
        io.inputs.push(InputPort_TO::from_value(input, TD_Opaque));
    }
    let mut writers = Vec::new();
    for port in outputs {
        let readers = links().filter(|((link, (from, _)), _)| *from == node && link.from.port == port);
        let counters: Vec<Arc<AtomicU64>> = readers.map(|(_, counter)| Arc::clone(&counter.rows)).collect();
        let writer = (!counters.is_empty()).then(|| Arc::new(shared.store.writer()));
        writers.extend(writer.clone().map(|writer| (port.clone(), writer)));
        let output = Output::new(port, writer, counters, shared.runtime.clone(), attempt.cancel.clone());
        io.outputs.push(OutputPort_TO::from_value(output, TD_Opaque));
    }
    Ok((io, writers))
}
