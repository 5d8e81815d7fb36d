//! `cast_mod`: columns of other types, and what becomes of values that are none of their new type.

use crate::named::{Entry, place};
use crate::rejects::{Doubt, OnError, on_error, parted};
use crate::types::Type;
use pypeline_sdk::lowering::Derived;
use pypeline_sdk::prelude::*;
use pypeline_sdk::sql;
use std::collections::BTreeMap;

/// Which columns are of which type.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CastConfig {
    /// Columns, and for each its type: `string`, `int`, `float`, `decimal(12,2)`, `bool`, `date`, `datetime`, `time`, or a number of a certain
    /// width (`int8` … `int64`, `uint8` … `uint64`, `float32`); or `{type: date, format: "%d/%m/%Y"}`
    #[schemars(extend("propertyNames" = {"format": "column"}))]
    columns: BTreeMap<String, Target>,
    /// What to do with a row that has a value which is none of its type: `reject` (it leaves by port `reject`, or fails the run where nobody
    /// reads that), `null` (the value becomes NULL) or `fail`
    #[serde(default, deserialize_with = "on_error")]
    #[schemars(with = "Option<OnError>")]
    on_error: OnError,
    /// Take empty texts for NULL
    #[serde(default)]
    empty_is_null: bool,
}

/// What a column becomes.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Target {
    /// Its type
    Type(String),
    /// Its type, and the form in which texts have it
    Full(FullTarget),
}

/// A type with the form in which texts have it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FullTarget {
    /// Its type
    #[serde(rename = "type")]
    data_type: String,
    /// The form of a date, a datetime or a time: `%Y` year, `%y` its last two digits, `%m` month, `%b` the first three letters of its English
    /// name, `%d` day, `%H` hour, `%M` minute, `%S` second, `%f` fraction of a second
    #[serde(default)]
    format: Option<String>,
}

pub struct Cast;

impl Module for Cast {
    type Config = CastConfig;
    const MANIFEST: Manifest = Manifest::transform("cast_mod")
        .category("Columns")
        .description("Makes columns of other types; port `reject` has the rows with values that are none of their type, and says why")
        .outputs(&["output", "reject"])
        .globals(&["row_count", "reject_count"])
        .parts_rows()
        .lowers();

    fn lower(config: &CastConfig, ports: &Ports) -> Result<Lowering> {
        if config.columns.is_empty() {
            let error = Error::config("no column is given another type").with("key", "columns");
            return Err(error.help("e.g. `columns: {amount: float}`"));
        }
        let (mut columns, mut doubts) = (Vec::new(), Vec::new());
        for (name, target) in &config.columns {
            let key = place("columns", name);
            let entry = Entry { name, value: target, key };
            let (derived, doubt) = cast(config, &entry)?;
            columns.push(derived);
            doubts.extend(doubt);
        }
        Ok(parted(config.on_error, ports, columns, &doubts))
    }
}

/// The column as its type, and what may be wrong with it.
fn cast(config: &CastConfig, entry: &Entry<'_, Target>) -> Result<(Derived, Option<Doubt>)> {
    let (type_name, format) = match entry.value {
        Target::Type(name) => (name.as_str(), None),
        Target::Full(full) => (full.data_type.as_str(), full.format.as_deref()),
    };
    let data_type = Type::parse(type_name, &entry.key)?;
    let column = sql::identifier(entry.name);
    let given = match config.empty_is_null {
        true => format!("CASE WHEN CAST({column} AS VARCHAR) = '' THEN NULL ELSE {column} END"),
        false => column,
    };
    let read = data_type.read(&given, format, &format!("{}/format", entry.key))?;
    let derived = |expression: String| Derived { name: entry.name.to_owned(), expression };
    let strict = data_type.strict(&given).filter(|_| format.is_none());
    Ok(match (data_type, strict) {
        (Type::Text, Some(sql)) => (derived(sql), None),
        (_, Some(sql)) if config.on_error == OnError::Fail => (derived(sql), None),
        _ => {
            let condition = format!("({given} IS NOT NULL AND {read} IS NULL)");
            (derived(read), Some(Doubt::of_value(entry.name, condition, &format!("is no {type_name}"))))
        }
    })
}
