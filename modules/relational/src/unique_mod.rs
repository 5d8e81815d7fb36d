//! `unique_mod`: of rows with equal keys one, and on another port the others.

use crate::columns::{self, ColumnName};
use crate::order::{self, Order};
use pypeline_sdk::lowering::selects;
use pypeline_sdk::prelude::*;

/// Which rows are alike, and which of them stays.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UniqueConfig {
    /// Columns in which rows are alike, NULL being like NULL; without it rows are alike in all columns
    #[serde(default)]
    keys: Vec<ColumnName>,
    /// Which row of those that are alike stays: the `first` or the `last`, or `none` of them where there are several
    #[serde(default)]
    keep: Keep,
    /// The order in which rows are first and last, as `sort_mod` has it under `by`; without it that in which they come
    #[serde(default)]
    order_by: Vec<Order>,
    /// Texts that differ in case alone are alike
    #[serde(default)]
    ignore_case: bool,
}

/// Which row stays.
#[derive(Deserialize, JsonSchema, Clone, Copy, Default, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Keep {
    /// The first.
    #[default]
    First,
    /// The last.
    Last,
    /// None where there are several.
    None,
}

pub struct Unique;

impl Module for Unique {
    type Config = UniqueConfig;
    const MANIFEST: Manifest = Manifest::transform("unique_mod")
        .category("Rows")
        .description("Keeps one of the rows with equal keys; port `duplicate` has the others")
        .outputs(&["output", "duplicate"])
        .globals(&["row_count"])
        .parts_rows()
        .lowers();

    fn lower(config: &UniqueConfig, _: &Ports) -> Result<Lowering> {
        columns::once("keys", &config.keys)?;
        let wrong =
            |what: &str, key: &str| Err(Error::config(what).with("key", key).help("name the columns under `keys`"));
        if config.keys.is_empty() {
            if config.keep == Keep::None {
                return wrong("`keep: none` needs `keys`", "keep");
            }
            if !config.order_by.is_empty() {
                return wrong("rows that are alike in all columns have no order", "order_by");
            }
            if config.ignore_case {
                return wrong("`ignore_case` needs `keys`", "ignore_case");
            }
            return Ok(selects([("output", "SELECT DISTINCT * FROM input".to_owned()), ("duplicate", surplus())]));
        }
        let input = order::ordered_input("order_by", &config.order_by)?;
        let key = |column: &ColumnName| match config.ignore_case {
            true => format!("lower(CAST({} AS VARCHAR))", column.sql()),
            false => column.sql(),
        };
        let keys = config.keys.iter().map(key).collect::<Vec<_>>().join(", ");
        let number = format!("row_number() OVER (PARTITION BY {keys})");
        let count = format!("count(*) OVER (PARTITION BY {keys})");
        let stays = match config.keep {
            Keep::First => format!("{number} = 1"),
            Keep::Last => format!("{number} = {count}"),
            Keep::None => format!("{count} = 1"),
        };
        Ok(selects([
            ("output", format!("SELECT * FROM {input} QUALIFY {stays}")),
            ("duplicate", format!("SELECT * FROM {input} QUALIFY NOT ({stays})")),
        ]))
    }
}

/// Of rows that are alike in all columns as many as there are, but one. Polars' SQL has no EXCEPT ALL: each group of rows is given once for each number
/// below that of its rows.
fn surplus() -> String {
    let groups = "SELECT *, count(*) AS \"__pype_rows\" FROM input GROUP BY ALL";
    let numbers = "SELECT CAST(row_number() OVER () AS BIGINT) AS \"__pype_number\" FROM input";
    format!(
        "SELECT g.* EXCLUDE (\"__pype_rows\") FROM ({groups}) AS g JOIN ({numbers}) AS n ON g.\"__pype_rows\" > n.\"__pype_number\""
    )
}
