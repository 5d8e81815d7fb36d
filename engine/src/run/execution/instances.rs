//! Instances of modules between two passes: a loop's body keeps them while their configuration is the same.

use super::Shared;
use super::context::NodeContext;
use super::pass::lock;
use crate::plugins::handle::Instance;
use pypeline_schema::fault::{Fault, FaultKind};
use serde_json::Value;
use std::collections::HashMap;
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

    pub(super) fn take_all(&self) -> Vec<Idle> {
        lock(&self.0).drain().flat_map(|(_, idle)| idle).collect()
    }
}

impl Idle {
    /// Tears the instance down after its loop; a failure then fails the run.
    pub(super) async fn teardown(self, shared: &Shared) {
        let fault = match tokio::time::timeout(shared.grace, self.instance.teardown()).await {
            Ok(Ok(())) => return,
            Ok(Err(fault)) => *fault,
            Err(_) => Fault::new(FaultKind::Timeout, "its teardown did not end in time"),
        };
        shared.note_late_failure(self.node, fault);
    }
}
