//! `pivot_mod`: values of rows become columns.

use crate::columns::{self, ColumnName};
use crate::expression::{self, Expression};
use crate::named::{self, Entry, Named};
use pypeline_sdk::lowering::{Derived, Operator, Pivot, operator, select};
use pypeline_sdk::prelude::*;
use pypeline_sdk::serde_json::Value;
use pypeline_sdk::sql;

/// What becomes of what.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PivotConfig {
    /// Columns that stay: there is one row for each group of their values, and the rows come in their order, NULL first. Without it there is one row
    /// in all
    #[serde(default)]
    keys: Vec<ColumnName>,
    /// The column whose values become columns
    on: ColumnName,
    /// Names, and for each an SQL aggregate that fills the columns, e.g. `{amount: sum(amount)}`. With one name a column is called as its
    /// value of `on`; with several as the value, `_` and the name
    values: Named<Expression>,
    /// The values of `on` that become columns, in this order; rows with others are left out. Then the columns are known before the run, and
    /// the rows are read once. Without it all values that come up, in their order
    #[serde(default)]
    columns: Option<Vec<Value>>,
    /// More values than so many are an error
    #[serde(default = "hundred")]
    #[schemars(range(min = 1, max = 10_000))]
    max_columns: u32,
}

fn hundred() -> u32 {
    100
}

pub struct PivotRows;

impl Module for PivotRows {
    type Config = PivotConfig;
    const MANIFEST: Manifest = Manifest::transform("pivot_mod")
        .category("Rows")
        .description("Makes columns of the values of a column, and one row of each group of rows")
        .globals(&["row_count"])
        .lowers();

    fn lower(config: &PivotConfig, _: &Ports) -> Result<Lowering> {
        columns::once("keys", &config.keys)?;
        if config.keys.contains(&config.on) {
            let error = Error::config(format!("`{}` cannot both stay and become columns", config.on.as_str()));
            return Err(error.with("key", "on").help("take it out of `keys`"));
        }
        let values = config.values.entries("values")?;
        for entry in &values {
            entry.value.sql(&entry.key)?;
        }
        match &config.columns {
            Some(columns) => Ok(select("output", declared(config, columns, &values)?)),
            None => {
                let derived = |entry: &Entry<'_, Expression>| {
                    let expression = entry.value.sql(&entry.key)?.to_owned();
                    Ok(Derived { name: entry.name.to_owned(), expression })
                };
                let pivot = Pivot {
                    keys: config.keys.iter().map(|key| key.as_str().to_owned()).collect(),
                    on: config.on.as_str().to_owned(),
                    values: values.iter().map(derived).collect::<Result<_>>()?,
                    max_columns: config.max_columns,
                };
                Ok(operator("output", Operator::Pivot(pivot)))
            }
        }
    }
}

/// First each group and value by itself, so that any aggregate will do, and then a column for each value.
fn declared(config: &PivotConfig, columns: &[Value], values: &[Entry<'_, Expression>]) -> Result<String> {
    let on = config.on.sql();
    let of_group = |number: usize| sql::identifier(&format!("__pype_value_{number}"));
    let (mut items, mut names) = (Vec::new(), Vec::new());
    for (at, value) in columns.iter().enumerate() {
        let (text, condition) = match (value, expression::scalar(value)) {
            (Value::Null, _) => ("null".to_owned(), format!("{on} IS NULL")),
            (Value::String(text), Some(literal)) => (text.clone(), format!("CAST({on} AS VARCHAR) = {literal}")),
            (other, Some(literal)) => (other.to_string(), format!("{on} = {literal}")),
            (other, None) => {
                let error =
                    Error::config(format!("`{other}` is no value of a column")).with("key", format!("columns/{at}"));
                return Err(error.help("write texts, numbers, true, false or null"));
            }
        };
        for (number, entry) in values.iter().enumerate() {
            let name = if values.len() > 1 { format!("{text}_{}", entry.name) } else { text.clone() };
            items.push(format!("first({}) FILTER (WHERE {condition}) AS {}", of_group(number), sql::identifier(&name)));
            names.push(name);
        }
    }
    named::some("columns", &names)?;
    if let Some(key) = config.keys.iter().find(|key| names.iter().any(|name| name == key.as_str())) {
        let error = Error::config(format!("`{}` is a column of `keys`, and would be one of a value", key.as_str()));
        return Err(error.with("key", "columns").help("give the key another name before, with `select_mod`"));
    }
    let keys: Vec<String> = config.keys.iter().map(ColumnName::sql).collect();
    let aggregates = values
        .iter()
        .enumerate()
        .map(|(number, entry)| Ok(format!("({}\n) AS {}", entry.value.sql(&entry.key)?, of_group(number))));
    let inner: Vec<String> =
        keys.iter().cloned().chain([on.clone()]).chain(aggregates.collect::<Result<Vec<_>>>()?).collect();
    let groups: Vec<String> = keys.iter().cloned().chain([on]).collect();
    let inner = format!("SELECT {} FROM input GROUP BY {}", inner.join(", "), groups.join(", "));
    let outer: Vec<String> = keys.iter().cloned().chain(items).collect();
    let order = keys.iter().map(|key| format!("{key} NULLS FIRST")).collect::<Vec<_>>().join(", ");
    let order = if keys.is_empty() { order } else { format!(" GROUP BY {} ORDER BY {order}", keys.join(", ")) };
    Ok(format!("SELECT {} FROM ({inner}){order}", outer.join(", ")))
}
