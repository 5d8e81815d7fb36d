//! The trait a module implements, with its life cycle.

use crate::columns::Columns;
use crate::context::RunContext;
use crate::error::{Error, Result};
use crate::io::Io;
use crate::manifest::Manifest;
use pypeline_schema::lowering::Lowering;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use std::future::Future;

/// The ports of a node as the flow links them.
#[derive(Debug, Clone, Default)]
pub struct Ports {
    linked_inputs: Vec<String>,
    linked_outputs: Vec<String>,
}

impl Ports {
    /// Of a node with these links.
    pub fn linked(inputs: Vec<String>, outputs: Vec<String>) -> Self {
        Self { linked_inputs: inputs, linked_outputs: outputs }
    }

    /// The input ports that rows come by, in the order of the flow's data links.
    pub fn inputs(&self) -> &[String] {
        &self.linked_inputs
    }

    /// Somebody reads this output port.
    pub fn is_linked(&self, output: &str) -> bool {
        self.linked_outputs.iter().any(|port| port == output)
    }
}

/// A kind of step. It answers in one of two ways, or in both.
///
/// 1. **It lowers**: [`lower`](Module::lower) says what it does as data. It is called at build and at run, any number of
///    times, and must do no I/O and give the same answer for the same arguments.
/// 2. **It runs**. One instance lives per node:
///    - [`create`](Module::create) makes it; no I/O.
///    - [`setup`](Module::setup) is awaited once, before the first run: connections, temporary files.
///    - [`run`](Module::run) is awaited once per pass; in a loop the instance is kept while its configuration is the same.
///      A retry gets a new instance.
///    - [`teardown`](Module::teardown) is awaited once on every path on which `setup` began, also after an error, a panic
///      or a cancelled run. It must not rely on `run` having ended by itself.
///
///    When the run is cancelled, `RunContext::is_cancelled` turns true; a module that goes on is dropped at its next
///    `.await` after a grace period. Blocking work belongs on `RunContext::run_blocking`.
pub trait Module: Sized + Send + 'static {
    /// The node's `configs`: doc comments become descriptions, `#[serde(default)]` makes a key optional.
    type Config: DeserializeOwned + JsonSchema + Send + 'static;

    /// What the module is.
    const MANIFEST: Manifest;

    /// Says what the module does; [`Lowering::Run`] where it runs instead.
    fn lower(config: &Self::Config, ports: &Ports) -> Result<Lowering> {
        let _ = (config, ports);
        Ok(Lowering::Run)
    }

    /// Says which columns the output ports of a module that runs will have, given those of its inputs, so that what comes after it is
    /// checked before the run too. As [`lower`](Module::lower) it does no I/O. An error is told as a finding at the configuration key
    /// that it names by [`Error::with`]`("key", …)`.
    ///
    /// What lowers needs none of this: the engine knows.
    fn columns(config: &Self::Config, inputs: &Columns) -> Result<Columns> {
        let _ = (config, inputs);
        Ok(Columns::unknown())
    }

    /// Makes an instance.
    fn create(config: Self::Config) -> Result<Self> {
        drop(config);
        Err(Error::other("this module only lowers: it has no instance"))
    }

    /// Prepares the instance.
    fn setup(&mut self, context: &RunContext) -> impl Future<Output = Result<()>> + Send {
        let _ = context;
        async { Ok(()) }
    }

    /// Does the work of one pass.
    fn run(&mut self, io: &mut Io) -> impl Future<Output = Result<()>> + Send {
        let _ = io;
        async { Err(Error::other("this module only lowers: it has no `run`")) }
    }

    /// Cleans up.
    fn teardown(&mut self, context: &RunContext) -> impl Future<Output = Result<()>> + Send {
        let _ = context;
        async { Ok(()) }
    }
}
