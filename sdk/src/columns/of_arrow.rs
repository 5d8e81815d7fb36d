//! The columns of an Arrow schema, for modules that run: what they would open their output with.

use super::{Columns, DataType, Field, TimeUnit};
use arrow_schema::{DataType as Arrow, Schema, TimeUnit as ArrowUnit};

impl Columns {
    /// The same with the columns of one port, as its Arrow schema has them.
    #[must_use]
    pub fn with_schema(self, port: &str, schema: &Schema) -> Self {
        self.with(port, schema.fields().iter().map(|field| Field::new(field.name(), of(field.data_type()))))
    }
}

fn of(data_type: &Arrow) -> DataType {
    match data_type {
        Arrow::Null => DataType::Null,
        Arrow::Boolean => DataType::Bool,
        Arrow::Int8 => DataType::Int8,
        Arrow::Int16 => DataType::Int16,
        Arrow::Int32 => DataType::Int32,
        Arrow::Int64 => DataType::Int64,
        Arrow::UInt8 => DataType::UInt8,
        Arrow::UInt16 => DataType::UInt16,
        Arrow::UInt32 => DataType::UInt32,
        Arrow::UInt64 => DataType::UInt64,
        Arrow::Float32 => DataType::Float32,
        Arrow::Float64 => DataType::Float64,
        Arrow::Decimal32(precision, scale)
        | Arrow::Decimal64(precision, scale)
        | Arrow::Decimal128(precision, scale) => match u8::try_from(*scale) {
            Ok(scale) => DataType::Decimal(*precision, scale),
            Err(_) => DataType::Unknown,
        },
        Arrow::Utf8 | Arrow::LargeUtf8 | Arrow::Utf8View => DataType::String,
        Arrow::Binary | Arrow::LargeBinary | Arrow::BinaryView | Arrow::FixedSizeBinary(_) => DataType::Binary,
        Arrow::Date32 => DataType::Date,
        Arrow::Time64(_) => DataType::Time,
        Arrow::Timestamp(unit, zone) => DataType::Datetime(of_unit(*unit), zone.as_ref().map(ToString::to_string)),
        Arrow::Duration(unit) => DataType::Duration(of_unit(*unit)),
        Arrow::Dictionary(_, values) if matches!(of(values), DataType::String) => DataType::Category,
        Arrow::List(inner) | Arrow::LargeList(inner) | Arrow::ListView(inner) | Arrow::LargeListView(inner) => {
            DataType::List(Box::new(of(inner.data_type())))
        }
        Arrow::FixedSizeList(inner, length) => {
            DataType::Array(Box::new(of(inner.data_type())), u64::try_from(*length).unwrap_or(0))
        }
        Arrow::Struct(fields) => {
            DataType::Struct(fields.iter().map(|field| Field::new(field.name(), of(field.data_type()))).collect())
        }
        _ => DataType::Unknown,
    }
}

/// Seconds are kept as milliseconds by who reads them.
fn of_unit(unit: ArrowUnit) -> TimeUnit {
    match unit {
        ArrowUnit::Second | ArrowUnit::Millisecond => TimeUnit::Milliseconds,
        ArrowUnit::Microsecond => TimeUnit::Microseconds,
        ArrowUnit::Nanosecond => TimeUnit::Nanoseconds,
    }
}
