//! `implode_mod`: the values of a group of rows in one list, or in one text.

use crate::columns::{self, ColumnName};
use crate::order::{self, Order};
use pypeline_sdk::lowering::select;
use pypeline_sdk::prelude::*;
use pypeline_sdk::sql;

/// What to put together.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImplodeConfig {
    /// Columns whose equal values make a group, NULL being one of the values; without it all rows are one group
    #[serde(default)]
    keys: Vec<ColumnName>,
    /// Columns whose values are put together, those that are NULL left out
    columns: Vec<ColumnName>,
    /// What stands between the values of a text; without it the values become a list
    #[serde(default)]
    separator: Option<String>,
    /// Each value once, where it first comes
    #[serde(default)]
    distinct: bool,
    /// The order of the values, as `sort_mod` has it under `by`; without it that in which the rows come
    #[serde(default)]
    order_by: Vec<Order>,
}

pub struct Implode;

impl Module for Implode {
    type Config = ImplodeConfig;
    const MANIFEST: Manifest = Manifest::transform("implode_mod")
        .category("Rows")
        .description("Makes one row of each group of rows, with the values of columns in a list or a text; the rows come in no particular order")
        .globals(&["row_count"])
        .lowers();

    fn lower(config: &ImplodeConfig, _: &Ports) -> Result<Lowering> {
        columns::once("keys", &config.keys)?;
        columns::some("columns", &config.columns)?;
        if let Some(column) = config.columns.iter().find(|column| config.keys.contains(column)) {
            let error = Error::config(format!("`{}` is in both `keys` and `columns`", column.as_str()));
            return Err(error.with("key", "columns").help("name it in one of them"));
        }
        let input = order::ordered_input("order_by", &config.order_by)?;
        let distinct = if config.distinct { "DISTINCT " } else { "" };
        let together = |column: &ColumnName| {
            let name = column.sql();
            match &config.separator {
                Some(separator) => format!("string_agg({distinct}{name}, {}) AS {name}", sql::literal(separator)),
                None => format!("array_agg({distinct}{name}) FILTER (WHERE {name} IS NOT NULL) AS {name}"),
            }
        };
        let items = config.keys.iter().map(ColumnName::sql).chain(config.columns.iter().map(together));
        let keys = columns::list(&config.keys);
        let group = if keys.is_empty() { String::new() } else { format!(" GROUP BY {keys}") };
        Ok(select("output", format!("SELECT {} FROM {input}{group}", items.collect::<Vec<_>>().join(", "))))
    }
}
