//! What a module that lowers says it does, as data: a scan, a SELECT per output port, a destination, or a service.
//!
//! This is all that crosses the plugin boundary for such a module, and all that an executor gets. It holds no type of any
//! executor, so that another engine can run the same stage.

mod join;
mod operation;

pub use join::{Join, JoinHow};
pub use operation::{Derived, Operation, Operator, Pivot, Sample, Unpivot, With};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// What the engine asks a module to lower.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LowerRequest {
    /// The node's configuration, defaults applied, templates resolved.
    pub config: Value,
    /// The input ports that have a link, in the order of the links in the flow.
    #[serde(default)]
    pub linked_inputs: Vec<String>,
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
    /// A mod: one SELECT per output port, or an operator. A table's name is the input port's.
    Select(BTreeMap<String, Operation>),
    /// A sink: write a file.
    Destination(Destination),
    /// What only the engine itself can do.
    Service(Service),
}

impl Lowering {
    /// It looks at its rows before it reads them: they must be there as a table.
    pub fn reads_twice(&self) -> bool {
        let is_pivot = |operation: &Operation| matches!(operation, Operation::Operator(Operator::Pivot(_)));
        matches!(self, Self::Select(operations) if operations.values().any(is_pivot))
    }
}

/// What only the engine itself can do: keep rows between sub flows, set variables, run jobs, give lists that are no tables.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// A sink: keep the rows under a name, visible once the sub flow has succeeded.
    CacheWrite(CacheWrite),
    /// A source: the rows that are kept under a name.
    CacheRead {
        /// The name.
        cache: String,
    },
    /// A sink of a job that another job runs: rows for the caller.
    ReturnRows {
        /// Name of the caller's cache that takes them, if the caller does not choose another.
        name: String,
    },
    /// A sink: rows of names and values become context variables.
    ContextLoad(ContextLoad),
    /// A solo: run another job folder.
    RunJob(RunJob),
    /// A source whose only reader is an ITERATE link: items made one at a time.
    Items(Items),
}

/// Rows kept between sub flows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CacheWrite {
    /// The name.
    pub cache: String,
    /// What to do with rows that are kept there.
    #[serde(default)]
    pub mode: CacheMode,
}

/// What new rows do to those that are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CacheMode {
    /// Take their place.
    #[default]
    Overwrite,
    /// Follow them; those of a loop's items in the order of the items.
    Append,
}

/// Rows of names and values that become context variables.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContextLoad {
    /// Column of the names.
    pub key_column: String,
    /// Column of the values.
    pub value_column: String,
    /// What to do with a name that the flow does not declare.
    #[serde(default)]
    pub on_unknown: OnUnknown,
}

/// What to do with what is not declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnUnknown {
    /// Take it, and say so.
    #[default]
    Warn,
    /// Fail.
    Fail,
    /// Leave it out.
    Ignore,
}

/// Another job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunJob {
    /// Its folder; a relative one is resolved against the project root by the engine.
    pub job: String,
    /// Name of its context.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// Context variables for it.
    #[serde(default)]
    pub set: BTreeMap<String, Value>,
    /// Hand over this run's context variables that the job declares too.
    #[serde(default)]
    pub pass_context: bool,
    /// Cache of this run that takes the rows which the job returns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<String>,
    /// A failed job is a result, and no failure.
    #[serde(default)]
    pub ignore_failure: bool,
}

/// Items of a loop, one at a time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Items {
    /// `from`, `from + step`, … up to `to`, which is an item too where a step meets it.
    Range {
        /// The first.
        from: i64,
        /// The last at most; at least where the step is negative.
        to: i64,
        /// Not 0.
        step: i64,
    },
    /// These.
    Values(Vec<Value>),
    /// 0, 1, 2, … as long as a condition holds, which is asked before each.
    While {
        /// A bare expression over context, params, globals and `iter` of the loop around.
        condition: String,
        /// One item more than so many is a failure.
        max: u64,
    },
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
    /// The values of folders named `column=value` are columns; where nothing is said, if the path is a folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hive_partitioning: Option<bool>,
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

/// A file to write, or a folder of files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Destination {
    /// Its path; a relative one is resolved against the project root by the engine.
    pub path: String,
    /// What to write.
    pub format: WriteFormat,
    /// What to do with a file that is there.
    #[serde(default)]
    pub mode: WriteMode,
    /// Columns whose values part the rows: the path is then a folder with a folder `column=value` for each value, one in another.
    /// These columns are not in the files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub partition_by: Vec<String>,
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
