//! Polars' types in our words, and back.

use polars::prelude::{Categories, DataType as Polars, Field as PolarsField, Schema, TimeUnit as PolarsUnit, TimeZone};
use pypeline_schema::fields::{DataType, Field, TimeUnit};

/// The columns of a schema.
pub(crate) fn fields(schema: &Schema) -> Vec<Field> {
    schema.iter().map(|(name, data_type)| Field::new(name.as_str(), of(data_type))).collect()
}

/// Columns as a schema. One whose type is not known is NULL throughout: that fits wherever any type does.
pub(crate) fn schema(fields: &[Field]) -> Schema {
    fields.iter().map(|field| (field.name.as_str().into(), to(&field.data_type))).collect()
}

fn of(data_type: &Polars) -> DataType {
    match data_type {
        Polars::Null => DataType::Null,
        Polars::Boolean => DataType::Bool,
        Polars::Int8 => DataType::Int8,
        Polars::Int16 => DataType::Int16,
        Polars::Int32 => DataType::Int32,
        Polars::Int64 => DataType::Int64,
        Polars::UInt8 => DataType::UInt8,
        Polars::UInt16 => DataType::UInt16,
        Polars::UInt32 => DataType::UInt32,
        Polars::UInt64 => DataType::UInt64,
        Polars::Float32 => DataType::Float32,
        Polars::Float64 => DataType::Float64,
        Polars::Decimal(precision, scale) => match (u8::try_from(*precision), u8::try_from(*scale)) {
            (Ok(precision), Ok(scale)) => DataType::Decimal(precision, scale),
            _ => DataType::Unknown,
        },
        Polars::String => DataType::String,
        Polars::Binary => DataType::Binary,
        Polars::Date => DataType::Date,
        Polars::Time => DataType::Time,
        Polars::Datetime(unit, zone) => DataType::Datetime(of_unit(*unit), zone.as_ref().map(|zone| zone.to_string())),
        Polars::Duration(unit) => DataType::Duration(of_unit(*unit)),
        Polars::Categorical(..) | Polars::Enum(..) => DataType::Category,
        Polars::List(inner) => DataType::List(Box::new(of(inner))),
        Polars::Array(inner, length) => DataType::Array(Box::new(of(inner)), *length as u64),
        Polars::Struct(inner) => {
            DataType::Struct(inner.iter().map(|field| Field::new(field.name.as_str(), of(&field.dtype))).collect())
        }
        _ => DataType::Unknown,
    }
}

fn to(data_type: &DataType) -> Polars {
    match data_type {
        DataType::Unknown | DataType::Null | DataType::Int128 => Polars::Null,
        DataType::Bool => Polars::Boolean,
        DataType::Int8 => Polars::Int8,
        DataType::Int16 => Polars::Int16,
        DataType::Int32 => Polars::Int32,
        DataType::Int64 => Polars::Int64,
        DataType::UInt8 => Polars::UInt8,
        DataType::UInt16 => Polars::UInt16,
        DataType::UInt32 => Polars::UInt32,
        DataType::UInt64 => Polars::UInt64,
        DataType::Float32 => Polars::Float32,
        DataType::Float64 => Polars::Float64,
        DataType::Decimal(precision, scale) => Polars::Decimal(usize::from(*precision), usize::from(*scale)),
        DataType::String => Polars::String,
        DataType::Binary => Polars::Binary,
        DataType::Date => Polars::Date,
        DataType::Time => Polars::Time,
        // A zone that Polars does not know is found when the rows come.
        DataType::Datetime(unit, zone) => Polars::Datetime(
            to_unit(*unit),
            zone.as_ref().and_then(|zone| TimeZone::opt_try_new(Some(zone.as_str())).ok().flatten()),
        ),
        DataType::Duration(unit) => Polars::Duration(to_unit(*unit)),
        DataType::Category => {
            let categories = Categories::global();
            let mapping = categories.mapping();
            Polars::Categorical(categories, mapping)
        }
        DataType::List(inner) => Polars::List(Box::new(to(inner))),
        DataType::Array(inner, length) => {
            Polars::Array(Box::new(to(inner)), usize::try_from(*length).unwrap_or(usize::MAX))
        }
        DataType::Struct(inner) => Polars::Struct(
            inner.iter().map(|field| PolarsField::new(field.name.as_str().into(), to(&field.data_type))).collect(),
        ),
    }
}

fn of_unit(unit: PolarsUnit) -> TimeUnit {
    match unit {
        PolarsUnit::Milliseconds => TimeUnit::Milliseconds,
        PolarsUnit::Microseconds => TimeUnit::Microseconds,
        PolarsUnit::Nanoseconds => TimeUnit::Nanoseconds,
    }
}

fn to_unit(unit: TimeUnit) -> PolarsUnit {
    match unit {
        TimeUnit::Milliseconds => PolarsUnit::Milliseconds,
        TimeUnit::Microseconds => PolarsUnit::Microseconds,
        TimeUnit::Nanoseconds => PolarsUnit::Nanoseconds,
    }
}
