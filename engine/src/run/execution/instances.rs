//! Instances of modules between two passes: a loop's body keeps them while their configuration is the same.

use super::Shared;
use super::context::NodeContext;
use super::pass::lock;
use crate::plugins::handle::Instance;
use pypeline_schema::fault::{Fault, FaultKind};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

/// An instance that was set up.
pub(super) struct Idle {
    pub node: usize,
    pub config: Arc<Value>,
    pub instance: Instance,
    pub context: NodeContext,
}

/// Instances that wait for their next pass, by node: as many as ran at the same time.
#[derive(Default)]
pub(in crate::run) struct Instances(Mutex<HashMap<usize, Vec<Idle>>>);

impl Instances {
    pub(super) fn take(&self, node: usize) -> Option<Idle> {
        lock(&self.0).get_mut(&node).and_then(Vec::pop)
    }

    pub(super) fn put(&self, idle: Idle) {
        lock(&self.0).entry(idle.node).or_default().push(idle);
    }

    /// All of some nodes; of all nodes where none are named.
    pub(super) fn take_all(&self, nodes: Option<&[usize]>) -> Vec<Idle> {
        let mut kept = lock(&self.0);
        match nodes {
            Some(nodes) => nodes.iter().filter_map(|node| kept.remove(node)).flatten().collect(),
            None => kept.drain().flat_map(|(_, idle)| idle).collect(),
        }
    }
}

impl Shared {
    /// Tears down the instances of a loop that has ended, on the workers: one that blocks there holds up nobody else. A failure
    /// then fails the run.
    pub(super) async fn tear_down(self: &Arc<Self>, instances: Vec<Idle>) {
        let n = instances.len();
        let mut running = Vec::new();
        for idle in instances {
            let node = idle.node;
            let ending = async move {
                let ended = idle.instance.teardown().await;
                idle.context.drop_folder();
                ended
            };
            running.push((node, self.workers.handle().spawn(ending)));
        }
        for (node, task) in running {
            let fault = match tokio::time::timeout(self.grace, task).await {
                Ok(Ok(Ok(()))) => continue,
                Ok(Ok(Err(fault))) => *fault,
                Ok(Err(error)) => Fault::new(FaultKind::Panic, error.to_string()),
                Err(_) => Fault::new(FaultKind::Timeout, "its teardown did not end in time"),
            };
            self.note_late_failure(node, fault);
        }
        self.tearing.fetch_sub(n, Ordering::AcqRel);
    }
}
