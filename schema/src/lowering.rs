//! What a module that lowers says it does, as data: a scan, a SELECT per output port, or a destination.
//!
//! This is all that crosses the plugin boundary for such a module, and all that an executor gets. It holds no type of any
//! executor, so that another engine can run the same stage.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// What the engine asks a module to lower.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LowerRequest {
    /// The node's configuration, defaults applied, templates resolved.
    pub config: Value,
    /// The output ports that have a link.
    pub linked_outputs: Vec<String>,
}

/// A module's answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Lowering {
    /// With this configuration the module runs instead.
    Run,
    /// A source: read files.
    Scan(Scan),
    /// A mod: one SELECT per output port. A table's name is the input port's.
    Select(BTreeMap<String, String>),
    /// A sink: write a file.
    Destination(Destination),
}

/// Files to read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Scan {
    /// One path or glob; a relative one is resolved against the project root by the engine.
    pub paths: Vec<String>,
    /// What the files are.
    pub format: ScanFormat,
    /// Columns and types in order; without them the file's head decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<Vec<Column>>,
    /// Stop after so many rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
}

/// The formats an executor reads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScanFormat {
    /// Delimited text.
    Csv(CsvRead),
    /// Apache Parquet.
    Parquet,
}

/// How delimited text is read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CsvRead {
    /// One byte between values.
    pub delimiter: char,
    /// The byte around values that hold a delimiter; none switches quoting off.
    pub quote: Option<char>,
    /// The first row after `skip_rows` names the columns.
    pub header: bool,
    /// Texts that mean NULL.
    pub null_values: Vec<String>,
    /// Lines to skip before the header.
    pub skip_rows: u64,
    /// Lines that begin so are no rows.
    pub comment_prefix: Option<String>,
    /// Replace bytes that are not UTF-8 instead of failing.
    pub lossy_utf8: bool,
    /// Rows read to infer types; none reads every column as text.
    pub infer_rows: Option<u64>,
    /// Recognise dates and timestamps when inferring.
    pub parse_dates: bool,
}

/// A column as declared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Its name
    pub name: String,
    /// `string`, `int`, `float`, `bool`, `date`, `datetime` or `time`
    #[serde(rename = "type")]
    pub data_type: ColumnType,
}

/// The types that a declared column may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ColumnType {
    /// UTF-8 text.
    String,
    /// 64-bit signed integer.
    Int,
    /// 64-bit floating point.
    Float,
    /// True or false.
    Bool,
    /// Day without time.
    Date,
    /// Timestamp in microseconds, without a zone.
    Datetime,
    /// Time of day.
    Time,
}

/// A file to write.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Destination {
    /// Its path; a relative one is resolved against the project root by the engine.
    pub path: String,
    /// What to write.
    pub format: WriteFormat,
    /// What to do with a file that is there.
    #[serde(default)]
    pub mode: WriteMode,
}

/// The formats an executor writes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WriteFormat {
    /// Delimited text.
    Csv(CsvWrite),
    /// Apache Parquet.
    Parquet(ParquetWrite),
}

/// How delimited text is written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CsvWrite {
    /// One byte between values.
    pub delimiter: char,
    /// The byte around values that need it.
    pub quote: char,
    /// Write the column names first.
    pub header: bool,
    /// The text for NULL.
    pub null_value: String,
}

/// How Parquet is written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ParquetWrite {
    /// The compression of pages.
    pub compression: Compression,
    /// Rows in a row group; the executor chooses where none is given.
    pub row_group_rows: Option<u64>,
}

/// Compressions of Parquet pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// Good ratio at good speed.
    #[default]
    Zstd,
    /// Fast, larger files.
    Snappy,
    /// Fast, larger files.
    Lz4,
    /// Read by everything, slow to write.
    Gzip,
    /// None at all.
    None,
}

/// What a sink does with a target that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum WriteMode {
    /// Replace it in one step when the sub flow has succeeded.
    #[default]
    Overwrite,
    /// Add the rows to it, in one step.
    Append,
    /// Fail before anything is read.
    Error,
}
