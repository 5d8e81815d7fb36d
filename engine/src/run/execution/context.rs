//! The host's services for one node: the RunContext's near side.

use super::Shared;
use super::pass::{Attempt, lock};
use super::ports::to_abi;
use crate::run::observe::logging::{self, MODULE_TARGET};
use crate::secrets::Reference;
use pypeline_abi::context::{BlockingTaskBox, HostContext};
use pypeline_abi::{AbiFuture, AbiResult, FutureExt, RNone, ROption, RResult, RSome, RStr, RString};
use pypeline_disk::{make_folders, remove_tree};
use pypeline_schema::fault::{Fault, FaultKind};
use serde_json::Value;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tracing::Level;

/// What a module of one node can ask for. It lives as long as the instance, over many passes.
#[derive(Clone)]
pub(super) struct NodeContext {
    shared: Arc<Shared>,
    node: Arc<str>,
    attempt: Arc<Mutex<Arc<Attempt>>>,
    /// Made when it is first asked for.
    folder: Arc<Mutex<Option<PathBuf>>>,
}

impl NodeContext {
    pub(super) fn new(attempt: &Arc<Attempt>, node: &str) -> Self {
        let shared = Arc::clone(&attempt.shared);
        Self { shared, node: node.into(), attempt: Arc::new(Mutex::new(Arc::clone(attempt))), folder: Arc::default() }
    }

    /// From now on it answers for this attempt.
    pub(super) fn bind(&self, attempt: &Arc<Attempt>) {
        *lock(&self.attempt) = Arc::clone(attempt);
    }

    /// A folder of the instance's own: parallel items, retries and jobs within jobs have each another.
    fn make_folder(&self) -> Result<PathBuf, Box<Fault>> {
        let number = self.shared.attempts.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}-{}-{number}", self.shared.values.run_id(), self.node.replace('.', "-"));
        let folder = self.shared.store.folder()?.join(name);
        make_folders(&folder, 0o700).map_err(|error| {
            Box::new(Fault::new(FaultKind::Io, "no temporary folder can be made").caused_by(&error))
        })?;
        Ok(folder)
    }

    /// The instance is torn down: its folder goes.
    pub(super) fn drop_folder(&self) {
        if let Some(folder) = lock(&self.folder).take() {
            // What cannot be removed now goes with the run's folder.
            let _ = remove_tree(&folder);
        }
    }

    /// Name of the node's module.
    fn module(&self) -> &str {
        let node = self.shared.job.index.node(&self.node).and_then(|node| self.shared.job.dag.nodes.get(node));
        node.map_or("", |node| node.module.name.as_str())
    }

    fn attempt(&self) -> Arc<Attempt> {
        Arc::clone(&lock(&self.attempt))
    }
}

fn fault(kind: FaultKind, text: impl Into<String>) -> Box<Fault> {
    Box::new(Fault::new(kind, text))
}

/// The variable of the environment for a secret that goes by a bare name.
fn secret_variable(name: &str) -> String {
    format!("PYPE_SECRET_{}", name.to_uppercase())
}

impl HostContext for NodeContext {
    fn node_id(&self) -> RString {
        RString::from(&*self.node)
    }

    fn log(&self, level: u8, message: RStr<'_>, fields: RStr<'_>) {
        let module = self.module();
        macro_rules! write_line {
            ($level:ident) => {
                // Nothing is made of a line that nobody wants; which module says it, `tracing` does not know.
                if tracing::enabled!(target: MODULE_TARGET, Level::$level)
                    && logging::wants(Level::$level, module, &self.node)
                {
                    let attempt = self.attempt();
                    tracing::event!(
                        target: MODULE_TARGET,
                        Level::$level,
                        run = self.shared.values.run_id(),
                        sub_flow = self.shared.sub_flow_name(attempt.pass.sub_flow),
                        node_id = &*self.node,
                        iter = ?attempt.pass.frame.path(),
                        module,
                        fields = fields.as_str(),
                        "{}",
                        message.as_str()
                    )
                }
            };
        }
        match level {
            1 => write_line!(ERROR),
            2 => write_line!(WARN),
            3 => write_line!(INFO),
            4 => write_line!(DEBUG),
            _ => write_line!(TRACE),
        }
    }

    fn set_global(&self, name: RStr<'_>, value: RStr<'_>) -> AbiResult<()> {
        let value: Result<Value, _> = serde_json::from_str(value.as_str());
        to_abi(value.map_err(|error| fault(FaultKind::Contract, format!("global `{name}` is no JSON: {error}"))).map(
            |value| {
                self.attempt().set_global(&self.node, name.as_str(), value);
            },
        ))
    }

    fn get_global(&self, node: RStr<'_>, name: RStr<'_>) -> ROption<RString> {
        match self.attempt().get_global(node.as_str(), name.as_str()) {
            Some(value) => RSome(value.to_string().into()),
            None => RNone,
        }
    }

    fn iter_item(&self) -> ROption<RString> {
        match self.attempt().pass.frame.innermost() {
            Some((item, _)) => RSome(item.to_string().into()),
            None => RNone,
        }
    }

    fn iter_index(&self) -> ROption<u64> {
        match self.attempt().pass.frame.innermost() {
            Some((_, index)) => RSome(index),
            None => RNone,
        }
    }

    fn progress(&self, done: u64, total: u64) {
        let module = self.module();
        if tracing::enabled!(target: MODULE_TARGET, Level::TRACE) && logging::wants(Level::TRACE, module, &self.node) {
            let attempt = self.attempt();
            tracing::trace!(
                target: MODULE_TARGET,
                run = self.shared.values.run_id(),
                sub_flow = self.shared.sub_flow_name(attempt.pass.sub_flow),
                node_id = &*self.node,
                iter = ?attempt.pass.frame.path(),
                module,
                done,
                total,
                "progress"
            );
        }
    }

    fn is_cancelled(&self) -> bool {
        self.attempt().cancel.is_cancelled()
    }

    fn cancelled(&self) -> AbiFuture<()> {
        let cancel = self.attempt().cancel.clone();
        async move {
            cancel.cancelled().await;
            RResult::ROk(())
        }
        .into_ffi()
    }

    fn sleep(&self, milliseconds: u64) -> AbiFuture<()> {
        // The timer belongs to the host's runtime, whichever thread asks for it.
        let _entered = self.shared.timers.enter();
        let sleep = tokio::time::sleep(Duration::from_millis(milliseconds));
        let cancel = self.attempt().cancel.clone();
        async move {
            tokio::select! {
                () = sleep => RResult::ROk(()),
                () = cancel.cancelled() => to_abi(Err(fault(FaultKind::Cancelled, "the run is stopping"))),
            }
        }
        .into_ffi()
    }

    fn temp_folder(&self) -> AbiResult<RString> {
        let mut known = lock(&self.folder);
        let folder = match &*known {
            Some(folder) => Ok(folder.clone()),
            None => self.make_folder(),
        };
        let folder = folder.map(|folder| RString::from(known.insert(folder).display().to_string()));
        to_abi(folder)
    }

    fn resolve_path(&self, path: RStr<'_>) -> RString {
        self.shared.project.resolve(path.as_str()).display().to_string().into()
    }

    fn secret(&self, name: RStr<'_>) -> AbiResult<RString> {
        let name = name.as_str();
        let reference = Reference::parse(name).unwrap_or_else(|| Ok(Reference::Env(secret_variable(name))));
        let found = reference.and_then(|reference| self.shared.fetch_now(&reference));
        to_abi(found.map(|secret| RString::from(secret.expose())).map_err(|error| Box::new(error.into())))
    }

    fn run_blocking(&self, mut task: BlockingTaskBox) -> AbiFuture<()> {
        let pool = self.shared.pool.clone();
        async move {
            let ended = pool.run(move || {
                task.call();
                Ok(())
            });
            to_abi(ended.await)
        }
        .into_ffi()
    }
}
