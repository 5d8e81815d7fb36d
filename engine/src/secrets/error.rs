//! Why a secret is not to be had. Names the place, never the value.

use pypeline_schema::fault::{Fault, FaultKind};

/// What kind of refusal it was: what the caller does about it hangs on that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Nothing is wrong there; this run does not say where the vault is, or how to log in.
    Setup,
    /// Asked and denied: token wrong or expired, login refused, no right to the path.
    Denied,
    /// There is no such path, or no such key at it.
    NotFound,
    /// Down, sealed, too slow, too busy. Another attempt may succeed.
    Unavailable,
    /// It answered something that a vault does not answer, or sent the question elsewhere.
    Malformed,
}

/// Why a secret is not to be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("secret `{place}`: {message}")]
pub struct SecretError {
    /// As it is written in a context: `vault://secret/db#password`, `env://NAME`, `file://path`.
    pub place: String,
    /// The kind.
    pub reason: Reason,
    /// What is wrong, without the value.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl SecretError {
    /// An error without advice.
    pub fn new(place: impl Into<String>, reason: Reason, message: impl Into<String>) -> Self {
        Self { place: place.into(), reason, message: message.into(), help: None }
    }

    /// The same with advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Another attempt may succeed.
    pub fn is_transient(&self) -> bool {
        self.reason == Reason::Unavailable
    }
}

impl From<SecretError> for Fault {
    fn from(error: SecretError) -> Self {
        let kind = match error.reason {
            Reason::Unavailable | Reason::Malformed => FaultKind::Io,
            Reason::Setup | Reason::Denied | Reason::NotFound => FaultKind::Config,
        };
        let fault = Self { transient: error.is_transient(), ..Self::new(kind, error.to_string()) };
        Self { help: error.help, ..fault }
    }
}
