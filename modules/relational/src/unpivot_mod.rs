//! `unpivot_mod`: columns become rows.

use crate::columns::{self, ColumnName};
use pypeline_sdk::lowering::{Operator, Unpivot, operator};
use pypeline_sdk::prelude::*;

/// What becomes of what.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnpivotConfig {
    /// Columns that become rows; without it all that `keep` does not name
    #[serde(default)]
    columns: Vec<ColumnName>,
    /// Columns that each of these rows keeps; without it all that `columns` does not name
    #[serde(default)]
    keep: Vec<ColumnName>,
    /// Name of the column with the names
    #[serde(default = "name")]
    name_column: String,
    /// Name of the column with the values
    #[serde(default = "value")]
    value_column: String,
}

fn name() -> String {
    "name".to_owned()
}

fn value() -> String {
    "value".to_owned()
}

pub struct UnpivotRows;

impl Module for UnpivotRows {
    type Config = UnpivotConfig;
    const MANIFEST: Manifest = Manifest::transform("unpivot_mod")
        .category("Rows")
        .description("Makes a row of each of some columns, with the column's name and its value")
        .globals(&["row_count"])
        .lowers();

    fn lower(config: &UnpivotConfig, _: &Ports) -> Result<Lowering> {
        let wrong = |what: String, key: &str, help: &str| Err(Error::config(what).with("key", key).help(help));
        if config.columns.is_empty() && config.keep.is_empty() {
            return wrong("no column is named".to_owned(), "columns", "give `columns`, `keep`, or both");
        }
        columns::once("columns", &config.columns)?;
        columns::once("keep", &config.keep)?;
        if let Some(column) = config.columns.iter().find(|column| config.keep.contains(column)) {
            let what = format!("`{}` is in both `columns` and `keep`", column.as_str());
            return wrong(what, "keep", "name it in one of them");
        }
        if config.name_column == config.value_column {
            let what = format!("names and values would both be called `{}`", config.name_column);
            return wrong(what, "value_column", "give one of them another name");
        }
        for (key, made) in [("name_column", &config.name_column), ("value_column", &config.value_column)] {
            if made.is_empty() {
                return wrong("a column has an empty name".to_owned(), key, "give it a name");
            }
            if config.keep.iter().any(|column| column.as_str() == made) {
                return wrong(format!("`{made}` is a column of `keep`"), key, "give the new column another name");
            }
        }
        let names = |columns: &[ColumnName]| columns.iter().map(|column| column.as_str().to_owned()).collect();
        Ok(operator(
            "output",
            Operator::Unpivot(Unpivot {
                columns: names(&config.columns),
                keep: names(&config.keep),
                name_column: config.name_column.clone(),
                value_column: config.value_column.clone(),
            }),
        ))
    }
}
