//! The host's services for one node: the RunContext's near side.

use super::Shared;
use super::cancel::Cancel;
use super::ports::to_abi;
use super::sub_flow::Attempt;
use pypeline_abi::context::{BlockingTaskBox, HostContext};
use pypeline_abi::{AbiFuture, AbiResult, FutureExt, RNone, ROption, RResult, RSome, RStr, RString};
use pypeline_schema::fault::{Fault, FaultKind};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// What a module of one node can ask for. It outlives its attempt where a module keeps it: it must not hold the attempt.
#[derive(Clone)]
pub(super) struct NodeContext {
    shared: Arc<Shared>,
    node: String,
    cancel: Cancel,
}

impl NodeContext {
    pub(super) fn new(attempt: &Arc<Attempt>, node: &str) -> Self {
        Self { shared: Arc::clone(&attempt.shared), node: node.to_owned(), cancel: attempt.cancel.clone() }
    }
}

fn fault(kind: FaultKind, text: impl Into<String>) -> Box<Fault> {
    Box::new(Fault::new(kind, text))
}

impl HostContext for NodeContext {
    fn node_id(&self) -> RString {
        self.node.as_str().into()
    }

    fn log(&self, level: u8, message: RStr<'_>, fields: RStr<'_>) {
        let (node_id, message, fields) = (self.node.as_str(), message.as_str(), fields.as_str());
        macro_rules! write_line {
            ($level:ident) => {
                if fields.is_empty() {
                    tracing::$level!(node_id, "{message}")
                } else {
                    tracing::$level!(node_id, fields, "{message}")
                }
            };
        }
        match level {
            1 => write_line!(error),
            2 => write_line!(warn),
            3 => write_line!(info),
            4 => write_line!(debug),
            _ => write_line!(trace),
        }
    }

    fn set_global(&self, name: RStr<'_>, value: RStr<'_>) -> AbiResult<()> {
        let value: Result<Value, _> = serde_json::from_str(value.as_str());
        to_abi(value.map_err(|error| fault(FaultKind::Contract, format!("global `{name}` is no JSON: {error}"))).map(
            |value| {
                self.shared.values.set_global(&self.node, name.as_str(), value);
            },
        ))
    }

    fn get_global(&self, node: RStr<'_>, name: RStr<'_>) -> ROption<RString> {
        match self.shared.values.get_global(node.as_str(), name.as_str()) {
            Some(value) => RSome(value.to_string().into()),
            None => RNone,
        }
    }

    fn iter_item(&self) -> ROption<RString> {
        RNone
    }

    fn iter_index(&self) -> ROption<u64> {
        RNone
    }

    fn progress(&self, done: u64, total: u64) {
        tracing::trace!(node_id = self.node.as_str(), done, total, "progress");
    }

    fn is_cancelled(&self) -> bool {
        self.cancel.is_cancelled()
    }

    fn cancelled(&self) -> AbiFuture<()> {
        let cancel = self.cancel.clone();
        async move {
            cancel.cancelled().await;
            RResult::ROk(())
        }
        .into_ffi()
    }

    fn sleep(&self, milliseconds: u64) -> AbiFuture<()> {
        // The timer belongs to the host's runtime, whichever thread asks for it.
        let _entered = self.shared.runtime.enter();
        let sleep = tokio::time::sleep(Duration::from_millis(milliseconds));
        let cancel = self.cancel.clone();
        async move {
            tokio::select! {
                () = sleep => RResult::ROk(()),
                () = cancel.cancelled() => to_abi(Err(fault(FaultKind::Cancelled, "the run is stopping"))),
            }
        }
        .into_ffi()
    }

    fn temp_folder(&self) -> AbiResult<RString> {
        let folder = self.shared.store.folder().and_then(|folder| {
            let folder = folder.join(self.node.replace('.', "-"));
            std::fs::create_dir_all(&folder).map_err(|error| {
                Box::new(Fault::new(FaultKind::Io, "no temporary folder can be made").caused_by(&error))
            })?;
            Ok(RString::from(folder.display().to_string()))
        });
        to_abi(folder)
    }

    fn resolve_path(&self, path: RStr<'_>) -> RString {
        self.shared.project.resolve(path.as_str()).display().to_string().into()
    }

    fn secret(&self, name: RStr<'_>) -> AbiResult<RString> {
        let variable = format!("PYPE_SECRET_{}", name.as_str().to_uppercase());
        to_abi(std::env::var(&variable).map(RString::from).map_err(|_| {
            let text = format!("secret `{name}` is not to be had");
            Box::new(Fault::new(FaultKind::Config, text).help(format!("set the environment variable `{variable}`")))
        }))
    }

    fn run_blocking(&self, mut task: BlockingTaskBox) -> AbiFuture<()> {
        let ended = self.shared.runtime.spawn_blocking(move || task.call());
        async move {
            to_abi(ended.await.map_err(|error| fault(FaultKind::Panic, format!("blocking work panicked: {error}"))))
        }
        .into_ffi()
    }
}
