//! Columns as they flow between modules: names and types in words of our own, which no executor's library defines.

mod text;

use crate::lowering::ColumnType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

pub use text::BadType;

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Its name
    pub name: String,
    /// Its type, e.g. `int64`, `decimal(10, 2)`, `list(string)`
    #[serde(rename = "type")]
    pub data_type: DataType,
}

impl Field {
    /// A column of this name and type.
    pub fn new(name: impl Into<String>, data_type: DataType) -> Self {
        Self { name: name.into(), data_type }
    }
}

/// What the values of a column are. In files it is a text: see [`Display`](std::fmt::Display).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum DataType {
    /// Not known before the run.
    Unknown,
    /// Nothing but NULL.
    Null,
    /// True or false.
    Bool,
    /// Signed integer of 8 bits.
    Int8,
    /// Signed integer of 16 bits.
    Int16,
    /// Signed integer of 32 bits.
    Int32,
    /// Signed integer of 64 bits.
    Int64,
    /// Signed integer of 128 bits.
    Int128,
    /// Unsigned integer of 8 bits.
    UInt8,
    /// Unsigned integer of 16 bits.
    UInt16,
    /// Unsigned integer of 32 bits.
    UInt32,
    /// Unsigned integer of 64 bits.
    UInt64,
    /// Floating point of 32 bits.
    Float32,
    /// Floating point of 64 bits.
    Float64,
    /// Exact decimal number: digits in all, digits after the point.
    Decimal(u8, u8),
    /// UTF-8 text.
    String,
    /// Bytes.
    Binary,
    /// Day without time.
    Date,
    /// Time of day.
    Time,
    /// Timestamp; without a zone it is local to nobody.
    Datetime(TimeUnit, Option<String>),
    /// Span of time.
    Duration(TimeUnit),
    /// Text out of few different ones.
    Category,
    /// Any number of values.
    List(Box<Self>),
    /// A fixed number of values.
    Array(Box<Self>, u64),
    /// Columns in a column.
    Struct(Vec<Field>),
}

/// What timestamps and spans count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TimeUnit {
    /// 1/1,000 s
    Milliseconds,
    /// 1/1,000,000 s
    Microseconds,
    /// 1/1,000,000,000 s
    Nanoseconds,
}

impl DataType {
    /// It, or a type within it, is not known.
    pub fn is_open(&self) -> bool {
        let mut left = vec![self];
        while let Some(next) = left.pop() {
            match next {
                Self::Unknown => return true,
                Self::List(inner) | Self::Array(inner, _) => left.push(inner),
                Self::Struct(fields) => left.extend(fields.iter().map(|field| &field.data_type)),
                _ => {}
            }
        }
        false
    }

    /// Values in a value: what a text file cannot hold.
    pub fn is_nested(&self) -> bool {
        matches!(self, Self::List(_) | Self::Array(..) | Self::Struct(_))
    }
}

impl From<ColumnType> for DataType {
    fn from(declared: ColumnType) -> Self {
        match declared {
            ColumnType::String => Self::String,
            ColumnType::Int => Self::Int64,
            ColumnType::Float => Self::Float64,
            ColumnType::Bool => Self::Bool,
            ColumnType::Date => Self::Date,
            ColumnType::Datetime => Self::Datetime(TimeUnit::Microseconds, None),
            ColumnType::Time => Self::Time,
        }
    }
}

impl Serialize for DataType {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DataType {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for DataType {
    fn schema_name() -> Cow<'static, str> {
        "DataType".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "`int64`, `string`, `datetime(us)`, `decimal(10, 2)`, `list(string)`, `struct(\"a\" int64)` and so on; `unknown` where only the run will tell"
        })
    }
}
