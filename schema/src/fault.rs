//! A failure as it crosses the plugin boundary and stands in the run result: kind, text, whether a retry may help, where.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What went wrong, in the few classes that the engine treats differently or a person searches for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The configuration of the node is wrong.
    Config,
    /// The rows are not what the node needs: a column, a type, a value.
    Data,
    /// A file, a server or the disk refused.
    Io,
    /// The run was asked to stop.
    Cancelled,
    /// It took longer than it may.
    Timeout,
    /// It needed more memory than the run may take.
    Memory,
    /// The module's code panicked.
    Panic,
    /// The module broke the plugin contract.
    Contract,
    /// Anything else that the module reports.
    Other,
}

/// A failure with all that a person needs to find its cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Fault {
    /// Its class.
    pub kind: FaultKind,
    /// One sentence, without a full stop.
    pub message: String,
    /// Another attempt may succeed.
    #[serde(default)]
    pub transient: bool,
    /// Facts beside the message: path, row, column, …
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub context: Vec<(String, String)>,
    /// The causes, nearest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<String>,
    /// `file:line` of a panic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl Fault {
    /// A permanent failure without further facts.
    pub fn new(kind: FaultKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            transient: false,
            context: Vec::new(),
            causes: Vec::new(),
            place: None,
            help: None,
        }
    }

    /// The same failure with one more fact.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl std::fmt::Display) -> Self {
        self.context.push((key.into(), value.to_string()));
        self
    }

    /// The same failure with advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same failure, worth another attempt.
    #[must_use]
    pub fn transient(mut self) -> Self {
        self.transient = true;
        self
    }

    /// Changes each text that somebody else may have put into it: for the one who keeps secrets out of what is written.
    pub fn each_text(&mut self, change: &mut dyn FnMut(&mut String)) {
        change(&mut self.message);
        self.context.iter_mut().for_each(|(key, value)| {
            change(key);
            change(value);
        });
        self.causes.iter_mut().for_each(&mut *change);
        self.place.iter_mut().chain(&mut self.help).for_each(change);
    }

    /// The same failure with `error` and its sources as causes.
    #[must_use]
    pub fn caused_by(mut self, error: &dyn std::error::Error) -> Self {
        let mut cause = Some(error);
        while let Some(error) = cause {
            self.causes.push(error.to_string());
            cause = error.source();
        }
        self
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)?;
        for (key, value) in &self.context {
            write!(f, "; {key}: {value}")?;
        }
        for cause in &self.causes {
            write!(f, "; caused by: {cause}")?;
        }
        match &self.place {
            Some(place) => write!(f, " (at {place})"),
            None => Ok(()),
        }
    }
}
