//! `aggregate_mod`: one row for each group of rows, or one for all.

use crate::columns::{self, ColumnName};
use crate::expression::Expression;
use crate::named::Named;
use pypeline_sdk::lowering::select;
use pypeline_sdk::prelude::*;
use pypeline_sdk::sql;

/// How to group, and what to work out.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AggregateConfig {
    /// Columns whose equal values make a group, NULL being one of the values; without it all rows are one group, also where there are none
    #[serde(default)]
    group_by: Vec<ColumnName>,
    /// Names, and for each an SQL aggregate: `count(*)`, `sum(x)`, `avg(x)`, `min(x)`, `max(x)`, `first(x)`, `last(x)`, `count(DISTINCT x)`,
    /// `median(x)`, `quantile_cont(x, 0.9)`, `stddev(x)`, `variance(x)`, `string_agg(x, ', ')`, `array_agg(x)`, `sum(x) FILTER (WHERE y > 0)`,
    /// or what is made of several. Without any, the distinct groups
    #[serde(default)]
    aggregates: Option<Named<Expression>>,
}

pub struct Aggregate;

impl Module for Aggregate {
    type Config = AggregateConfig;
    const MANIFEST: Manifest = Manifest::transform("aggregate_mod")
        .category("Rows")
        .description("Makes one row of each group of rows; the rows come in no particular order")
        .globals(&["row_count"])
        .lowers();

    fn lower(config: &AggregateConfig, _: &Ports) -> Result<Lowering> {
        columns::once("group_by", &config.group_by)?;
        let entries = config.aggregates.as_ref().map(|named| named.entries("aggregates")).transpose()?;
        let entries = entries.unwrap_or_default();
        if config.group_by.is_empty() && entries.is_empty() {
            let error = Error::config("there is nothing to group by and nothing to work out").with("key", "group_by");
            return Err(error.help("give `group_by`, `aggregates`, or both"));
        }
        let mut items: Vec<String> = config.group_by.iter().map(ColumnName::sql).collect();
        for entry in &entries {
            if config.group_by.iter().any(|key| key.as_str() == entry.name) {
                let error = Error::config(format!("`{}` is a column of `group_by`", entry.name));
                return Err(error.with("key", &entry.key).help("give the aggregate another name"));
            }
            let sql = entry.value.sql(&entry.key)?;
            if !is_aggregate(entry.value) {
                let error = Error::config(format!("`{sql}` has a value for each row, and a group has one"));
                return Err(error
                    .with("key", &entry.key)
                    .help("put an aggregate around it, e.g. `max(…)` or `first(…)`"));
            }
            items.push(format!("({sql}\n) AS {}", sql::identifier(entry.name)));
        }
        let grouped = if config.group_by.is_empty() { "" } else { " GROUP BY " };
        let keys = columns::list(&config.group_by);
        Ok(select("output", format!("SELECT {} FROM input{grouped}{keys}", items.join(", "))))
    }
}

/// One of the aggregates is in it. Without one Polars' SQL gives as many rows as there are where there are no groups.
fn is_aggregate(expression: &Expression) -> bool {
    const AGGREGATES: &[&str] = &[
        "array_agg",
        "avg",
        "corr",
        "count",
        "covar",
        "covar_pop",
        "covar_samp",
        "first",
        "group_concat",
        "last",
        "listagg",
        "max",
        "median",
        "min",
        "quantile_cont",
        "quantile_disc",
        "stddev",
        "stddev_samp",
        "stdev",
        "stdev_samp",
        "string_agg",
        "sum",
        "total",
        "var",
        "var_samp",
        "variance",
    ];
    AGGREGATES.iter().any(|name| expression.has_word(name))
}
