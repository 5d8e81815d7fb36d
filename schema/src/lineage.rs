//! Which columns the columns of a sink come from.

use crate::fields::DataType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The columns that reach a sink.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SinkLineage {
    /// Id of the sink.
    pub node: String,
    /// Its columns, in order.
    pub columns: Vec<ColumnLineage>,
    /// What decides which rows reach it, and in what order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<Origin>,
}

/// A column of a sink.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ColumnLineage {
    /// Its name.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub data_type: DataType,
    /// Columns of sources; none for a constant.
    pub from: Vec<Origin>,
}

/// A column of a source, and what it has to do with the other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Origin {
    /// Id of the source.
    pub node: String,
    /// The column.
    pub column: String,
    /// What it does.
    pub how: How,
}

/// What a column has to do with another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum How {
    /// Its values are handed on as they are.
    Identity,
    /// A value is made of its value.
    Transformation,
    /// A value is made of its values in many rows.
    Aggregation,
    /// Rows are kept or left out by it.
    Filter,
    /// Rows are put together by it.
    Join,
    /// Rows are gathered by it.
    Group,
    /// The first rows are taken by it.
    Order,
    /// It goes into a module that does not say what it does with it.
    Unknown,
}

impl How {
    /// The word used in files and tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Transformation => "transformation",
            Self::Aggregation => "aggregation",
            Self::Filter => "filter",
            Self::Join => "join",
            Self::Group => "group",
            Self::Order => "order",
            Self::Unknown => "unknown",
        }
    }
}

/// What `pype lineage --output json` prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LineageReport {
    /// Sinks whose columns are known, as declared in the flow.
    pub sinks: Vec<SinkLineage>,
    /// Ids of the sinks of which nothing is known before the run.
    pub unknown: Vec<String>,
}
