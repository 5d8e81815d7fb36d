//! Secrets while a run goes on: those that a sub flow uses are fetched again before a further attempt, which may have failed because
//! they were changed, and when they have grown old.

use super::Shared;
use super::pass::Attempt;
use crate::run::prepare::NodeFault;
use crate::secrets::{Reference, SecretError};
use crate::template;
use pypeline_schema::fault::Fault;
use pypeline_schema::secret::Secret;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;

impl Shared {
    /// The places of the secrets that a node uses.
    fn wanted_by(&self, node: usize) -> BTreeSet<Reference> {
        let is_templated = self.job.index.is_templated.get(node).copied().unwrap_or(false);
        let Some(node) = self.job.dag.nodes.get(node).filter(|_| is_templated) else { return BTreeSet::new() };
        let names = template::names_by_place(&Value::Object(node.config.clone()));
        names.iter().flat_map(|names| self.values.secrets().wanted_by(names)).collect()
    }

    /// One secret, for a module that asks for it while it runs: on a thread of its own, for which the caller waits.
    pub(super) fn fetch_now(&self, reference: &Reference) -> Result<Arc<Secret>, SecretError> {
        let (keeper, wanted, runtime) =
            (Arc::clone(self.values.secrets().keeper()), reference.clone(), self.pool.lanes().clone());
        let fetch = move || {
            let fetched =
                runtime.block_on(keeper.fetch(&BTreeSet::from([wanted.clone()]), crate::run::templater::STALE));
            fetched.map(|()| keeper.get(&wanted))
        };
        let missing = |why: &str| SecretError::new(reference.to_string(), crate::secrets::Reason::Unavailable, why);
        match std::thread::Builder::new().name("pype-secret".to_owned()).spawn(fetch).map(std::thread::JoinHandle::join)
        {
            Ok(Ok(Ok(Some(secret)))) => Ok(secret),
            Ok(Ok(Err(mut errors))) if !errors.is_empty() => Err(errors.swap_remove(0)),
            Ok(_) => Err(missing("it was not fetched")),
            Err(error) => Err(missing(&format!("no thread to be had: {error}"))),
        }
    }
}

/// Fetches what the attempt's sub flow uses, if that is not there or no longer to be relied on.
pub(super) async fn fetch(attempt: &Attempt) -> Result<(), Vec<NodeFault>> {
    let shared = &attempt.shared;
    if !shared.values.secrets().has_places() {
        return Ok(());
    }
    let anew = attempt.pass.attempts() > 1;
    let mut faults = Vec::new();
    for &node in shared.nodes(attempt.pass.sub_flow) {
        let wanted = shared.wanted_by(node);
        if wanted.is_empty() {
            continue;
        }
        let fetched = tokio::select! {
            fetched = shared.values.secrets().fetch(&wanted, anew) => fetched,
            () = attempt.cancel.cancelled() => return Err(Vec::new()),
        };
        faults.extend(fetched.err().into_iter().flatten().map(|error| (node, Box::new(Fault::from(error)))));
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}
