//! The name of a column of the input, marked as such for the build's checks, and lists of them.

use crate::named;
use pypeline_sdk::prelude::*;
use pypeline_sdk::sql;

/// The name of a column of the input
#[derive(Deserialize, JsonSchema, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[serde(transparent)]
#[schemars(extend("format" = "column"))]
pub struct ColumnName(String);

impl ColumnName {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// In quotes.
    pub fn sql(&self) -> String {
        sql::identifier(&self.0)
    }
}

/// Each column is named once.
pub fn once(key: &str, columns: &[ColumnName]) -> Result<()> {
    named::once(key, columns.iter().map(ColumnName::as_str))
}

/// The same for a list that may not be empty.
pub fn some(key: &str, columns: &[ColumnName]) -> Result<()> {
    if columns.is_empty() {
        return Err(Error::config(format!("`{key}` is empty")).with("key", key).help("name at least one column"));
    }
    once(key, columns)
}

/// In quotes, with commas between them.
pub fn list(columns: &[ColumnName]) -> String {
    columns.iter().map(ColumnName::sql).collect::<Vec<_>>().join(", ")
}
