//! What one run of a module gets: the context, and the rows of its ports.

use crate::context::RunContext;
use pypeline_abi::module::RunIo;
#[cfg(feature = "arrow")]
use {
    crate::error::{Error, Result},
    crate::rows::{Input, Output},
    pypeline_abi::rows::{InputPortBox, OutputPortBox},
};

/// Ports and context of one run. Each port is taken once.
pub struct Io {
    /// The host's services.
    pub context: RunContext,
    #[cfg(feature = "arrow")]
    inputs: Vec<InputPortBox>,
    #[cfg(feature = "arrow")]
    outputs: Vec<OutputPortBox>,
}

impl Io {
    #[cfg(not(feature = "arrow"))]
    pub(crate) fn new(context: RunContext, io: RunIo) -> Self {
        drop(io);
        Self { context }
    }

    #[cfg(feature = "arrow")]
    pub(crate) fn new(context: RunContext, io: RunIo) -> Self {
        Self { context, inputs: io.inputs.into_iter().collect(), outputs: io.outputs.into_iter().collect() }
    }

    /// Takes the rows of an input port.
    #[cfg(feature = "arrow")]
    pub fn input(&mut self, port: &str) -> Result<Input> {
        match self.inputs.iter().position(|input| input.name() == port) {
            Some(at) => Ok(Input::new(self.inputs.swap_remove(at))),
            None => Err(Error::other(format!("input port `{port}` is not linked, or was taken already"))),
        }
    }

    /// Takes an output port; rows sent to one that is not linked are dropped.
    #[cfg(feature = "arrow")]
    pub fn output(&mut self, port: &str) -> Result<Output> {
        match self.outputs.iter().position(|output| output.name() == port) {
            Some(at) => Ok(Output::new(self.outputs.swap_remove(at))),
            None => Err(Error::other(format!("output port `{port}` is not declared, or was taken already"))),
        }
    }
}
