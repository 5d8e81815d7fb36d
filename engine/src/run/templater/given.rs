//! A variable's value, and where it came from.

use crate::secrets::Reference;
use pypeline_schema::secret::Secret;
use serde_json::Value;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// A value with its origin.
#[derive(Debug, Clone)]
pub struct Given {
    /// The value.
    pub content: Content,
    /// Its origin.
    pub source: Source,
}

/// What a variable is.
#[derive(Clone)]
pub enum Content {
    /// For everybody to see.
    Plain(Value),
    /// For nobody.
    Secret(Arc<Secret>),
    /// A secret that is elsewhere.
    At(Reference),
}

/// Where a value came from, the later the stronger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// `default:` in the flow.
    Declared,
    /// A context file.
    File(PathBuf),
    /// An environment variable of this name.
    Environment(String),
    /// The job that runs this one.
    Caller,
    /// `--set` or `--param`.
    CommandLine,
}

impl Given {
    /// A value with its origin.
    pub fn new(content: Content, source: Source) -> Self {
        Self { content, source }
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(value) => write!(f, "{value}"),
            Self::Secret(_) => f.write_str("***"),
            Self::At(reference) => write!(f, "{reference}"),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Declared => f.write_str("the flow's default"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Environment(name) => f.write_str(name),
            Self::Caller => f.write_str("the job that runs this one"),
            Self::CommandLine => f.write_str("the command line"),
        }
    }
}
