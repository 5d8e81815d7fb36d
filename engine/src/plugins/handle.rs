//! Safe handles to a loaded plugin and to an instance of one of its modules.

use super::call::{Caught, answer, text};
use pypeline_abi::RStr;
use pypeline_abi::context::HostContextArc;
use pypeline_abi::module::{ModuleBox, PluginRootRef, RunIo};
use pypeline_schema::columns::{Columns, ColumnsAnswer, ColumnsRequest};
use pypeline_schema::execution_metadata::PluginPin;
use pypeline_schema::fault::{Fault, FaultKind};
use pypeline_schema::lowering::{LowerRequest, Lowering};
use pypeline_schema::manifest::ModuleManifest;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// A loaded library, and what it says of itself.
pub struct Plugin {
    /// File name.
    pub library: String,
    /// Where it was found.
    pub path: PathBuf,
    /// Its own version.
    pub version: String,
    /// Version of the SDK it was built with.
    pub sdk: String,
    /// SHA-256 of the file, in hex.
    pub sha256: String,
    /// Its modules by name.
    pub modules: BTreeMap<String, ModuleManifest>,
    /// What it can be asked.
    pub functions: Arc<Functions>,
}

impl Plugin {
    /// What a job records of it.
    pub fn pin(&self) -> PluginPin {
        PluginPin { library: self.library.clone(), version: self.version.clone(), sha256: self.sha256.clone() }
    }
}

/// What a loaded library can be asked. A run needs no more of it: what it says of itself stands in the job.
pub struct Functions {
    pub(super) root: PluginRootRef,
}

impl Functions {
    /// What a module does with a configuration. Pure.
    pub fn lower(&self, module: &str, request: &LowerRequest) -> Result<Lowering, Box<Fault>> {
        let lower = self.root.lower();
        let request = serde_json::to_string(request).map_err(broken)?;
        let answer = text(lower(RStr::from(module), RStr::from(request.as_str())))?;
        serde_json::from_str(&answer).map_err(broken)
    }

    /// The columns that a module's output ports will have. Pure. Of a plugin that was built before it could be asked, nothing is known.
    pub fn columns(&self, module: &str, request: &ColumnsRequest) -> Result<Columns, Box<Fault>> {
        let Some(columns) = self.root.columns() else { return Ok(Columns::new()) };
        let request = serde_json::to_string(request).map_err(broken)?;
        let answer = text(columns(RStr::from(module), RStr::from(request.as_str())))?;
        serde_json::from_str(&answer).map(|answer: ColumnsAnswer| answer.outputs).map_err(broken)
    }

    /// A fresh instance of a module.
    pub fn create(&self, module: &str, config: &Value, context: HostContextArc) -> Result<Instance, Box<Fault>> {
        let create = self.root.create();
        let config = config.to_string();
        let object = answer(create(RStr::from(module), RStr::from(config.as_str()), context))?;
        Ok(Instance { object })
    }
}

/// A module at work.
pub struct Instance {
    object: ModuleBox,
}

impl Instance {
    /// Prepares it.
    pub async fn setup(&self) -> Result<(), Box<Fault>> {
        Caught(self.object.setup()).await
    }

    /// Does the work of one pass.
    pub async fn run(&self, io: RunIo) -> Result<(), Box<Fault>> {
        Caught(self.object.run(io)).await.map(drop)
    }

    /// Cleans up.
    pub async fn teardown(&self) -> Result<(), Box<Fault>> {
        Caught(self.object.teardown()).await
    }
}

fn broken(error: serde_json::Error) -> Box<Fault> {
    Box::new(Fault::new(FaultKind::Contract, "the plugin's answer is not what the interface says").caused_by(&error))
}
