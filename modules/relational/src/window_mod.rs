//! `window_mod`: columns worked out of the rows around each row: numbers, ranks, running sums, the row before.

use crate::columns::{self, ColumnName};
use crate::expression::Expression;
use crate::named::{Entry, Named};
use crate::order::{self, Order};
use pypeline_sdk::lowering::{Derived, Operator, With, operator, select};
use pypeline_sdk::prelude::*;
use pypeline_sdk::sql;

/// Which rows belong together, in which order, and what to work out.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WindowConfig {
    /// Columns whose equal values make a window, NULL being one of the values; without it all rows are one window
    #[serde(default)]
    partition_by: Vec<ColumnName>,
    /// The order of the rows in a window, as `sort_mod` has it under `by`; the rows leave in it. Without it aggregates are over the whole window, and
    /// the rows stay in the order in which they come
    #[serde(default)]
    order_by: Vec<Order>,
    /// Names of new columns, and for each a window function: `row_number()`, and with `order_by` `rank()`, `dense_rank()`, `lag(x)`, `lead(x, 2)`,
    /// `first_value(x)`, and running up to each row `sum(x)`, `avg(x)`, `count(x)`, `min(x)`, `max(x)`; without `order_by` any aggregate. Or an expression
    /// with functions and their own `OVER (…)`
    columns: Named<Expression>,
}

/// Number of a row in the order of its window.
const PLACE: &str = "\"__pype_place\"";
/// Whether a row differs from the one before in what the order is by.
const DIFFERS: &str = "\"__pype_differs\"";
/// The number of rows that differ so far: rows that are alike in the order have the same.
const RANK: &str = "\"__pype_rank\"";

pub struct Window;

impl Module for Window {
    type Config = WindowConfig;
    const MANIFEST: Manifest = Manifest::transform("window_mod")
        .category("Rows")
        .description("Adds columns worked out of the rows around each row: numbers, ranks, running sums, values of the row before")
        .globals(&["row_count"])
        .lowers();

    fn lower(config: &WindowConfig, _: &Ports) -> Result<Lowering> {
        columns::once("partition_by", &config.partition_by)?;
        let partition = match config.partition_by.as_slice() {
            [] => String::new(),
            keys => format!("PARTITION BY {} ", columns::list(keys)),
        };
        let entries = config.columns.entries("columns")?;
        if config.order_by.is_empty() {
            let derived = |entry: &Entry<'_, Expression>| {
                let expression = unordered(entry, &partition)?;
                Ok(Derived { name: entry.name.to_owned(), expression })
            };
            let columns = entries.iter().map(derived).collect::<Result<_>>()?;
            return Ok(operator("output", Operator::With(With { columns, condition: None })));
        }
        let mut items = Vec::new();
        for entry in &entries {
            items.push(format!("({}\n) AS {}", ordered(entry, &partition)?, sql::identifier(entry.name)));
        }
        Ok(select("output", in_order(config, &partition, &items)?))
    }
}

fn refused(entry: &Entry<'_, Expression>, what: &str, help: &str) -> Error {
    Error::config(what).with("key", &entry.key).help(help)
}

fn no_function(entry: &Entry<'_, Expression>) -> Error {
    let help = "write one, e.g. `sum(x)`, or give each its own `OVER (…)`: `x / sum(x) OVER (PARTITION BY y)`";
    refused(entry, "it is not one window function", help)
}

fn unordered(entry: &Entry<'_, Expression>, partition: &str) -> Result<String> {
    let sql = entry.value.sql(&entry.key)?;
    if entry.value.has_word("over") {
        return Ok(sql.to_owned());
    }
    let (name, _) = entry.value.call().ok_or_else(|| no_function(entry))?;
    let needs_order = ["rank", "dense_rank", "lag", "lead", "first_value", "last_value"];
    if needs_order.iter().any(|known| name.eq_ignore_ascii_case(known)) {
        let what = format!("`{name}` has no meaning without an order");
        return Err(refused(entry, &what, "say under `order_by` which row comes before which"));
    }
    Ok(format!("{sql} OVER ({partition})"))
}

fn ordered(entry: &Entry<'_, Expression>, partition: &str) -> Result<String> {
    let sql = entry.value.sql(&entry.key)?;
    if entry.value.has_word("over") {
        return Ok(sql.to_owned());
    }
    let (name, arguments) = entry.value.call().ok_or_else(|| no_function(entry))?;
    let over = |by: &str| format!("OVER ({partition}ORDER BY {by})");
    match name.to_ascii_lowercase().as_str() {
        "rank" | "dense_rank" => Ok(format!("{sql} {}", over(RANK))),
        // Polars' SQL would give the one of the whole window.
        "avg" => Ok(format!("sum({arguments}) {0} / count({arguments}) {0}", over(PLACE))),
        "row_number" | "lag" | "lead" | "sum" | "count" | "min" | "max" | "first_value" | "last_value" => {
            Ok(format!("{sql} {}", over(PLACE)))
        }
        _ => {
            let help = "take the order out, or give the function its own `OVER (PARTITION BY …)`";
            Err(refused(entry, &format!("`{name}` cannot be worked out row by row"), help))
        }
    }
}

/// The input in its order, with the number of each row in its window, by which windows are ordered: in Polars' SQL they know neither directions that
/// differ nor places of NULL. All windows have the same keys, so that an executor may work them off by parts.
fn in_order(config: &WindowConfig, partition: &str, items: &[String]) -> Result<String> {
    let input = order::ordered_input("order_by", &config.order_by)?;
    let mut table = format!("(SELECT *, row_number() OVER ({partition}) AS {PLACE} FROM {input})");
    let mut own = vec![PLACE];
    if items.iter().any(|item| item.contains(RANK)) {
        let differs = config.order_by.iter().map(|order| {
            let column = order.column().sql();
            format!("{column} IS DISTINCT FROM lag({column}) OVER ({partition}ORDER BY {PLACE})")
        });
        let differs = differs.collect::<Vec<_>>().join(" OR ");
        table = format!("(SELECT *, CASE WHEN {differs} THEN 1 ELSE 0 END AS {DIFFERS} FROM {table})");
        table = format!("(SELECT *, sum({DIFFERS}) OVER ({partition}ORDER BY {PLACE}) AS {RANK} FROM {table})");
        own.extend([DIFFERS, RANK]);
    }
    Ok(format!("SELECT * EXCLUDE ({}), {} FROM {table}", own.join(", "), items.join(", ")))
}
