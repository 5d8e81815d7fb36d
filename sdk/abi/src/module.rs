//! The plugin's root and the module object: the functions that a host calls.

use crate::context::HostContextArc;
use crate::rows::{InputPortBox, OutputPortBox};
use crate::{AbiFuture, AbiResult};
use abi_stable::library::RootModule;
use abi_stable::sabi_types::VersionStrings;
use abi_stable::std_types::{RBox, RStr, RString, RVec};
use abi_stable::{StableAbi, declare_root_module_statics, package_version_strings, sabi_trait};

/// The rows that a run takes and gives. Never grows: what comes later crosses in `extra_json`.
#[repr(C)]
#[derive(StableAbi)]
pub struct RunIo {
    /// One per linked input port.
    pub inputs: RVec<InputPortBox>,
    /// One per declared output port.
    pub outputs: RVec<OutputPortBox>,
    /// A JSON object, or empty.
    pub extra_json: RString,
}

/// One instance of a module. Life cycle: `setup` once, `run` any number of times, `teardown` once if `setup` began.
/// Futures may be dropped at any time; that is how the host abandons a call.
#[sabi_trait]
pub trait ModuleObject: Send + Sync + 'static {
    /// Prepares the instance.
    fn setup(&self) -> AbiFuture<()>;

    /// Does the work; gives a JSON object, empty in this version.
    fn run(&self, io: RunIo) -> AbiFuture<RString>;

    /// Cleans up.
    #[sabi(last_prefix_field)]
    fn teardown(&self) -> AbiFuture<()>;
}

/// An owned [`ModuleObject`].
pub type ModuleBox = ModuleObject_TO<RBox<()>>;

/// A plugin's functions. Fields are only ever added after the last one.
#[repr(C)]
#[derive(StableAbi)]
#[sabi(kind(Prefix(prefix_ref = PluginRootRef)))]
#[sabi(missing_field(option))]
pub struct PluginRoot {
    /// A JSON object: `plugin` (name, version) and `modules`, a list of manifests.
    pub describe: extern "C" fn() -> AbiResult<RString>,
    /// `(module, LowerRequest as JSON)` to a `Lowering` as JSON. Pure: no I/O, the same answer for the same arguments.
    pub lower: extern "C" fn(RStr<'_>, RStr<'_>) -> AbiResult<RString>,
    /// `(module, config as JSON, context)` to a fresh instance.
    #[sabi(last_prefix_field)]
    pub create: extern "C" fn(RStr<'_>, RStr<'_>, HostContextArc) -> AbiResult<ModuleBox>,
    /// `(module, ColumnsRequest as JSON)` to a `ColumnsAnswer` as JSON. Pure. Since 1.1.
    pub columns: extern "C" fn(RStr<'_>, RStr<'_>) -> AbiResult<RString>,
}

impl RootModule for PluginRootRef {
    declare_root_module_statics! {PluginRootRef}

    const BASE_NAME: &'static str = "pype_plugin";
    const NAME: &'static str = "pype plugin";
    const VERSION_STRINGS: VersionStrings = package_version_strings!();
}
