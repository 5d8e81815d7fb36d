//! `join_mod`: the rows of two inputs side by side, where columns of theirs are equal.

use crate::columns::ColumnName;
use crate::expression::Expression;
use crate::named::{self, Named};
use pypeline_sdk::lowering::{Join, JoinHow, Operation, Operator};
use pypeline_sdk::prelude::*;
use pypeline_sdk::sql;
use std::collections::BTreeMap;

/// What to join, and how.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JoinConfig {
    /// Columns whose values must be equal: a list of names that both inputs have, or a mapping of columns of `left` to columns of `right`. NULL is
    /// equal to nothing, not even to NULL
    #[serde(default)]
    on: Option<Keys>,
    /// `inner`: rows with a partner; `left`, `right`, `full`: also those of one side, or of both, that have none; `semi`: rows of `left` with a partner,
    /// each once and without its columns; `anti`: those without; `cross`: every row of `left` with every one of `right`
    #[serde(default)]
    how: How,
    /// Put behind the name of a column of `right` that `left` has too. Columns of `on` are there once, under their name in `left`
    #[serde(default = "right")]
    suffix: String,
    /// Instead of all columns of both: names, and for each an SQL expression, e.g. `right.price * left.quantity`
    #[serde(default)]
    columns: Option<Named<Expression>>,
}

/// Columns to join by.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Keys {
    /// Names that both inputs have
    Same(Vec<ColumnName>),
    /// Columns of `left`, and for each one of `right`
    Pairs(BTreeMap<String, ColumnName>),
}

/// Which rows to take.
#[derive(Deserialize, JsonSchema, Clone, Copy, Default, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum How {
    /// Rows with a partner
    #[default]
    Inner,
    /// All rows of `left`
    Left,
    /// All rows of `right`
    Right,
    /// All rows of both
    Full,
    /// Rows of `left` with a partner, each once
    Semi,
    /// Rows of `left` without a partner
    Anti,
    /// Every row with every other
    Cross,
}

fn right() -> String {
    "_right".to_owned()
}

pub struct JoinRows;

impl Module for JoinRows {
    type Config = JoinConfig;
    const MANIFEST: Manifest = Manifest::transform("join_mod")
        .category("Rows")
        .description("Joins the rows of two inputs where columns are equal; port `reject` has the rows of `left` that are not taken")
        .inputs(&["left", "right"])
        .outputs(&["output", "reject"])
        .globals(&["row_count", "reject_count"])
        .lowers();

    fn lower(config: &JoinConfig, _: &Ports) -> Result<Lowering> {
        let pairs = pairs(config)?;
        let of = |table: &str, column: &str| format!("{table}.{}", sql::identifier(column));
        let on = pairs.iter().map(|(left, right)| format!("{} = {}", of("\"left\"", left), of("\"right\"", right)));
        let on = on.collect::<Vec<_>>().join(" AND ");
        let rows_of_left = |words: &str| format!("SELECT * FROM \"left\" {words} JOIN \"right\" ON {on}");
        let how = match config.how {
            How::Semi | How::Anti if config.columns.is_some() => {
                let error = Error::config("`semi` and `anti` give the columns of `left`").with("key", "columns");
                return Err(error.help("leave `columns` out, or choose them with a select_mod behind"));
            }
            How::Semi => {
                let selects = [("output", rows_of_left("SEMI")), ("reject", rows_of_left("ANTI"))];
                return Ok(lowering::selects(selects));
            }
            How::Anti => {
                let selects = [("output", rows_of_left("ANTI")), ("reject", rows_of_left("SEMI"))];
                return Ok(lowering::selects(selects));
            }
            How::Inner => JoinHow::Inner,
            How::Left => JoinHow::Left,
            How::Right => JoinHow::Right,
            How::Full => JoinHow::Full,
            How::Cross => JoinHow::Cross,
        };
        let output = match &config.columns {
            None => {
                if config.suffix.is_empty() {
                    let error = Error::config("`suffix` is empty").with("key", "suffix");
                    return Err(error.help("without it two columns may have one name: leave it out for `_right`"));
                }
                let (left, right) = ("left".to_owned(), "right".to_owned());
                Operation::Operator(Operator::Join(Join { left, right, on: pairs, how, suffix: config.suffix.clone() }))
            }
            Some(columns) => {
                let items = columns.entries("columns")?.into_iter().map(|entry| {
                    Ok(format!("({}\n) AS {}", entry.value.sql(&entry.key)?, sql::identifier(entry.name)))
                });
                let items = items.collect::<Result<Vec<_>>>()?.join(", ");
                let on = if on.is_empty() { String::new() } else { format!(" ON {on}") };
                Operation::Select(format!("SELECT {items} FROM \"left\" {} \"right\"{on}", how.sql()))
            }
        };
        let reject = match how {
            JoinHow::Inner | JoinHow::Right => rows_of_left("ANTI"),
            // Every row of `left` is taken.
            JoinHow::Left | JoinHow::Full => "SELECT * FROM \"left\" WHERE FALSE".to_owned(),
            // Polars' SQL has no EXISTS without a correlation.
            JoinHow::Cross => {
                "SELECT \"left\".* FROM \"left\" CROSS JOIN (SELECT count(*) AS \"__pype_n\" FROM \"right\") AS c \
                               WHERE c.\"__pype_n\" = 0"
                    .to_owned()
            }
        };
        let reject = Operation::Select(reject);
        Ok(Lowering::Select([("output".to_owned(), output), ("reject".to_owned(), reject)].into()))
    }
}

/// Columns of `left`, each with its partner.
fn pairs(config: &JoinConfig) -> Result<Vec<(String, String)>> {
    let wrong = |what: &str, help: &str| Err(Error::config(what).with("key", "on").help(help));
    let pairs: Vec<(String, String)> = match &config.on {
        None => Vec::new(),
        Some(Keys::Same(names)) => {
            named::once("on", names.iter().map(ColumnName::as_str))?;
            names.iter().map(|name| (name.as_str().to_owned(), name.as_str().to_owned())).collect()
        }
        Some(Keys::Pairs(pairs)) => {
            named::once("on", pairs.values().map(ColumnName::as_str))?;
            pairs.iter().map(|(left, right)| (left.clone(), right.as_str().to_owned())).collect()
        }
    };
    match (config.how, pairs.as_slice()) {
        (How::Cross, [_, ..]) => wrong("a cross join has no `on`", "leave it out, or write `how: inner`"),
        (How::Cross, []) => Ok(pairs),
        (_, []) => wrong(
            "`on` names no column",
            "e.g. `on: [customer_id]`, or `on: {customer_id: id}`; all pairs: `how: cross`",
        ),
        _ => Ok(pairs),
    }
}
