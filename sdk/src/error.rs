//! The error a module gives: anything that `?` can carry, or one that says kind, cause and cure.

use pypeline_schema::fault::{Fault, FaultKind};
use std::any::Any;
use std::fmt::Display;

/// What module code returns.
pub type Result<T> = std::result::Result<T, Error>;

/// A failure on its way to the person who runs the flow. Any `std::error::Error` becomes one by `?`.
#[derive(Debug)]
pub struct Error(Box<Fault>);

impl Error {
    /// The configuration is wrong.
    pub fn config(message: impl Into<String>) -> Self {
        Self(Box::new(Fault::new(FaultKind::Config, message)))
    }

    /// The rows are not what the module needs.
    pub fn data(message: impl Into<String>) -> Self {
        Self(Box::new(Fault::new(FaultKind::Data, message)))
    }

    /// A file, a server or the disk refused.
    pub fn io(message: impl Into<String>) -> Self {
        Self(Box::new(Fault::new(FaultKind::Io, message)))
    }

    /// Anything else.
    pub fn other(message: impl Into<String>) -> Self {
        Self(Box::new(Fault::new(FaultKind::Other, message)))
    }

    /// The run was asked to stop, and the module did: what `RunContext::sleep` gives then.
    pub fn cancelled() -> Self {
        Self(Box::new(Fault::new(FaultKind::Cancelled, "the run is stopping")))
    }

    /// Adds a fact: a path, a row, a column.
    #[must_use]
    pub fn with(self, key: &str, value: impl Display) -> Self {
        Self(Box::new(self.0.with(key, value)))
    }

    /// Says what to do about it.
    #[must_use]
    pub fn help(self, help: impl Into<String>) -> Self {
        Self(Box::new(self.0.help(help)))
    }

    /// Says that another attempt may succeed.
    #[must_use]
    pub fn transient(self) -> Self {
        Self(Box::new(self.0.transient()))
    }

    /// A failure that is data already.
    pub fn from_fault(fault: Fault) -> Self {
        Self(Box::new(fault))
    }

    /// The failure as data.
    pub fn into_fault(self) -> Fault {
        *self.0
    }
}

impl<E: std::error::Error + 'static> From<E> for Error {
    fn from(error: E) -> Self {
        let io = (&error as &dyn Any).downcast_ref::<std::io::Error>().map(std::io::Error::kind);
        let mut fault = Fault::new(if io.is_some() { FaultKind::Io } else { FaultKind::Other }, error.to_string());
        if let Some(source) = error.source() {
            fault = fault.caused_by(source);
        }
        use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted, TimedOut};
        if matches!(io, Some(ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted | TimedOut)) {
            fault = fault.transient();
        }
        Self(Box::new(fault))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fails(kind: std::io::ErrorKind) -> Result<()> {
        Err(std::io::Error::new(kind, "no"))?;
        Ok(())
    }

    #[test]
    fn io_errors_keep_their_class() {
        let refused = fails(std::io::ErrorKind::ConnectionRefused).unwrap_err().into_fault();
        assert_eq!((refused.kind, refused.transient), (FaultKind::Io, true));
        assert!(!fails(std::io::ErrorKind::NotFound).unwrap_err().into_fault().transient);
    }
}
