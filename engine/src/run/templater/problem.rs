//! What keeps a run from beginning as far as its values go. All of it is told at once.

use super::given::Source;
use crate::secrets::SecretError;
use crate::typed;
use pypeline_schema::flow::VariableType;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Needed, and given nowhere.
    #[error("{kind} `{name}` is needed and given nowhere; {help}")]
    Missing {
        /// `context variable`, `parameter`, `environment variable`.
        kind: &'static str,
        /// Its name.
        name: String,
        /// How to give it.
        help: String,
    },
    /// Given on the command line, and known to nobody.
    #[error("{kind} `{name}` is what no context file, no declaration and no template knows{help}")]
    Unknown {
        /// `context variable` or `parameter`.
        kind: &'static str,
        /// Its name.
        name: String,
        /// What may have been meant.
        help: String,
    },
    /// Not of its declared type. The value may be a secret, and is not told.
    #[error(
        "the value given for {kind} `{name}` is not of its declared type `{declared}` (from {source_text}); {help}"
    )]
    WrongType {
        /// `context variable` or `parameter`.
        kind: &'static str,
        /// Its name.
        name: String,
        /// `int`, `str`, …
        declared: String,
        /// Where the value came from.
        source_text: String,
        /// How a value of the type is written.
        help: &'static str,
        /// It came from the command line or the environment.
        is_usage: bool,
    },
    /// A variable of the environment that is no text.
    #[error("the environment variable {0} is not UTF-8")]
    NoText(String),
    /// A context file cannot be used.
    #[error("context file `{path}`: {why}")]
    File {
        /// The file.
        path: String,
        /// Why.
        why: String,
    },
    /// A secret in plain in a file.
    #[error(
        "the secret `{name}` stands in `{path}`: say where it is instead (`vault://mount/path#key`, `env://NAME`, \
         `file://path`), or give it by {variable}"
    )]
    SecretInFile {
        /// Its name.
        name: String,
        /// The file.
        path: String,
        /// The environment variable for it.
        variable: String,
    },
    /// A reference to a secret that cannot be read.
    #[error("{kind} `{name}`: {error}{}", .error.help.as_ref().map_or_else(String::new, |help| format!("; {help}")))]
    Reference {
        /// `context variable` or `parameter`.
        kind: &'static str,
        /// Its name.
        name: String,
        /// What is wrong with it.
        error: SecretError,
    },
}

impl Problem {
    /// The command line is to blame, not the job.
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::Unknown { .. } | Self::NoText(_) | Self::WrongType { is_usage: true, .. })
    }

    pub(super) fn wrong_type(kind: &'static str, name: &str, declared: VariableType, source: &Source) -> Self {
        Self::WrongType {
            kind,
            name: name.to_owned(),
            declared: typed::word(declared).to_owned(),
            source_text: source.to_string(),
            help: typed::advice(declared),
            is_usage: matches!(source, Source::CommandLine | Source::Environment(_)),
        }
    }
}
