//! Tables within a SELECT: columns by name, each with the columns of inputs that it is made of.

use pypeline_schema::lineage::How;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Input port, column, and what it does.
pub(super) type Sources = BTreeSet<(Arc<str>, Arc<str>, How)>;

/// The columns of a query, and what decides which rows it gives.
#[derive(Debug, Clone, Default)]
pub(super) struct Traced {
    pub columns: Vec<(Arc<str>, Sources)>,
    pub rows: Sources,
}

/// A table of a FROM.
#[derive(Debug, Clone)]
pub(super) struct Relation {
    pub name: Option<String>,
    pub columns: Vec<(Arc<str>, Sources)>,
    /// Columns that a join by name gives once, on its other side.
    pub hidden: Vec<String>,
}

impl Relation {
    pub fn column(&self, name: &str) -> Option<&Sources> {
        self.columns.iter().find(|(each, _)| **each == *name).map(|(_, sources)| sources)
    }

    /// What `*` gives.
    pub fn shown(&self) -> impl Iterator<Item = &(Arc<str>, Sources)> {
        self.columns.iter().filter(|(name, _)| !self.hidden.iter().any(|hidden| **name == **hidden))
    }
}

/// The sources with something more done to them.
pub(super) fn done(sources: &Sources, how: How) -> impl Iterator<Item = (Arc<str>, Arc<str>, How)> {
    sources
        .iter()
        .map(move |(port, column, before)| (Arc::clone(port), Arc::clone(column), super::joined(*before, how)))
}
