//! What the host offers a module while it lives: the RunContext's other side.

use crate::{AbiFuture, AbiResult};
use abi_stable::sabi_trait;
use abi_stable::std_types::{RArc, RBox, ROption, RStr, RString};

/// Work to be done on the host's pool for blocking work.
#[sabi_trait]
pub trait BlockingTask: Send + 'static {
    /// Does it; the host calls this once, on a thread that may block.
    #[sabi(last_prefix_field)]
    fn call(&mut self);
}

/// An owned [`BlockingTask`].
pub type BlockingTaskBox = BlockingTask_TO<RBox<()>>;

/// The host's services. Methods are only ever added at the end, with a default body.
#[sabi_trait]
pub trait HostContext: Send + Sync + Clone + 'static {
    /// The node's id.
    fn node_id(&self) -> RString;

    /// Writes a log line tagged with the node: `level` 1 (error) to 5 (trace); `fields` is a JSON object or empty.
    fn log(&self, level: u8, message: RStr<'_>, fields: RStr<'_>);

    /// Publishes a global of this node; `value` is JSON.
    fn set_global(&self, name: RStr<'_>, value: RStr<'_>) -> AbiResult<()>;

    /// Reads a global of any node, ignoring case; JSON.
    fn get_global(&self, node: RStr<'_>, name: RStr<'_>) -> ROption<RString>;

    /// The item of the innermost loop, as JSON.
    fn iter_item(&self) -> ROption<RString>;

    /// The index of that item.
    fn iter_index(&self) -> ROption<u64>;

    /// Tells how far the module is, in units of its own; `total` 0 where it is unknown.
    fn progress(&self, done: u64, total: u64);

    /// The run was asked to stop.
    fn is_cancelled(&self) -> bool;

    /// Ends when the run is asked to stop.
    fn cancelled(&self) -> AbiFuture<()>;

    /// Ends after so many milliseconds, or with an error of kind `cancelled`.
    fn sleep(&self, milliseconds: u64) -> AbiFuture<()>;

    /// A folder for this node that goes with the run.
    fn temp_folder(&self) -> AbiResult<RString>;

    /// Resolves a path of the configuration: a relative one against the project root.
    fn resolve_path(&self, path: RStr<'_>) -> RString;

    /// The value of a secret.
    fn secret(&self, name: RStr<'_>) -> AbiResult<RString>;

    /// Runs `task` on the host's one bounded pool for blocking work.
    #[sabi(last_prefix_field)]
    fn run_blocking(&self, task: BlockingTaskBox) -> AbiFuture<()>;
}

/// A handle to the host's services; cheap to clone.
pub type HostContextArc = HostContext_TO<RArc<()>>;
