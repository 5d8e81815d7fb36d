//! Functions that every SELECT has beside those of Polars' SQL. They look at one row at a time, so that plans still stream.

use polars::prelude::{
    BaseColumnUdf, Column, DataType, Field, IntoColumn, PolarsError, PolarsResult, Schema, StringChunked,
    StringNameSpaceImpl,
};
use polars_plan::dsl::udf::UserDefinedFunction;
use polars_sql::function_registry::{FunctionOptions, FunctionRegistry};
use serde_json::Value;
use serde_json_path::JsonPath;
use std::fmt::Write;

/// The functions by name; nothing can be added.
pub(crate) struct Functions;

type Call = fn(&[Column]) -> PolarsResult<Column>;

/// Name, types of the arguments, type of the result, what it does.
const FUNCTIONS: &[(&str, &[Kind], DataType, Call)] = &[
    ("regexp_replace", &[Kind::Text, Kind::Text, Kind::Text], DataType::String, regexp_replace),
    ("regexp_extract", &[Kind::Text, Kind::Text, Kind::Number], DataType::String, regexp_extract),
    ("json_extract", &[Kind::Text, Kind::Text], DataType::String, json_extract),
    ("json_valid", &[Kind::Text], DataType::Boolean, json_valid),
    ("md5", &[Kind::Text], DataType::String, md5),
    ("sha256", &[Kind::Text], DataType::String, sha256),
];

/// What an argument must be. A NULL is anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
}

impl Kind {
    fn takes(self, data_type: &DataType) -> bool {
        match self {
            Self::Text => matches!(data_type, DataType::String | DataType::Null),
            Self::Number => data_type.is_integer() || matches!(data_type, DataType::Null),
        }
    }
}

impl FunctionRegistry for Functions {
    fn register(&mut self, name: &str, _: UserDefinedFunction) -> PolarsResult<()> {
        Err(PolarsError::SQLInterface(format!("the function `{name}` cannot be added").into()))
    }

    fn get_udf(&self, name: &str) -> PolarsResult<Option<UserDefinedFunction>> {
        let found = FUNCTIONS.iter().find(|(known, ..)| known.eq_ignore_ascii_case(name));
        Ok(found.map(|(name, kinds, result, call)| {
            let work = move |columns: &mut [Column]| call(columns);
            let of_type = move |_: &Schema, fields: &[Field]| field(name, kinds, result, fields);
            let mut function = UserDefinedFunction::new((*name).into(), BaseColumnUdf::new(work, of_type));
            function.options = FunctionOptions::elementwise();
            function
        }))
    }

    fn contains(&self, name: &str) -> bool {
        FUNCTIONS.iter().any(|(known, ..)| known.eq_ignore_ascii_case(name))
    }
}

/// The result's column; an error where the arguments are not what the function takes.
fn field(name: &str, kinds: &[Kind], result: &DataType, fields: &[Field]) -> PolarsResult<Field> {
    if fields.len() != kinds.len() {
        let text = format!("`{name}` takes {} arguments and has {}", kinds.len(), fields.len());
        return Err(PolarsError::SQLInterface(text.into()));
    }
    for (number, (kind, field)) in (1..).zip(kinds.iter().zip(fields)) {
        if !kind.takes(field.dtype()) && !matches!(field.dtype(), DataType::Unknown(_)) {
            let wanted = if *kind == Kind::Text { "a text" } else { "a whole number" };
            let text = format!("argument {number} of `{name}` must be {wanted}, and its dtype is {}", field.dtype());
            return Err(PolarsError::InvalidOperation(text.into()));
        }
    }
    let first = fields.first().map_or("", |field| field.name().as_str());
    Ok(Field::new(first.into(), result.clone()))
}

/// An argument as text.
fn text(columns: &[Column], at: usize) -> PolarsResult<StringChunked> {
    let column = columns.get(at).ok_or_else(|| PolarsError::SQLInterface("an argument is missing".into()))?;
    Ok(column.cast(&DataType::String)?.as_materialized_series().str()?.clone())
}

/// An argument that is the same for all rows.
fn constant(columns: &[Column], at: usize, what: &str) -> PolarsResult<Option<String>> {
    let texts = text(columns, at)?;
    let first = texts.first().map(str::to_owned);
    if texts.iter().any(|text| text != first.as_deref()) {
        return Err(PolarsError::InvalidOperation(format!("{what} must be the same for all rows").into()));
    }
    Ok(first)
}

fn each(columns: &[Column], work: impl FnMut(Option<&str>) -> Option<String>) -> PolarsResult<Column> {
    let texts = text(columns, 0)?;
    let results: StringChunked = texts.iter().map(work).collect();
    Ok(results.with_name(texts.name().clone()).into_column())
}

fn regexp_extract(columns: &[Column]) -> PolarsResult<Column> {
    let (texts, pattern) = (text(columns, 0)?, text(columns, 1)?);
    let group = constant(columns, 2, "the number of the group")?.and_then(|group| group.parse().ok());
    let group = group.ok_or_else(|| PolarsError::InvalidOperation("the number of the group is no number".into()))?;
    Ok(texts.extract(&pattern, group)?.with_name(texts.name().clone()).into_column())
}

fn regexp_replace(columns: &[Column]) -> PolarsResult<Column> {
    let texts = text(columns, 0)?;
    let (pattern, replacement) = (constant(columns, 1, "the pattern")?, constant(columns, 2, "the replacement")?);
    let (Some(pattern), Some(replacement)) = (pattern, replacement) else { return each(columns, |_| None) };
    Ok(texts.replace_all(&pattern, &replacement)?.with_name(texts.name().clone()).into_column())
}

fn json_extract(columns: &[Column]) -> PolarsResult<Column> {
    let Some(path) = constant(columns, 1, "the path")? else { return each(columns, |_| None) };
    let path = JsonPath::parse(&path)
        .map_err(|error| PolarsError::InvalidOperation(format!("`{path}` is no JSON path: {error}").into()))?;
    each(columns, |text| {
        let value: Value = serde_json::from_str(text?).ok()?;
        match path.query(&value).first()? {
            Value::String(text) => Some(text.clone()),
            Value::Null => None,
            other => Some(other.to_string()),
        }
    })
}

fn json_valid(columns: &[Column]) -> PolarsResult<Column> {
    let texts = text(columns, 0)?;
    let is_valid = |text: &str| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
    let results: polars::prelude::BooleanChunked = texts.iter().map(|text| text.map(is_valid)).collect();
    Ok(results.with_name(texts.name().clone()).into_column())
}

fn md5(columns: &[Column]) -> PolarsResult<Column> {
    use md5::{Digest, Md5};
    each(columns, |text| Some(hex(&Md5::digest(text?))))
}

fn sha256(columns: &[Column]) -> PolarsResult<Column> {
    use sha2::{Digest, Sha256};
    each(columns, |text| Some(hex(&Sha256::digest(text?))))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
