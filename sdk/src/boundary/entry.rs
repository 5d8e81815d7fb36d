//! The calls that a host makes into a plugin: describe, lower, columns, create.

use crate::boundary::guard::to_abi;
use crate::boundary::object::object;
use crate::columns::Columns;
use crate::context::RunContext;
use crate::error::{Error, Result};
use crate::module::{Module, Ports};
use crate::panics::catch;
use pypeline_abi::context::HostContextArc;
use pypeline_abi::module::ModuleBox;
use pypeline_abi::{AbiResult, RString};
use pypeline_schema::columns::{ColumnsAnswer, ColumnsRequest};
use pypeline_schema::fault::{Fault, FaultKind};
use pypeline_schema::lowering::{LowerRequest, Lowering};
use pypeline_schema::manifest::ModuleManifest;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// A library: its crate's name and version, and its modules.
pub struct Plugin {
    /// The crate's name.
    pub name: &'static str,
    /// The crate's version.
    pub version: &'static str,
    /// Its modules.
    pub entries: &'static [Entry],
}

/// One module's functions, behind one type.
pub struct Entry {
    manifest: fn() -> ModuleManifest,
    lower: fn(Value, &Ports) -> Result<Lowering>,
    columns: fn(Value, &Columns) -> Result<Columns>,
    create: fn(Value, RunContext) -> Result<ModuleBox>,
    name: fn() -> String,
}

impl Entry {
    /// The functions of `M`.
    pub const fn of<M: Module>() -> Self {
        Self {
            manifest: || M::MANIFEST.with_config::<M::Config>(),
            lower: |config, ports| M::lower(&parse_config::<M::Config>(config)?, ports),
            columns: |config, inputs| M::columns(&parse_config::<M::Config>(config)?, inputs),
            create: |config, context| Ok(object(M::create(parse_config(config)?)?, context)),
            name: || M::MANIFEST.name().to_owned(),
        }
    }
}

/// The manifests of all modules.
pub fn describe(plugin: &Plugin) -> AbiResult<RString> {
    to_abi(catch(|| {
        let modules: Vec<ModuleManifest> = plugin.entries.iter().map(|entry| (entry.manifest)()).collect();
        let description = json!({
            "plugin": {"name": plugin.name, "version": plugin.version, "sdk": crate::SDK_VERSION},
            "modules": modules,
        });
        Ok(description.to_string().into())
    }))
}

/// What a module does, for one configuration.
pub fn lower(plugin: &'static Plugin, module: &str, request: &str) -> AbiResult<RString> {
    to_abi(catch(|| {
        let request: LowerRequest = serde_json::from_str(request)?;
        let ports = Ports::linked(request.linked_inputs, request.linked_outputs);
        let lowering = (find(plugin, module)?.lower)(request.config, &ports)?;
        Ok(serde_json::to_string(&lowering)?.into())
    }))
}

/// The columns that a module's output ports will have, for one configuration.
pub fn columns(plugin: &'static Plugin, module: &str, request: &str) -> AbiResult<RString> {
    to_abi(catch(|| {
        let request: ColumnsRequest = serde_json::from_str(request)?;
        let outputs = (find(plugin, module)?.columns)(request.config, &Columns::from(request.inputs))?;
        Ok(serde_json::to_string(&ColumnsAnswer { outputs: outputs.into() })?.into())
    }))
}

/// A fresh instance of a module.
pub fn create(plugin: &'static Plugin, module: &str, config: &str, host: HostContextArc) -> AbiResult<ModuleBox> {
    to_abi(catch(|| (find(plugin, module)?.create)(serde_json::from_str(config)?, RunContext::new(host))))
}

fn find(plugin: &'static Plugin, module: &str) -> Result<&'static Entry> {
    plugin
        .entries
        .iter()
        .find(|entry| (entry.name)() == module)
        .ok_or_else(|| Error::other(format!("plugin `{}` holds no module `{module}`", plugin.name)))
}

/// The configuration struct; an error says at which key.
fn parse_config<C: DeserializeOwned>(config: Value) -> Result<C> {
    serde_path_to_error::deserialize(config).map_err(|error| {
        let path = error.path().to_string();
        let fault = Fault::new(FaultKind::Config, error.into_inner().to_string());
        Error::from_fault(if path == "." { fault } else { fault.with("key", path) })
    })
}
