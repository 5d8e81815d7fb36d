//! `json_extract_mod`: values within a JSON text as columns.

use crate::columns::ColumnName;
use crate::named::{Entry, Named};
use crate::rejects::{Doubt, OnError, on_error, parted};
use crate::types::Type;
use pypeline_sdk::lowering::Derived;
use pypeline_sdk::prelude::*;
use pypeline_sdk::sql;

/// What to look for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JsonExtractConfig {
    /// The text column with JSON; it stays, unless a value has its name. Where it is NULL all values are NULL
    column: ColumnName,
    /// Names of the columns to make, and for each the path of its value: `$.customer.name`, `$.items[0].price`; or `{path: $.paid, type: bool}` with a
    /// type as `cast_mod` has it, a text without it. A path that leads to several values gives the first, one that leads nowhere NULL; a mapping or
    /// a list is given as JSON
    into: Named<Wanted>,
    /// What to do with a text that is no JSON, or has a value which is none of its type: `reject` (the row leaves by port `reject`, or fails the run
    /// where nobody reads that), `null` (the values become NULL) or `fail`
    #[serde(default, deserialize_with = "on_error")]
    #[schemars(with = "Option<OnError>")]
    on_error: OnError,
}

/// One value.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Wanted {
    /// Its path
    Path(String),
    /// Its path and its type
    Full(FullWanted),
}

/// One value with its type.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FullWanted {
    /// Its path
    path: String,
    /// Its type
    #[serde(rename = "type")]
    data_type: String,
    /// The form of a date, a datetime or a time, as `cast_mod` has it
    #[serde(default)]
    format: Option<String>,
}

pub struct JsonExtract;

impl Module for JsonExtract {
    type Config = JsonExtractConfig;
    const MANIFEST: Manifest = Manifest::transform("json_extract_mod")
        .category("Columns")
        .description("Makes columns of values within a JSON text; port `reject` has the rows whose text is no JSON")
        .outputs(&["output", "reject"])
        .globals(&["row_count", "reject_count"])
        .parts_rows()
        .lowers();

    fn lower(config: &JsonExtractConfig, ports: &Ports) -> Result<Lowering> {
        let text = config.column.sql();
        let no_json = format!("({text} IS NOT NULL AND NOT json_valid({text}))");
        let mut doubts = vec![Doubt::of_value(config.column.as_str(), no_json, "is no JSON")];
        let mut columns = Vec::new();
        for entry in config.into.entries("into")? {
            let (derived, doubt) = wanted(config, &entry)?;
            columns.push(derived);
            doubts.extend(doubt);
        }
        Ok(parted(config.on_error, ports, columns, &doubts))
    }
}

fn wanted(config: &JsonExtractConfig, entry: &Entry<'_, Wanted>) -> Result<(Derived, Option<Doubt>)> {
    let (path, data_type, format) = match entry.value {
        Wanted::Path(path) => (path, "string", None),
        Wanted::Full(full) => (&full.path, full.data_type.as_str(), full.format.as_deref()),
    };
    if !path.starts_with('$') {
        let error = Error::config(format!("`{path}` is no path")).with("key", &entry.key);
        return Err(error.help("a path begins with `$`, e.g. `$.customer.name`"));
    }
    let parsed = Type::parse(data_type, &entry.key)?;
    let value = format!("json_extract({}, {})", config.column.sql(), sql::literal(path));
    if parsed == Type::Text && format.is_none() {
        return Ok((Derived { name: entry.name.to_owned(), expression: value }, None));
    }
    let read = parsed.read(&value, format, &format!("{}/format", entry.key))?;
    let doubt = Doubt {
        column: config.column.as_str().to_owned(),
        condition: format!("({value} IS NOT NULL AND {read} IS NULL)"),
        reason: format!("{} || substr({value}, 1, 100)", sql::literal(&format!("`{path}` is no {data_type}: "))),
    };
    Ok((Derived { name: entry.name.to_owned(), expression: read }, Some(doubt)))
}
