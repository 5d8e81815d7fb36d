//! One column out of values as a flow has them: its type, declared or seen, and the Arrow array.

use crate::date_texts::{date, datetime, time};
use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, StringViewArray, Time64NanosecondArray,
    TimestampMicrosecondArray,
};
use pypeline_sdk::lowering::ColumnType;
use pypeline_sdk::prelude::*;
use pypeline_sdk::serde_json::Value;
use std::sync::Arc;

/// Characters of a value that go into an error.
const LONGEST_QUOTE: usize = 60;

/// The type of values that have none declared. Whole numbers among others are taken as such; NULLs alone are text.
pub fn infer(name: &str, cells: &[&Value]) -> Result<ColumnType> {
    let mut seen: Option<ColumnType> = None;
    for (cell, row) in cells.iter().zip(1_usize..) {
        let next = match cell {
            Value::Null => continue,
            Value::Bool(_) => ColumnType::Bool,
            Value::Number(number) if number.is_f64() => ColumnType::Float,
            Value::Number(_) => ColumnType::Int,
            Value::String(_) => ColumnType::String,
            Value::Array(_) | Value::Object(_) => {
                return Err(Error::config(format!(
                    "column `{name}`, row {row}: a list or mapping is no value of a table"
                ))
                .with("value", quoted(cell)));
            }
        };
        seen = match seen {
            None => Some(next),
            Some(before) if before == next => Some(before),
            Some(ColumnType::Int | ColumnType::Float) if matches!(next, ColumnType::Int | ColumnType::Float) => {
                Some(ColumnType::Float)
            }
            Some(before) => {
                let (before, next) = (word(before), word(next));
                return Err(Error::config(format!("column `{name}` is both {before} and {next}"))
                    .with("row", row)
                    .with("value", quoted(cell))
                    .help("give all its values one type, or declare it in `columns`"));
            }
        };
    }
    Ok(seen.unwrap_or(ColumnType::String))
}

/// The values as an array; the first that does not fit the type is an error.
pub fn array(name: &str, kind: ColumnType, cells: &[&Value]) -> Result<ArrayRef> {
    macro_rules! column {
        ($array:ty, $read:expr) => {
            Arc::new(read(name, kind, cells, $read)?.into_iter().collect::<$array>())
        };
    }
    Ok(match kind {
        ColumnType::String => column!(StringViewArray, Value::as_str),
        ColumnType::Int => column!(Int64Array, Value::as_i64),
        ColumnType::Float => column!(Float64Array, Value::as_f64),
        ColumnType::Bool => column!(BooleanArray, Value::as_bool),
        ColumnType::Date => column!(Date32Array, |value| value.as_str().and_then(date)),
        ColumnType::Datetime => column!(TimestampMicrosecondArray, |value| value.as_str().and_then(datetime)),
        ColumnType::Time => column!(Time64NanosecondArray, |value| value.as_str().and_then(time)),
    })
}

fn read<'a, T>(
    name: &str,
    kind: ColumnType,
    cells: &[&'a Value],
    fits: impl Fn(&'a Value) -> Option<T>,
) -> Result<Vec<Option<T>>> {
    let value = |(cell, row): (&&'a Value, usize)| match fits(cell) {
        _ if cell.is_null() => Ok(None),
        Some(value) => Ok(Some(value)),
        None => {
            let error = Error::config(format!("column `{name}`, row {row}: not of type `{}`", word(kind)));
            Err(form(kind).into_iter().fold(error.with("value", quoted(cell)), Error::help))
        }
    };
    cells.iter().zip(1_usize..).map(value).collect()
}

/// How a type is written in `columns`.
fn word(kind: ColumnType) -> &'static str {
    match kind {
        ColumnType::String => "string",
        ColumnType::Int => "int",
        ColumnType::Float => "float",
        ColumnType::Bool => "bool",
        ColumnType::Date => "date",
        ColumnType::Datetime => "datetime",
        ColumnType::Time => "time",
    }
}

/// How its values are written, where that is not plain.
fn form(kind: ColumnType) -> Option<&'static str> {
    match kind {
        ColumnType::String => Some("put quotes around it"),
        ColumnType::Int => Some("whole numbers of 64 bits, without quotes"),
        ColumnType::Date => Some("`2026-11-21`, in quotes"),
        ColumnType::Datetime => Some("`2026-11-21 10:30:00` or `2026-11-21T10:30:00.5`, without a zone, in quotes"),
        ColumnType::Time => Some("`10:30:00` or `10:30:00.5`, in quotes"),
        ColumnType::Float | ColumnType::Bool => None,
    }
}

/// A value for an error, cut where it is long.
pub fn quoted(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(LONGEST_QUOTE) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::Array;
    use pypeline_sdk::serde_json::json;

    fn inferred(values: &Value) -> Result<ColumnType> {
        infer("x", &values.as_array().unwrap().iter().collect::<Vec<_>>())
    }

    fn made(kind: ColumnType, values: &Value) -> Result<ArrayRef> {
        array("x", kind, &values.as_array().unwrap().iter().collect::<Vec<_>>())
    }

    #[test]
    fn types_are_seen() {
        for (values, kind) in [
            (json!([]), ColumnType::String),
            (json!([null]), ColumnType::String),
            (json!([null, 1]), ColumnType::Int),
            (json!([1, 2.5, 3]), ColumnType::Float),
            (json!([2.5, 1]), ColumnType::Float),
            (json!([true, null]), ColumnType::Bool),
            (json!(["2026-11-21"]), ColumnType::String),
        ] {
            assert_eq!(inferred(&values).unwrap(), kind, "{values}");
        }
    }

    #[test]
    fn mixed_values_are_named() {
        let text = |values| inferred(&values).unwrap_err().into_fault().to_string();
        assert_eq!(text(json!([1, null, "a"])), "column `x` is both int and string; row: 3; value: \"a\"");
        assert_eq!(text(json!([1, 2.5, true])), "column `x` is both float and bool; row: 3; value: true");
        assert!(text(json!([[1]])).contains("row 1: a list or mapping"));
    }

    #[test]
    fn values_fit_or_are_named() {
        for (kind, good, bad) in [
            (ColumnType::String, json!(["a", null]), json!(["a", 1])),
            (ColumnType::Int, json!([1, null, -5]), json!([1, 2.0])),
            (ColumnType::Int, json!([i64::MAX]), json!([1, u64::MAX])),
            (ColumnType::Float, json!([1, 2.5]), json!([1, "2.5"])),
            (ColumnType::Bool, json!([true, false]), json!([true, 1])),
            (ColumnType::Date, json!(["2026-11-21", null]), json!([null, "21.11.2026"])),
            (ColumnType::Datetime, json!(["2026-11-21 10:00:00"]), json!([null, "2026-11-21"])),
            (ColumnType::Time, json!(["10:00:00"]), json!([null, "10:00"])),
        ] {
            assert_eq!(made(kind, &good).unwrap().len(), good.as_array().unwrap().len(), "{good}");
            let text = made(kind, &bad).unwrap_err().into_fault().to_string();
            let expected = format!("column `x`, row 2: not of type `{}`; value: {}", word(kind), bad[1]);
            assert_eq!(text, expected);
        }
    }

    #[test]
    fn long_values_are_cut() {
        assert_eq!(quoted(&json!("é".repeat(100))).chars().count(), LONGEST_QUOTE + 1);
    }
}
