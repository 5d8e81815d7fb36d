//! What went wrong with a question, before it is said at which path.

use pypeline_engine::secrets::{Reason, SecretError};
use std::time::Duration;

/// A [`SecretError`] whose place is not known yet, with what the one who asked decides by.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub reason: Reason,
    pub message: String,
    pub help: Option<String>,
    /// The status of the answer; none if there was no answer.
    pub status: Option<u16>,
    /// How long the server asked to be left alone.
    pub wait: Option<Duration>,
    /// The deadline came before the request's own timeout: what failed before says more.
    pub is_cut: bool,
}

impl Failure {
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self { reason, message: message.into(), help: None, status: None, wait: None, is_cut: false }
    }

    pub fn setup(message: impl Into<String>) -> Self {
        Self::new(Reason::Setup, message)
    }

    pub fn denied(message: impl Into<String>) -> Self {
        Self::new(Reason::Denied, message)
    }

    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(Reason::NotFound, message)
    }

    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(Reason::Unavailable, message)
    }

    pub fn malformed(message: impl Into<String>) -> Self {
        Self::new(Reason::Malformed, message)
    }

    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    #[must_use]
    pub fn status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// Another attempt may succeed.
    pub fn is_transient(&self) -> bool {
        self.reason == Reason::Unavailable
    }

    /// The error for one who asked for this path.
    pub fn at(self, path: &str) -> SecretError {
        SecretError { place: format!("vault://{path}"), reason: self.reason, message: self.message, help: self.help }
    }
}
