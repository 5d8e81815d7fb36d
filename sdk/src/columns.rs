//! Columns of ports, known before anything runs: what a module that runs is told of its inputs, and says of its outputs.

#[cfg(feature = "arrow")]
mod of_arrow;

use crate::error::{Error, Result};
pub use pypeline_schema::fields::{DataType, Field, TimeUnit};

/// Columns by port. A port that is not there is not known.
#[derive(Debug, Clone, Default)]
pub struct Columns(pypeline_schema::columns::Columns);

impl Columns {
    /// Nothing is known.
    pub fn unknown() -> Self {
        Self::default()
    }

    /// The same with the columns of one port.
    #[must_use]
    pub fn with(mut self, port: &str, fields: impl IntoIterator<Item = Field>) -> Self {
        self.0.insert(port.to_owned(), Some(fields.into_iter().collect()));
        self
    }

    /// The columns of a port, where they are known.
    pub fn of(&self, port: &str) -> Option<&[Field]> {
        self.0.get(port)?.as_deref()
    }

    /// The columns of an input port handed on as they are.
    #[must_use]
    pub fn handed_on(&self, input: &str, output: &str) -> Self {
        match self.of(input) {
            Some(fields) => Self::unknown().with(output, fields.iter().cloned()),
            None => Self::unknown(),
        }
    }

    /// A column of a port; an error at configuration key `key` where it is not there. None where nothing is known.
    pub fn find(&self, port: &str, name: &str, key: &str) -> Result<Option<&Field>> {
        let Some(fields) = self.of(port) else { return Ok(None) };
        let found = fields.iter().find(|field| field.name == name);
        found.map(Some).ok_or_else(|| Error::config(format!("there is no column `{name}`")).with("key", key))
    }
}

impl From<pypeline_schema::columns::Columns> for Columns {
    fn from(columns: pypeline_schema::columns::Columns) -> Self {
        Self(columns)
    }
}

impl From<Columns> for pypeline_schema::columns::Columns {
    fn from(columns: Columns) -> Self {
        columns.0
    }
}
